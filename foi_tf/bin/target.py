"""foi-target: trains a target from a source model in --workdir, and evaluates it.

  foi-target --source=coco:segmentation --target=camvid:segmentation --data_dir=D --workdir=W
  foi-target --source=ilsvrc --target=camvid:segmentation --data_dir=D --workdir=W

--source takes the same tasks as foi-source. --source=ilsvrc is the baseline without a source, and
--source=scratch starts from random weights.
Prints one line of JSON: the chain, its metrics and the directory of the link.
"""

from absl import flags
from etils import epath

from foi_tf.bin._shared import console, training_flags
from foi_tf.bin._shared.program import Program, require
from foi_tf.study.dataset import Task
from foi_tf.study.grid import PRETRAININGS
from foi_tf.study.results import NO_SOURCE, SCRATCH

# Values of --init that name where the chain starts; all others are paths of weights.
_NAMED_STARTS = ("", SCRATCH, *map(str, PRETRAININGS.values()))


def _define_flags(values: flags.FlagValues) -> None:
    flags.DEFINE_string(
        "source",
        None,
        "Source model to start from: a task as coco:segmentation, ilsvrc for the pre-training "
        "alone, or scratch for random weights.",
        flag_values=values,
    )
    flags.DEFINE_string(
        "target", None, "Task to train, as camvid:segmentation.", flag_values=values
    )
    require(values, "source", "target")
    flags.DEFINE_string(
        "source_weights",
        "",
        "Trained source model to use instead of the one in --workdir: a link's directory or a "
        "checkpoint.",
        flag_values=values,
    )
    training_flags.define_link(
        values,
        "What the chain starts from: scratch, ilsvrc:contrastive for the self-supervised "
        "pre-training in --workdir, or, with --source=ilsvrc, a link's directory or a checkpoint; "
        "by default the classification pre-training in --workdir.",
    )
    flags.DEFINE_string(
        "source_init",
        NO_SOURCE,
        "What the source model in --workdir started from, if foi-source had a path as --init: "
        "the last part of that path.",
        flag_values=values,
    )
    training_flags.define_setting(values)
    training_flags.define_selection(values)
    training_flags.define_crop(values)
    flags.register_multi_flags_validator(
        ["source", "source_weights", "source_init", "init"], _check_starts, flag_values=values
    )


def _check_starts(given: dict) -> bool:
    without_source = given["source"] in (NO_SOURCE, SCRATCH)
    if given["source_weights"] and without_source:
        raise flags.ValidationError(
            "--source_weights is a trained source model, so --source must name its task; "
            "--source=ilsvrc takes other weights by --init"
        )
    if given["source_weights"] and given["init"]:
        raise flags.ValidationError("give either --source_weights or --init")
    if given["source_init"] != NO_SOURCE and (
        given["init"] or given["source_weights"] or without_source
    ):
        raise flags.ValidationError(
            "--source_init goes with a --source task, and without --init and --source_weights"
        )
    return True


def _train(values: flags.FlagValues) -> None:
    task = Task.parse(values.target)
    from foi_tf.chains import stages

    weights = _source_weights(values)
    setup = training_flags.make_setup(values, task)
    finished = stages.target(
        setup,
        task,
        values.source,
        values.setting,
        init="" if weights else values.init,
        source_weights=weights,
        source_init=values.source_init,
    )
    training_flags.print_finished(finished, values.workdir)


def _source_weights(values: flags.FlagValues) -> str:
    """Returns the path of a trained source model, by the old form of --init, too; "" for none."""
    weights = values.source_weights
    if (
        not weights
        and values.source not in (NO_SOURCE, SCRATCH)
        and (values.init not in _NAMED_STARTS)
    ):
        weights = values.init
        console.print_note(
            f"--init={weights} with a --source task is deprecated, use --source_weights={weights}"
        )
    if weights and not epath.Path(weights).is_dir():  # A checkpoint cannot say.
        console.print_note(f"{weights} is taken for a model that was trained on {values.source}")
    return weights


PROGRAM = Program("foi-target", __doc__, _define_flags, _train)


def main() -> None:
    """Runs the console script."""
    PROGRAM.main()


if __name__ == "__main__":
    main()
