"""foi-pretrain: trains a backbone on ILSVRC, by default for classification: where chains begin.

--task_type=contrastive trains it without labels, by SimCLR. Sources and targets begin with that
by --init=ilsvrc:contrastive.
"""

from absl import flags

from foi_tf.bin._shared import command_line, training_flags
from foi_tf.study.grid import PRETRAINING, PRETRAININGS

VALUES = flags.FlagValues()
training_flags.define_run(VALUES)
flags.DEFINE_enum(
    "task_type", PRETRAINING.type, list(PRETRAININGS), "What to train for.", flag_values=VALUES
)


def main() -> None:
    """The console script."""
    command_line.run(_main, VALUES, __doc__)


def _main(values: flags.FlagValues) -> None:
    from foi_tf.chains import stages

    finished = stages.pretrain(training_flags.setup(values), values.task_type, values.init)
    training_flags.print_finished(finished, values.workdir)


if __name__ == "__main__":
    main()
