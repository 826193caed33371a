"""foi-target: trains a target from a source model in --workdir, and evaluates it.

  foi-target --source=coco:segmentation --target=camvid:segmentation --data_dir=D --workdir=W
  foi-target --source=ilsvrc --target=camvid:segmentation --data_dir=D --workdir=W

--source takes the same tasks as foi-source. --source=ilsvrc is the baseline without a source, and
--source=scratch starts from random weights.
Prints one line of JSON: the chain, its metrics and the directory of the link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from absl import flags
from etils import epath

from foi_tf.bin._shared import console, setting_flags, training_flags
from foi_tf.bin._shared.program import Program, require
from foi_tf.study import variation
from foi_tf.study.dataset import Task
from foi_tf.study.results import NO_SOURCE, SCRATCH

if TYPE_CHECKING:
    from foi_tf.chains.train_session import SessionCache


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
        "What the chain starts from, as --init of foi-source: scratch, ilsvrc:contrastive for the "
        "self-supervised pre-training in --workdir, a name of foi-weights list, or, with "
        "--source=ilsvrc, a link's directory or a checkpoint; by default the classification "
        "pre-training in --workdir.",
    )
    flags.DEFINE_string(
        "source_init",
        NO_SOURCE,
        "What the source model in --workdir started from, if foi-source had a path as --init: "
        "the last part of that path.",
        flag_values=values,
    )
    setting_flags.define_for_target(values)
    training_flags.define_selection(values)
    training_flags.define_variation(values, tuple(variation.KINDS), "What --seed varies")
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


def _train(values: flags.FlagValues, sessions: SessionCache | None = None) -> None:
    task = Task.parse(values.target)
    from foi_tf.chains import stages

    weights = _source_weights(values)
    setup = training_flags.make_setup(values, task, sessions)
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
    """Returns the path of --source_weights, or of --init in its old form; "" for none."""
    from foi_tf.chains import stages

    weights = values.source_weights
    if not weights and stages.is_source_model(values.source, values.init):
        weights = values.init
        console.print_note(
            f"--init={weights} with a --source task is deprecated, use --source_weights={weights}"
        )
    if weights and not epath.Path(weights).is_dir():  # Only a link's directory names its task.
        console.print_note(f"{weights} is taken for a model that was trained on {values.source}")
    return weights


PROGRAM = Program("foi-target", __doc__, _define_flags, _train)

main = PROGRAM.main  # The console script.


if __name__ == "__main__":
    main()
