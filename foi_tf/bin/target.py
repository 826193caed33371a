"""foi-target: trains a target from a source model in the workdir, and evaluates it.

--source takes what foi-source does; --source=ilsvrc is the baseline without a source,
--source=scratch has random weights. --init takes weights from elsewhere in place of those that
--source has in the workdir: for a source task they are its trained model, not what that began with.
Or it says what the chain of those began with: "ilsvrc:contrastive", or "scratch". --source_init
does so for initial weights from elsewhere: the name of the file that foi-source had as --init.
"""

from absl import flags

from foi_tf.bin._shared import command_line, training_flags
from foi_tf.study.dataset import Task
from foi_tf.study.results import NO_SOURCE, SCRATCH

VALUES = flags.FlagValues()
training_flags.define_run(VALUES)
training_flags.define_setting(VALUES)
training_flags.define_selection(VALUES)
training_flags.define_crop(VALUES)
flags.DEFINE_string("source", None, "A source model, ilsvrc or scratch.", flag_values=VALUES)
flags.DEFINE_string("target", None, "Task to train, as camvid:segmentation.", flag_values=VALUES)
flags.mark_flags_as_required(["source", "target"], VALUES)
flags.DEFINE_string(
    "source_init", NO_SOURCE, "Initial weights of --source, as rows name them.", flag_values=VALUES
)


def _agree(given: dict) -> bool:
    if given["source_init"] == NO_SOURCE:
        return True
    if given["init"] or given["source"] in (NO_SOURCE, SCRATCH):
        raise flags.ValidationError("--source_init goes with a --source task, and without --init")
    return True


flags.register_multi_flags_validator(["source_init", "source", "init"], _agree, flag_values=VALUES)


def main() -> None:
    """The console script."""
    command_line.run(_main, VALUES, __doc__)


def _main(values: flags.FlagValues) -> None:
    task = Task.parse(values.target)
    from foi_tf.chains import stages

    if stages.takes_as_source(values.source, values.init):
        command_line.note(f"{values.init} is taken for a model that was trained on {values.source}")
    setup = training_flags.setup(values)
    finished = stages.target(
        setup, task, values.source, values.setting, values.init, values.source_init
    )
    training_flags.print_finished(finished, values.workdir)


if __name__ == "__main__":
    main()
