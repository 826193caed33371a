"""Defines the flags of the programs that take features from a frozen backbone."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING

from absl import flags

from foi_tf.bin._shared import backbone_name_flag, console, size_flag
from foi_tf.bin._shared.program import require
from foi_tf.study.choices import Fit
from foi_tf.study.results import SCRATCH

if TYPE_CHECKING:
    from foi_tf.chains.initial_weights import Start
    from foi_tf.inference import features


def define(values: flags.FlagValues, *, several: bool = False) -> None:
    """Defines the data, the weights, and the size and number of images at a time.

    Args:
      several: whether --init takes a list of weights.
    """
    place = {"flag_values": values}
    flags.DEFINE_string(
        "data_dir", None, "Directory of the prepared datasets, as foi-prepare writes it.", **place
    )
    define_init = flags.DEFINE_list if several else flags.DEFINE_string
    define_init(
        "init",
        None,
        "Weights of the backbone: a name of foi-weights list, a link's directory, a checkpoint, or "
        "scratch for random weights" + ("; several, comma-separated." if several else "."),
        **place,
    )
    backbone_name_flag.define_backbone(values)
    size_flag.define_size(
        values,
        "size",
        "images are scaled to it as --fit says; by default each dataset's training input size.",
    )
    flags.DEFINE_enum(
        "fit",
        "inside",
        typing.get_args(Fit),
        "Scale of images: inside shows whole images; cover fills the size and shows the middle.",
        **place,
    )
    flags.DEFINE_integer("batch_size", 8, "Number of images to compute at a time.", 1, **place)
    require(values, "data_dir", "init")


def make_extractor(values: flags.FlagValues) -> features.FeatureExtractor:
    """Builds the backbone with the weights of --init."""
    from foi_tf.inference import features

    begin = find_start(values.init, values.backbone)
    return features.FeatureExtractor(values.backbone, begin, values.seed)


def find_start(init: str, backbone: str) -> Start:
    """Finds the weights that --init names; notes where they keep no normalization of pixels."""
    from foi_tf.chains import initial_weights

    if init == SCRATCH:
        return initial_weights.random_start()
    begin = initial_weights.find_weights(init, backbone)
    if begin.facts is None:
        console.print_note(
            f"{init}: keeps no normalization of pixels; each dataset's own is used. "
            "Weights that are imported or trained again keep theirs"
        )
    return begin
