"""foi-pretrain: trains a backbone on ILSVRC, by default for classification: where chains begin.

--task_type=contrastive trains it without labels, by SimCLR. Sources and targets begin with that
by --init=ilsvrc:contrastive.
"""

from absl import flags

from foi_tf.bin import cli, links
from foi_tf.study.grid import PRETRAINING, PRETRAININGS

VALUES = flags.FlagValues()
links.define_run(VALUES)
flags.DEFINE_enum(
    "task_type", PRETRAINING.type, list(PRETRAININGS), "What to train for.", flag_values=VALUES
)


def main() -> None:
    """The console script."""
    cli.run(_main, VALUES, __doc__)


def _main(values: flags.FlagValues) -> None:
    from foi_tf.training import runs

    finished = runs.pretrain(links.setup(values), values.task_type, values.init)
    links.print_finished(finished, values.workdir)


if __name__ == "__main__":
    main()
