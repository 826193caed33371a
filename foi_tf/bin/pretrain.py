"""foi-pretrain: trains a backbone on ILSVRC'12, the start of all chains.

  foi-pretrain --data_dir=D --workdir=W

By default it trains for classification. --task_type=contrastive trains without labels, by SimCLR;
foi-source and foi-target start from that pre-training with --init=ilsvrc:contrastive.
Prints one line of JSON: the chain, its metrics and the directory of the link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from absl import flags

from foi_tf.bin._shared import training_flags
from foi_tf.bin._shared.program import Program
from foi_tf.study.grid import PRETRAINING, PRETRAININGS

if TYPE_CHECKING:
    from foi_tf.chains.train_session import SessionCache


def _define_flags(values: flags.FlagValues) -> None:
    training_flags.define_link(
        values,
        "Weights to start from: a name of foi-weights list, a link's directory or a checkpoint; by "
        "default random weights.",
    )
    flags.DEFINE_enum(
        "task_type",
        PRETRAINING.type,
        list(PRETRAININGS),
        "Task type to train: classification, or contrastive for SimCLR without labels.",
        flag_values=values,
    )


def _train(values: flags.FlagValues, sessions: SessionCache | None = None) -> None:
    from foi_tf.chains import stages

    task = PRETRAININGS[values.task_type]
    setup = training_flags.make_setup(values, task, sessions)
    finished = stages.pretrain(setup, values.task_type, values.init)
    training_flags.print_finished(finished, values.workdir)


PROGRAM = Program("foi-pretrain", __doc__, _define_flags, _train)

main = PROGRAM.main  # The console script.


if __name__ == "__main__":
    main()
