"""What the programs that train a link share: flags, and what they print."""

import json

from absl import flags

from foi_tf.models.backbones import BACKBONES
from foi_tf.study.grid import SETTINGS
from foi_tf.training import chain, runs, strategy
from foi_tf.training.link import Finished


def define_run(values: flags.FlagValues) -> None:
    """What every program that trains a link takes."""
    place = {"flag_values": values}
    flags.DEFINE_string("data_dir", None, "Prepared datasets (of foi-prepare).", **place)
    flags.DEFINE_string("workdir", None, "Where links and results are kept.", **place)
    flags.DEFINE_string(
        "config",
        "",
        "Name or path of a configuration; by default the one named as the dataset's collection.",
        **place,
    )
    flags.DEFINE_enum("backbone", "hrnet_w48", sorted(BACKBONES), "The backbone.", **place)
    flags.DEFINE_string("init", "", "Link directory or checkpoint to start from.", **place)
    flags.DEFINE_enum("strategy", "cpu", strategy.STRATEGIES, "Devices to train on.", **place)
    flags.DEFINE_string("tpu", "", "Name or address of the TPU; empty is this machine's.", **place)
    flags.DEFINE_enum(
        "precision", "float32", sorted(strategy.PRECISIONS), "Computation in layers.", **place
    )
    flags.DEFINE_integer("seed", 0, "Of weights, order and augmentation.", **place)
    pace = chain.Pace()
    flags.DEFINE_integer(
        "steps_per_loop", pace.steps_per_loop, "Steps on the device at a time.", 1, **place
    )
    flags.DEFINE_integer(
        "checkpoint_every", pace.checkpoint_every, "Steps between checkpoints.", 1, **place
    )
    flags.mark_flags_as_required(["data_dir", "workdir"], values)


def define_setting(values: flags.FlagValues) -> None:
    """How many images sources and targets may use."""
    flags.DEFINE_enum(
        "setting", "small", SETTINGS, "Sizes of the training sets.", flag_values=values
    )


def setup(values: flags.FlagValues) -> runs.Setup:
    """What `define_run`'s flags say."""
    return runs.Setup(
        data_dir=values.data_dir,
        workdir=values.workdir,
        config=values.config,
        backbone=values.backbone,
        precision=values.precision,
        seed=values.seed,
        strategy=strategy.make(values.strategy, values.tpu),
        pace=chain.Pace(
            steps_per_loop=values.steps_per_loop, checkpoint_every=values.checkpoint_every
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
