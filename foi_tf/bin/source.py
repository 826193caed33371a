"""foi-source: trains a source model, by default from the pre-training in the workdir.

--init takes other weights to start from: a link's directory, a checkpoint, or "scratch".
"""

from absl import flags

from foi_tf.bin import cli, links
from foi_tf.study.dataset import Task
from foi_tf.training import runs

VALUES = flags.FlagValues()
links.define_run(VALUES)
links.define_setting(VALUES)
flags.DEFINE_string("source", None, "Task to train, as coco:segmentation.", flag_values=VALUES)
flags.mark_flag_as_required("source", VALUES)


def main() -> None:
    """The console script."""
    cli.run(_main, VALUES, __doc__)


def _main(values: flags.FlagValues) -> None:
    task = Task.parse(values.source)
    finished = runs.source(links.setup(values), task, values.setting, values.init)
    links.print_finished(finished, values.workdir)


if __name__ == "__main__":
    main()
