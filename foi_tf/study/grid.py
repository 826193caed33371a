"""The grid: which chains a study runs, and how many images of a setting each may see."""

import dataclasses
import hashlib
import math
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from foi_tf.errors import unknown_name_error
from foi_tf.study.dataset import CONTRASTIVE, STRUCTURED_TASK_TYPES, Dataset, Task
from foi_tf.study.results import MULTI_SOURCE

SETTINGS = ("small", "full", "small_source")
PRETRAINING = Task("ilsvrc", "classification")
# By task type; the second is that of the self-supervised chains (Section 7, Appendix B).
PRETRAININGS = types.MappingProxyType(
    {task.type: task for task in (PRETRAINING, Task(PRETRAINING.dataset, CONTRASTIVE))}
)
SMALL_TARGET = 150  # Section 5.2.
LONG_TAILED_TARGET = 1000  # Section 5.2, for:
LONG_TAILED = frozenset({"coco", "ade"})
SMALL_SOURCE = 1500  # Section 5.4.
SMALL_SOURCE_TYPE = "segmentation"  # The only task type of that setting, section 5.4.

# What the multi-source model of a task type is trained on, section 5.1.
MULTI_SOURCES = types.MappingProxyType(
    {
        "segmentation": ("isaid", "coco", "mapillary", "scannet", "suim", "vgallery", "vkitti2"),
        "depth": ("sunrgbd", "vgallery", "vkitti2"),
        "detection": ("coco", "bdd", "pvoc", "uwt"),
    }
)

Pairs = Literal["within_type", "cross_type", "all"]


@dataclasses.dataclass(frozen=True)
class Chain:
    """Initial weights -> source -> target; the source `multi:TYPE` is a multi-source model."""

    source: Task
    target: Task

    @property
    def within_type(self) -> bool:
        """Whether source and target have the same task type."""
        return self.source.type == self.target.type

    def within_domain(self, datasets: Mapping[str, Dataset]) -> bool:
        """Whether they share the image domain, which multi-source models always do.

        The paper does not say so, but its counts in Table 7 come out only so.
        """
        if self.source.dataset == MULTI_SOURCE:
            return True
        return datasets[self.source.dataset].domain == datasets[self.target.dataset].domain


def setting_order(setting: str) -> int:
    """Returns the place of a setting in tables; settings outside `SETTINGS` come last."""
    return SETTINGS.index(setting) if setting in SETTINGS else len(SETTINGS)


def structured_tasks(datasets: Mapping[str, Dataset]) -> list[Task]:
    """All that can be a source or a target: each dataset with each structured task type."""
    return [
        Task(dataset.id, task_type)
        for task_type in STRUCTURED_TASK_TYPES
        for dataset in datasets.values()
        if task_type in dataset.classes
    ]


def multi_sources(datasets: Mapping[str, Dataset]) -> dict[str, tuple[str, ...]]:
    """By task type, the datasets of the multi-source models that a collection allows for."""
    return {
        task_type: parts
        for task_type, parts in MULTI_SOURCES.items()
        if all(part in datasets and task_type in datasets[part].classes for part in parts)
    }


def chains(
    datasets: Mapping[str, Dataset], setting: str, pairs: Pairs = "within_type"
) -> Iterator[Chain]:
    """The chains with a source of a setting (sections 5.2 to 5.4), by target.

    Every ordered pair of two tasks, and every multi-source model with every target, but
    within a task type of the small setting only with those that it was not trained on.
    Of the pairs across task types the paper ran a part that it does not list; these are
    all of them. Limited sources are of segmentation alone, without multi-source models (that
    Table 6 has none is our reading).

    Args:
      datasets: a collection, by id.
      setting: one of `SETTINGS`.
      pairs: whether source and target have the same task type.

    Raises:
      FoiError: there is no such setting.
    """
    if setting not in SETTINGS:
        raise unknown_name_error("setting", setting, SETTINGS)
    every, multi = structured_tasks(datasets), multi_sources(datasets)
    if setting == "small_source":
        every, multi = [task for task in every if task.type == SMALL_SOURCE_TYPE], {}
    for target in every:
        for source in [*every, *(Task(MULTI_SOURCE, task_type) for task_type in multi)]:
            chain = Chain(source, target)
            if source == target or pairs == ("cross_type" if chain.within_type else "within_type"):
                continue
            if (
                source.dataset == MULTI_SOURCE
                and chain.within_type
                and setting != "full"
                and target.dataset in multi[source.type]
            ):
                continue
            yield chain


def mini_size(images: int) -> int:
    """What a number of training images of the paper is in the rendered collection.

    Square root and factor are ours: they keep the order of the datasets by size, and
    the smallest training set (KITTI, 150 images) equal to the small target setting.
    """
    return round(60 * math.sqrt(images / SMALL_TARGET))


def max_target_images(dataset: Dataset, setting: str) -> int | None:
    """How many training images a target may use; None for all (sections 5.2 to 5.4)."""
    if setting == "full":
        return None
    small = LONG_TAILED_TARGET if dataset.id in LONG_TAILED else SMALL_TARGET
    return mini_size(small) if dataset.collection == "mini" else small


def max_source_images(dataset: Dataset, setting: str) -> int | None:
    """How many training images a source may use; None for all (section 5.4)."""
    if setting != "small_source":
        return None
    return mini_size(SMALL_SOURCE) if dataset.collection == "mini" else SMALL_SOURCE


def choose_subset(ids: Sequence[str], images: int | None, seed: int = 0) -> list[str]:
    """Chooses `images` of `ids`, the same ones on every machine and in any order of `ids`.

    By the order of SHA-256 digests, since the streams of random number generators may
    change between library versions. Smaller subsets are part of larger ones.
    """
    if images is None or images >= len(ids):
        return sorted(ids)
    ranked = sorted(ids, key=lambda name: hashlib.sha256(f"{seed}/{name}".encode()).digest())
    return sorted(ranked[:images])
