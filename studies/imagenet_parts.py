"""Lists the parts of the study from ImageNet weights on real sets; IMAGENET.md says why."""

import dataclasses
import json
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
STUDY = "study"  # Name of the part that the pilot prepares.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """Describes runs of one configuration.

    Attributes:
      starts: what each target starts from: tasks, "ilsvrc" for ImageNet weights alone, "scratch".
      seeds: seeds of the targets.
      baseline_seeds: more seeds of ImageNet alone, which all chains are held against.
      flags: flags of all runs, beside those that all parts have.
      target_flags: more flags of targets, by their task type; source models do without.
      rated: whether learning rates are those that `choose_rates` finds in the part "rates".
      vary: what the seeds vary.
      setting: how many target images there are.
      within: the part whose working directory it shares, with the source models there; "" for none.
    """

    starts: Mapping[str, Sequence[str]]
    seeds: Sequence[int]
    baseline_seeds: Sequence[int] = ()
    flags: tuple[str, ...] = ()
    target_flags: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    rated: bool = False
    vary: str = "init,order,subset"
    setting: str = "small"
    within: str = ""


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
    "openfield_mouse:keypoints": "learned nothing in the pilot, at 64 x 64",
    "coco128:detection": "learned nothing in the earlier study",
    "doors:detection": "learned nothing in the pilot",
    "indoor_objects:detection": "17 validation images",
}
# A source whose target is left out: with two seeds of 9 starts it learned next to nothing.
SOURCE_ALONE = "trash_icra19:detection"


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


def list_sources(starts: Mapping[str, Sequence[str]]) -> list[Task]:
    """Lists the tasks that targets start from, each once."""
    every = [start for own in starts.values() for start in own if start not in STARTS]
    return list(map(Task.parse, dict.fromkeys(every)))


# Steps of targets and of sources in the study, in the order of its targets.
STEPS = {SEGMENTATION: 150, DEPTH: 300, KEYPOINTS: 150, DETECTION: 150}
SOURCE_STEPS = {SEGMENTATION: 600, DEPTH: 600, KEYPOINTS: 300, DETECTION: 300}
SAMPLE = 30  # Pairs that share neither type nor domain.
# Half the images halve the cost of a step of boxes, whose three maps are most of it.
FEWER_IMAGES = {DETECTION: (f"--set={DETECTION}.schedule.batch_size=4",)}


# Targets of segmentation with 200 training images or more.
LARGE = (
    "camvid_part", "clothing", "facades", "indoor_corridors", "aerial_land", "concrete_damage",
)  # fmt: skip


def _plan_every_target() -> Part:
    """Plans the study with all its tasks as targets."""
    every = [task for own in real_sets.REAL_SETS for task in own.tasks]
    tasks = [x for kind in STEPS for x in every if x.type == kind and str(x) not in LEFT_OUT]
    flags = [
        f"--set={kind}.schedule.{key}={steps[kind]}"
        for kind in STEPS
        for key, steps in (("small_steps", STEPS), ("steps", SOURCE_STEPS))
    ]
    return Part(
        starts=list_starts(tasks, SAMPLE),
        seeds=range(5),
        baseline_seeds=range(5, 10),
        flags=tuple(flags),
        target_flags=FEWER_IMAGES,
        rated=True,
        vary="init,order,subset,source",
    )


def _plan_study() -> Part:
    """Plans the study itself."""
    every = _plan_every_target()
    starts = {target: own for target, own in every.starts.items() if target != SOURCE_ALONE}
    return dataclasses.replace(every, starts=starts)


def _plan_left_out() -> Part:
    """Plans the runs of the target that is left out, with the seeds that it had until then."""
    every = _plan_every_target()
    starts = {SOURCE_ALONE: every.starts[SOURCE_ALONE]}
    return dataclasses.replace(
        every, starts=starts, seeds=range(2), baseline_seeds=(), within=STUDY
    )


def _plan_images_40() -> Part:
    """Plans chains within segmentation with 40 target images, where there are 200 to draw from."""
    study = _plan_study()
    starts = {
        target: [
            start for start in study.starts[target]
            if start in STARTS or Task.parse(start).type == SEGMENTATION
        ]
        for target in (f"{name}:{SEGMENTATION}" for name in LARGE)
    }  # fmt: skip
    return dataclasses.replace(study, starts=starts, setting="images40", within=STUDY)


def _plan_longer_sources() -> Part:
    """Plans chains of the study whose sources are trained three times as long.

    Those are the sources that come first for most targets. A source has one model.
    """
    study, sources = _plan_study(), ("camvid_part:segmentation", "human_seg:segmentation")
    targets = ("facades:segmentation", "indoor_corridors:segmentation", "clothing:segmentation")
    return dataclasses.replace(
        study,
        starts=dict.fromkeys(targets, sources),
        seeds=(2, 3),
        baseline_seeds=(),
        flags=(*study.flags, f"--set={SEGMENTATION}.schedule.restarts=1"),
        vary="init,order,subset",
    )


def _select_rates(factors: Sequence[float], targets: Sequence[str] = PILOT) -> Part:
    """Returns a part that tries learning rates for each start, with a seed that no other part has.

    Args:
      factors: the rates that are tried, as factors of the configuration's.
      targets: targets of the part.
    """
    return Part(
        starts=dict.fromkeys(targets, STARTS),
        seeds=(100,),
        flags=("--select_lr=validation", *_set_all("rate_factors", json.dumps(list(factors)))),
    )


def _list_of(*kinds: str) -> tuple[str, ...]:
    """Lists the pilot's targets of some task types."""
    return tuple(x for x in PILOT if Task.parse(x).type in kinds)


# Targets of the pilot that are trained for a number of steps. Segmentation and depth go on
# learning, and steps of the other two task types are dear.
CURVES = {
    150: PILOT,
    300: _list_of(SEGMENTATION, DEPTH),
    600: ("camvid_part:segmentation", "desk_depth:depth"),
}
BOXES = "bccd:detection"  # The target of boxes that learned something in the pilot.
PARTS = {
    "four_sets": Part(starts=dict.fromkeys(FOUR, STARTS), seeds=range(5)),
    "rates": _select_rates((0.1, 0.3, 1, 3)),
    # Where a start is best at an edge of the four. Only segmentation has lower ones.
    "rates_outer": _select_rates((0.03, 10), _list_of(SEGMENTATION)),
    "rates_upper": _select_rates((10,), _list_of(KEYPOINTS, DEPTH, DETECTION)),
    **{
        f"steps_{steps}": Part(
            starts=dict.fromkeys(targets, STARTS),
            seeds=range(3),
            flags=_set_all("schedule.small_steps", steps),
            rated=True,
        )
        for steps, targets in CURVES.items()
    },
    "batch_4": Part(starts={BOXES: STARTS}, seeds=range(3), target_flags=FEWER_IMAGES, rated=True),
    "rates_batch_4": dataclasses.replace(
        _select_rates((1, 3, 10), (BOXES,)), target_flags=FEWER_IMAGES
    ),
    # Do the two targets that learn least in the study's steps learn more in four times as many?
    "longer_boxes": Part(
        starts=dict.fromkeys((SOURCE_ALONE, "aerial_cars:detection"), (NO_SOURCE,)),
        seeds=(0,),
        flags=_set_all("schedule.small_steps", 600),
        target_flags=FEWER_IMAGES,
        rated=True,
    ),
    "size_160": Part(
        starts=dict.fromkeys(_list_of(SEGMENTATION), STARTS),
        seeds=range(3),
        flags=("--crop=160x160",),
        rated=True,
    ),
    STUDY: _plan_study(),
    "left_out": _plan_left_out(),
    "images_40": _plan_images_40(),
    "longer_sources": _plan_longer_sources(),
}
