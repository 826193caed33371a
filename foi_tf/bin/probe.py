"""foi-probe: screens sources by heads on frozen backbones, in seconds each.

  foi-probe --dataset=camvid:segmentation --data_dir=D --init=LINK_A,LINK_B --out=probes

The backbone computes features of the target's training images once, without augmentation. A linear
head is fitted to them by the target's own loss, and evaluated by its own metric on all validation
images. The weights that come out best are those to fine-tune. A classification task takes the
solver of foi-linear.

Prints one line of JSON for each of the targets and weights: the metric, the seconds and everything
that the metric depends on. --out keeps it as a file, and the same command, given again, computes
only what is missing.
"""

import dataclasses
from collections.abc import Sequence

from absl import flags

from foi_tf.bin._shared import backbone_flags, console
from foi_tf.bin._shared.program import Program, require
from foi_tf.study.dataset import Task
from foi_tf.study.metrics import get_metric
from foi_tf.study.probe_files import LOSS, STEPS, ProbeScore, have_learned


def _define_flags(values: flags.FlagValues) -> None:
    place = {"flag_values": values}
    flags.DEFINE_list(
        "dataset", None, "Targets, comma-separated tasks as camvid:segmentation.", **place
    )
    backbone_flags.define(values, several=True)
    flags.DEFINE_integer(
        "images",
        None,
        "Largest number of training images; by default those of the target's small setting "
        "(150; 1000 for coco and ade), and all of your own data.",
        1,
        **place,
    )
    flags.DEFINE_integer(
        "steps", STEPS, "Iterations of the solver that fits a head, at most.", 1, **place
    )
    flags.DEFINE_integer(
        "seed",
        0,
        "Random seed for the choice of images, and for the weights of --init=scratch.",
        **place,
    )
    flags.DEFINE_string(
        "out", "", "Directory to keep the outcomes in; by default they are only printed.", **place
    )
    require(values, "dataset")


def _main(values: flags.FlagValues) -> None:
    from foi_tf.data.records import prepared_datasets
    from foi_tf.inference import frozen_probe
    from foi_tf.inference.probe_request import ProbeRequest
    from foi_tf.study import grid

    starts = [backbone_flags.find_start(init, values.backbone) for init in values.init]
    for name in values.dataset:
        scores = []
        task = Task.parse(name)
        prepared = prepared_datasets.load_task_dataset(values.data_dir, task)
        setting = grid.default_setting([prepared.dataset])
        request = ProbeRequest(
            prepared=prepared,
            task=task,
            images=values.images or grid.max_target_images(prepared.dataset, setting),
            size=values.size,
            fit=values.fit,
            steps=values.steps,
            seed=values.seed,
        )
        for score in frozen_probe.probe_weights(
            request, values.backbone, starts, batch_size=values.batch_size, keep=values.out
        ):
            print(console.format_json(dataclasses.asdict(score)), flush=True)
            scores.append(score)
        _tell_best(task, scores)


def _tell_best(task: Task, scores: Sequence[ProbeScore]) -> None:
    """Names the best of several probes: by the metric, or by the loss if that tells nothing."""
    if len(scores) < 2:
        return
    told = have_learned(scores)
    best = max(scores, key=lambda one: one.score if told else one.loss_score)
    least = get_metric(best.metric).least
    names = [best.metric] if told else [LOSS, f"since no {best.metric} reaches {least:g}"]
    shown = best.metrics.get(best.metric if told else LOSS)
    if shown is None:
        return
    console.print_note(
        f"{task}: of {len(scores)} probes, {' -> '.join(best.origin.chain)} is the best by "
        f"{', '.join(names)} ({shown:.4g})"
    )


PROGRAM = Program("foi-probe", __doc__, _define_flags, _main)

main = PROGRAM.main  # The console script.


if __name__ == "__main__":
    main()
