"""foi-source: trains a source model, by default from the pre-training in the workdir.

--source is a task (coco:segmentation), one of the paper's multi-source models
(multi:segmentation, multi:detection, multi:depth) or any set of tasks of one type
(coco:segmentation+ade:segmentation). coco:contrastive trains without annotations, by SimCLR.
--init takes other weights to start from: a link's directory, a checkpoint, "scratch", or
"ilsvrc:contrastive" for the self-supervised pre-training in the workdir.
"""

from absl import flags

from foi_tf.bin._shared import command_line, training_flags
from foi_tf.study import sources

VALUES = flags.FlagValues()
training_flags.define_run(VALUES)
training_flags.define_setting(VALUES)
training_flags.define_selection(VALUES)
training_flags.define_crop(VALUES)
flags.DEFINE_string("source", None, "What to train, as coco:segmentation.", flag_values=VALUES)
flags.mark_flag_as_required("source", VALUES)


def main() -> None:
    """The console script."""
    command_line.run(_main, VALUES, __doc__)


def _main(values: flags.FlagValues) -> None:
    task = sources.parse_source(values.source)
    from foi_tf.chains import stages

    finished = stages.source(training_flags.setup(values), task, values.setting, values.init)
    training_flags.print_finished(finished, values.workdir)


if __name__ == "__main__":
    main()
