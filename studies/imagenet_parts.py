"""Lists the parts of the study from ImageNet weights on real sets; IMAGENET.md says why."""

import dataclasses
from collections.abc import Mapping, Sequence

from foi_tf.study import chain_choice
from foi_tf.study.dataset import (
    DEPTH,
    DETECTION,
    KEYPOINTS,
    SEGMENTATION,
    STRUCTURED_TASK_TYPES,
    Task,
)  # fmt: skip
from foi_tf.study.grid import Chain
from foi_tf.study.results import NO_SOURCE, SCRATCH
from studies import real_sets

STARTS = (SCRATCH, NO_SOURCE)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """Describes runs of one configuration.

    Attributes:
      starts: what each target starts from: tasks, "ilsvrc" for ImageNet weights alone, "scratch".
      seeds: seeds of the targets.
      baseline_seeds: more seeds of the starts without a source, which all chains are held against.
      flags: flags of all runs, beside those that all parts have.
      rated: whether learning rates are those that `choose_rates` finds in the part "rates".
      vary: what the seeds vary.
      setting: how many target images there are.
    """

    starts: Mapping[str, Sequence[str]]
    seeds: Sequence[int]
    baseline_seeds: Sequence[int] = ()
    flags: tuple[str, ...] = ()
    rated: bool = False
    vary: str = "init,order,subset"
    setting: str = "small"


def _set_all(key: str, value: object) -> tuple[str, ...]:
    """Returns the flags that replace a value of the configuration for all task types."""
    return tuple(f"--set={kind}.{key}={value}" for kind in STRUCTURED_TASK_TYPES)


FOUR = (
    "camvid_part:segmentation", "bccd:detection", "faces:keypoints", "desk_depth:depth",
)  # fmt: skip
PILOT = (
    *FOUR, "clothing:segmentation", "aerial_land:segmentation", "doors:detection",
    "openfield_mouse:keypoints",
)  # fmt: skip
# Targets and sources that the study leaves out, and why. What the pilot finds comes to these.
LEFT_OUT = {
    "mirror_mouse:keypoints": "saturated: its validation frames are of the same video",
    "lsp_ext:keypoints": "learned nothing in the earlier study",
    "coco128:detection": "learned nothing in the earlier study",
    "indoor_objects:detection": "17 validation images",
}


def list_starts(tasks: Sequence[Task], sample: int) -> dict[str, tuple[str, ...]]:
    """Lists what each task starts from in the study: random weights, ImageNet, and sources.

    Sources are all tasks of the target's type, all of its domain, and a sample of other pairs.

    Args:
      tasks: sources and targets of the study, which it runs in this order.
      sample: number of pairs that share neither type nor domain.
    """
    sets = {own.name: own for own in real_sets.REAL_SETS}
    chains = [Chain(source, target) for target in tasks for source in tasks if source != target]
    chosen = chain_choice.sample_chains(chains, sets, sample)
    return {
        str(target): (*STARTS, *(str(one.source) for one in chosen if one.target == target))
        for target in tasks
    }


# Steps of targets in the study, and half of those of sources; in the order of its targets.
STEPS = {SEGMENTATION: 300, DEPTH: 300, KEYPOINTS: 150, DETECTION: 150}
SAMPLE = 30  # Pairs that share neither type nor domain.


def _plan_study() -> Part:
    """Plans the study itself."""
    every = [task for own in real_sets.REAL_SETS for task in own.tasks]
    tasks = [x for kind in STEPS for x in every if x.type == kind and str(x) not in LEFT_OUT]
    flags = [
        f"--set={kind}.schedule.{key}={value}"
        for kind, steps in STEPS.items()
        for key, value in (("small_steps", steps), ("steps", 2 * steps))
    ]
    return Part(
        starts=list_starts(tasks, SAMPLE),
        seeds=range(5),
        baseline_seeds=range(5, 10),
        flags=tuple(flags),
        rated=True,
        vary="init,order,subset,source",
    )


PARTS = {
    "four_sets": Part(starts=dict.fromkeys(FOUR, STARTS), seeds=range(5)),
    # Learning rates of each start, with a seed that the study does not use.
    "rates": Part(
        starts=dict.fromkeys(PILOT, STARTS),
        seeds=(100,),
        flags=("--select_lr=validation", *_set_all("rate_factors", "[0.1,0.3,1,3]")),
    ),
    **{
        f"steps_{steps}": Part(
            starts=dict.fromkeys(PILOT, STARTS),
            seeds=range(3),
            flags=_set_all("schedule.small_steps", steps),
            rated=True,
        )
        for steps in (75, 150, 300, 600)
    },
    "size_160": Part(
        starts={x: STARTS for x in PILOT if Task.parse(x).type == SEGMENTATION},
        seeds=range(3),
        flags=("--crop=160x160",),
        rated=True,
    ),
    "study": _plan_study(),
}
