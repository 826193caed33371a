"""What the programs that train a link share: flags, and what they print.

TensorFlow takes seconds to start, so it is imported where it is first needed: after the
flags have been read, and not for --help.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from absl import flags

from foi_tf.bin._shared import command_line
from foi_tf.study import choices
from foi_tf.study.dataset import Size
from foi_tf.study.grid import SETTINGS

if TYPE_CHECKING:
    from foi_tf.chains.links import Finished
    from foi_tf.chains.stages import Setup


def define_run(values: flags.FlagValues) -> None:
    """What every program that trains a link takes."""
    place = {"flag_values": values}
    define_study(values)
    flags.DEFINE_string(
        "init", "", "Weights to start from: link directory, checkpoint or name.", **place
    )
    flags.DEFINE_integer("seed", 0, "Of weights, order and augmentation.", **place)
    flags.mark_flags_as_required(["data_dir", "workdir"], values)


def define_study(values: flags.FlagValues) -> None:
    """What the programs of one study are given alike."""
    place = {"flag_values": values}
    flags.DEFINE_string("data_dir", None, "Prepared datasets (of foi-prepare).", **place)
    flags.DEFINE_string("workdir", None, "Where links and results are kept.", **place)
    flags.DEFINE_string(
        "config",
        "",
        "Name or path of a configuration; by default the one named as the dataset's collection.",
        **place,
    )
    flags.DEFINE_enum("backbone", "hrnet_w48", sorted(choices.BACKBONES), "The backbone.", **place)
    flags.DEFINE_enum("strategy", "cpu", choices.STRATEGIES, "Devices to train on.", **place)
    flags.DEFINE_string("tpu", "", "Name or address of the TPU; empty is this machine's.", **place)
    flags.DEFINE_enum(
        "precision", "float32", sorted(choices.PRECISIONS), "Computation in layers.", **place
    )
    pace = choices.Pace()
    flags.DEFINE_integer(
        "steps_per_loop", pace.steps_per_loop, "Steps on the device at a time.", 1, **place
    )
    flags.DEFINE_integer(
        "checkpoint_every", pace.checkpoint_every, "Steps between checkpoints.", 1, **place
    )
    flags.DEFINE_enum(
        "busy",
        "wait",
        ["wait", "leave"],
        "What to do about a link that another worker is training; leave exits with 75.",
        **place,
    )


def define_setting(values: flags.FlagValues) -> None:
    """How many images sources and targets may use."""
    flags.DEFINE_enum(
        "setting", "small", SETTINGS, "Sizes of the training sets.", flag_values=values
    )


def define_crop(values: flags.FlagValues) -> None:
    """One input size for all datasets, as in Appendix B."""
    flags.DEFINE_list(
        "crop",
        [],
        "Height,width of the network's input on all datasets but ILSVRC'12, as 713,713; by default "
        "what the configuration says, or each dataset's own.",
        flag_values=values,
    )
    flags.register_validator(
        "crop",
        lambda sides: not sides or (len(sides) == 2 and all(map(_is_side, sides))),
        "must be height,width in pixels, as 713,713",
        flag_values=values,
    )


def _is_side(text: str) -> bool:
    return text.isdecimal() and int(text) > 0


def crop(values: flags.FlagValues) -> Size | None:
    """What `define_crop`'s flag says."""
    return tuple(map(int, values.crop)) or None


def define_selection(values: flags.FlagValues) -> None:
    """How learning rates are chosen."""
    flags.DEFINE_enum(
        "select_lr",
        "none",
        choices.SELECTIONS,
        "Best of the configuration's learning rates by the validation images, as in the paper, "
        "or by a holdout of the training images; also which source model to start from.",
        flag_values=values,
    )


def setup(values: flags.FlagValues) -> Setup:
    """What the flags of `define_run`, `define_selection` and `define_crop` say."""
    from foi_tf.chains import stages
    from foi_tf.training import strategies

    if values.strategy == "cpu" and strategies.has_gpu():
        command_line.note(
            "this machine has a GPU, and --strategy=cpu leaves it idle; --strategy=mirrored"
        )
    return stages.Setup(
        data_dir=values.data_dir,
        workdir=values.workdir,
        config=values.config,
        backbone=values.backbone,
        precision=values.precision,
        seed=values.seed,
        crop=crop(values) if "crop" in values else None,
        select=values.select_lr if "select_lr" in values else "none",
        strategy=strategies.make(values.strategy, values.tpu),
        pace=choices.Pace(
            steps_per_loop=values.steps_per_loop,
            checkpoint_every=values.checkpoint_every,
            wait=values.busy == "wait",
        ),
    )


def print_finished(finished: Finished, workdir: str) -> None:
    """One JSON line on stdout: the chain, its metrics and where the link stands."""
    link = finished.link
    record = {
        "chain": link.chain,
        "seed": link.seed,
        "metrics": finished.metrics,
        "directory": str(link.directory(workdir)),
    }
    print(json.dumps(record))
