"""foi-target: trains a target from a source model in the workdir, and evaluates it.

--source takes what foi-source does;
--source=ilsvrc is the baseline without a source, --source=scratch has random weights.
--init takes weights from elsewhere in place of those that --source has in the workdir, or says
what the chain of those began with: "ilsvrc:contrastive", or "scratch".
"""

from absl import flags

from foi_tf.bin import cli, links
from foi_tf.study.dataset import Task

VALUES = flags.FlagValues()
links.define_run(VALUES)
links.define_setting(VALUES)
links.define_selection(VALUES)
flags.DEFINE_string("source", None, "A source model, ilsvrc or scratch.", flag_values=VALUES)
flags.DEFINE_string("target", None, "Task to train, as camvid:segmentation.", flag_values=VALUES)
flags.mark_flags_as_required(["source", "target"], VALUES)


def main() -> None:
    """The console script."""
    cli.run(_main, VALUES, __doc__)


def _main(values: flags.FlagValues) -> None:
    task = Task.parse(values.target)
    from foi_tf.training import runs

    setup = links.setup(values)
    finished = runs.target(setup, task, values.source, values.setting, values.init)
    links.print_finished(finished, values.workdir)


if __name__ == "__main__":
    main()
