"""What the programs share that take features from a frozen backbone: its flags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from absl import flags

from foi_tf.study.choices import BACKBONES
from foi_tf.study.dataset import Size
from foi_tf.study.results import SCRATCH

if TYPE_CHECKING:
    from foi_tf.inference import features


def define(values: flags.FlagValues) -> None:
    """Data, weights, and the size of what they are shown."""
    place = {"flag_values": values}
    flags.DEFINE_string("data_dir", None, "Prepared datasets (of foi-prepare).", **place)
    flags.DEFINE_string(
        "init", None, "Weights: a link's directory, a checkpoint, or scratch.", **place
    )
    flags.DEFINE_enum("backbone", "hrnet_w48", sorted(BACKBONES), "The backbone.", **place)
    flags.DEFINE_string(
        "size",
        "",
        "Height and width that images are scaled to fit into, as 512x512; by default the "
        "training input size of each dataset.",
        **place,
    )
    flags.DEFINE_integer("batch_size", 8, "Images at a time.", 1, **place)
    flags.mark_flags_as_required(["data_dir", "init"], values)
    flags.register_validator(
        "size",
        lambda value: not value or re.fullmatch(r"[1-9]\d*x[1-9]\d*", value),
        "must be HEIGHTxWIDTH in pixels, as 512x512",
        values,
    )


def size(values: flags.FlagValues) -> Size | None:
    """What --size says; None for the datasets' own."""
    return tuple(map(int, values.size.split("x"))) if values.size else None


def network(values: flags.FlagValues) -> features.Network:
    """The backbone with the weights of --init."""
    from foi_tf.chains import initial_weights
    from foi_tf.inference import features

    if values.init == SCRATCH:
        begin = initial_weights.scratch()
    else:
        begin = initial_weights.elsewhere(values.init, values.backbone)
    return features.Network(values.backbone, begin, values.seed)
