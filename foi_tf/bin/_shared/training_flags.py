"""Defines the flags that the programs share which train links, and turns them into a `Setup`.

TensorFlow takes seconds to start, so it is imported where it is first needed: after the
flags have been parsed, and not for --help.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from absl import flags

from foi_tf.bin._shared import backbone_name_flag, console, size_flag
from foi_tf.bin._shared.program import require
from foi_tf.study import choices, variation
from foi_tf.wording import count_noun

if TYPE_CHECKING:
    from collections.abc import Sequence

    import tensorflow as tf

    from foi_tf.chains.links import Finished
    from foi_tf.chains.stages import Setup
    from foi_tf.chains.train_session import SessionCache
    from foi_tf.study.dataset import Task

# Flags of `define_study` that change how fast links are trained, and not which.
OF_DEVICES = ("strategy", "tpu", "deterministic", "steps_per_loop", "checkpoint_every", "busy")


def define_link(values: flags.FlagValues, init: str) -> None:
    """Defines the flags of every program that trains a link.

    Args:
      init: help text of --init, which differs by program.
    """
    place = {"flag_values": values}
    define_study(values)
    flags.DEFINE_string("init", "", init, **place)
    flags.DEFINE_integer(
        "seed", 0, "Random seed of initial weights, data order and augmentation.", **place
    )
    require(values, "data_dir", "workdir")


def define_study(values: flags.FlagValues) -> None:
    """Defines the flags that all commands of a study share."""
    place = {"flag_values": values}
    flags.DEFINE_string(
        "data_dir", None, "Directory of the prepared datasets, as foi-prepare writes it.", **place
    )
    flags.DEFINE_string("workdir", None, "Directory for trained links and result rows.", **place)
    define_config(values, "by default the one named after the dataset's collection.")
    backbone_name_flag.define_backbone(values)
    flags.DEFINE_enum(
        "strategy",
        "auto",
        choices.STRATEGIES,
        "Devices to train on. auto: the TPU if there is one, else all GPUs of this machine, else "
        "the CPU; mirrored: all GPUs; multi_worker: all machines of TF_CONFIG.",
        **place,
    )
    flags.DEFINE_string(
        "tpu", "", "Name or address of the TPU; by default the one of this machine.", **place
    )
    flags.DEFINE_enum(
        "precision",
        "float32",
        sorted(choices.PRECISIONS),
        "Number format that layers compute in; weights are always float32. float16 is for GPUs "
        "without bfloat16 (older than Ampere); it scales losses.",
        **place,
    )
    flags.DEFINE_bool(
        "deterministic",
        None,
        "Add up in a fixed order, so that a link that is repeated or resumed on the same machine "
        "ends with the same weights, bit for bit. By default on CPUs only; on GPUs it costs time.",
        **place,
    )
    flags.DEFINE_integer(
        "micro_batch",
        0,
        "Most images of a device that go through the network at a time; their gradients are added "
        "up, and batch norm sees so many images. 0: all images of a step. foi-plan --memory "
        "estimates what fits.",
        0,
        **place,
    )
    flags.DEFINE_bool(
        "rematerialize",
        False,
        "Compute most maps of the network again for the gradients, in place of keeping them. A "
        "step needs less memory and more time.",
        **place,
    )
    pace = choices.Pace()
    flags.DEFINE_integer(
        "steps_per_loop",
        pace.steps_per_loop,
        "Training steps that run on the device at a time; the program reacts to SIGTERM between "
        "two such loops.",
        1,
        **place,
    )
    flags.DEFINE_integer(
        "checkpoint_every", pace.checkpoint_every, "Training steps between checkpoints.", 1, **place
    )
    flags.DEFINE_enum(
        "busy",
        "wait",
        ["wait", "leave"],
        "What to do if another worker is training the same link: wait until it is done, or leave "
        "with exit code 75.",
        **place,
    )


def define_config(values: flags.FlagValues, default: str, required: bool = False) -> None:
    """Defines --config and --set.

    Args:
      default: end of the help text of --config: what is taken without it.
      required: whether the flag has to be given.
    """
    flags.DEFINE_string(
        "config",
        None if required else "",
        "Configuration: a name (paper, mini, own, laptop, ...) or the path of a .yaml file; "
        f"{default}",
        flag_values=values,
    )
    if required:
        require(values, "config")
    flags.DEFINE_multi_string("set", [], "", flag_values=values)
    values["set"].help = (  # Without what absl adds.
        "KEY=VALUE that replaces a value of the configuration, as segmentation.schedule.steps=200 "
        "or segmentation.datasets.camvid.crop=[96,128]. The value is YAML; the flag can be "
        "repeated. By default nothing is replaced."
    )
    flags.register_validator(
        "set",
        lambda given: all(re.fullmatch(r"[^=.]+(\.[^=.]+)+=.*", text, re.DOTALL) for text in given),
        "must be KEY=VALUE, as segmentation.schedule.steps=200",
        flag_values=values,
    )


def define_variation(values: flags.FlagValues, kinds: Sequence[str], what: str) -> None:
    """Defines what seeds vary.

    Args:
      kinds: the names that the flag takes, some of `study.variation.KINDS`.
      what: start of the help text.
    """
    texts = "; ".join(f"{name}: {variation.KINDS[name]}" for name in kinds)
    flags.DEFINE_list(
        "vary",
        list(variation.DEFAULT),
        f"{what}, comma-separated; the rest is as with seed 0. {texts}.",
        flag_values=values,
    )
    flags.register_validator(
        "vary",
        lambda given: given and len(set(given)) == len(given) and set(given) <= set(kinds),
        f"must name some of {', '.join(kinds)}, each once",
        flag_values=values,
    )


def define_crop(values: flags.FlagValues) -> None:
    """Defines one input size for all datasets, as in Appendix B."""
    size_flag.define_size(
        values,
        "crop",
        "input size of the network on all datasets but ILSVRC'12; by default that of the "
        "configuration, or else each dataset's own.",
    )


def define_selection(values: flags.FlagValues) -> None:
    """Defines how learning rates are chosen."""
    flags.DEFINE_enum(
        "select_lr",
        "none",
        choices.SELECTIONS,
        "How to choose the learning rate. none: that of the configuration; validation: the best "
        "of the configuration's candidates on the validation images, as in the paper; holdout: "
        "the best on a holdout of the training images. A source model is looked for among those "
        "whose learning rate was chosen in the same way.",
        flag_values=values,
    )


def make_setup(values: flags.FlagValues, task: Task, sessions: SessionCache | None = None) -> Setup:
    """Builds the setup of a link from the flags of `define_link` and the others that there are.

    Args:
      task: the task or set of tasks that the link trains; it decides on the default of --config.
      sessions: keeps the traced step for the next link of this process; None for a new cache.
    """
    from foi_tf.chains import run_config, stages
    from foi_tf.chains.train_session import SessionCache

    config = run_config.load_config(
        values.data_dir,
        task,
        values.seed,
        values.config,
        crop=values.crop if "crop" in values else None,
        overrides=values.set,
    )
    strategy = create_strategy(values)
    return stages.Setup(
        data_dir=values.data_dir,
        workdir=values.workdir,
        config=config,
        backbone=values.backbone,
        precision=values.precision,
        seed=values.seed,
        select=values.select_lr if "select_lr" in values else "none",
        vary=variation.parse_variation(values.vary) if "vary" in values else variation.DEFAULT,
        strategy=strategy,
        pace=make_pace(values, strategy),
        micro_batch=values.micro_batch,
        rematerialize=values.rematerialize,
        sessions=SessionCache() if sessions is None else sessions,
    )


def make_pace(values: flags.FlagValues, strategy: tf.distribute.Strategy | None) -> choices.Pace:
    """Builds what the flags of `define_study` say of steps, checkpoints and other workers.

    Args:
      strategy: the strategy of a run; None if nothing runs.
    """
    return choices.Pace(
        steps_per_loop=values.steps_per_loop,
        checkpoint_every=values.checkpoint_every,
        wait=values.busy == "wait",
        deterministic=_choose_determinism(values.deterministic, strategy),
    )


def _choose_determinism(given: bool | None, strategy: tf.distribute.Strategy | None) -> bool:
    """Returns whether operations are deterministic; says so where they are not by default.

    Args:
      given: the flag --deterministic.
      strategy: the strategy of a run; None if nothing runs.
    """
    if strategy is None:
        return True
    from foi_tf.training import strategies

    chosen = strategies.is_deterministic(given, strategy)
    if given is None and strategies.device_kind(strategy) == "gpu":
        console.print_note(
            "operations of GPUs are not deterministic, so that a repeated or resumed link ends "
            "with slightly other weights; --deterministic fixes the order of sums, and takes longer"
        )
    return chosen


def create_strategy(values: flags.FlagValues) -> tf.distribute.Strategy:
    """Creates the strategy of --strategy; says which devices `auto` has taken."""
    from foi_tf.training import strategies

    name, tpu = values.strategy, values.tpu

    if name == "cpu" and strategies.has_gpu():
        console.print_note(
            "this machine has a GPU, which --strategy=cpu does not use; --strategy=mirrored does"
        )
    strategy = strategies.create_strategy(name, tpu)
    if values.precision == "bfloat16" and strategies.lacks_bfloat16():
        console.print_note(
            "this GPU has no units for bfloat16 and computes it slowly; --precision=float16 is "
            "for it"
        )
    if name == "auto":
        kind, replicas = strategies.device_kind(strategy).upper(), strategy.num_replicas_in_sync
        devices = f"{count_noun(replicas, kind)}" if kind == "GPU" else f"the {kind}"
        console.print_note(f"--strategy=auto trains on {devices}")
    return strategy


def print_finished(finished: Finished, workdir: str) -> None:
    """Prints one JSON line on stdout: the chain, its metrics and the link's directory."""
    link = finished.link
    record = {
        "chain": link.chain,
        "seed": link.seed,
        "metrics": finished.metrics,
        "directory": str(link.directory(workdir)),
    }
    print(console.format_json(record))
