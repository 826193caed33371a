"""foi-source: trains a source model, by default from the pre-training in --workdir.

  foi-source --source=coco:segmentation --data_dir=D --workdir=W

--source is a task (coco:segmentation), one of the paper's multi-source models
(multi:segmentation, multi:detection, multi:depth) or any set of tasks of one type
(coco:segmentation+ade:segmentation). coco:contrastive trains without annotations, by SimCLR.
Prints one line of JSON: the chain, its metrics and the directory of the link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from absl import flags

from foi_tf.bin._shared import setting_flags, training_flags
from foi_tf.bin._shared.program import Program, require
from foi_tf.study import sources, variation

if TYPE_CHECKING:
    from foi_tf.chains.train_session import SessionCache


def _define_flags(values: flags.FlagValues) -> None:
    flags.DEFINE_string("source", None, "Task to train, as coco:segmentation.", flag_values=values)
    require(values, "source")
    training_flags.define_link(
        values,
        "Weights to start from: a name of foi-weights list, a link's directory, a checkpoint, "
        "scratch for random weights, or ilsvrc:contrastive for the self-supervised pre-training in "
        "--workdir; by default the classification pre-training in --workdir.",
    )
    setting_flags.define(values)
    training_flags.define_selection(values)
    training_flags.define_variation(
        values, (*variation.DEFAULT, variation.SUBSET), "What --seed varies"
    )
    training_flags.define_crop(values)


def _train(values: flags.FlagValues, sessions: SessionCache | None = None) -> None:
    task = sources.parse_source(values.source)
    from foi_tf.chains import stages

    setup = training_flags.make_setup(values, task, sessions)
    finished = stages.source(setup, task, values.setting, values.init)
    training_flags.print_finished(finished, values.workdir)


PROGRAM = Program("foi-source", __doc__, _define_flags, _train)

main = PROGRAM.main  # The console script.


if __name__ == "__main__":
    main()
