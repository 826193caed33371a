"""Defines the grid of a study: its chains, and the numbers of images in each setting."""

import dataclasses
import hashlib
import math
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from foi_tf.errors import unknown_name_error
from foi_tf.study.choices import SETTINGS, count_target_images
from foi_tf.study.dataset import (
    CONTRASTIVE,
    OTHER_DOMAIN,
    STRUCTURED_TASK_TYPES,
    Dataset,
    Task,
)
from foi_tf.study.results import MULTI_SOURCE

PRETRAINING = Task("ilsvrc", "classification")
# Pre-training tasks by task type. Self-supervised chains (Section 7, Appendix B) start from the
# contrastive one.
PRETRAININGS = types.MappingProxyType(
    {task.type: task for task in (PRETRAINING, Task(PRETRAINING.dataset, CONTRASTIVE))}
)
SMALL_TARGET = 150  # Training images of a target in the setting "small" (section 5.2).
LONG_TAILED_TARGET = 1000  # Training images of a `LONG_TAILED` target there (section 5.2).
LONG_TAILED = frozenset({"coco", "ade"})
SMALL_SOURCE = 1500  # Training images of a source in the setting "small_source" (section 5.4).
SMALL_SOURCE_TYPE = "segmentation"  # The only task type of that setting (section 5.4).

# Datasets that the multi-source model of a task type is trained on (section 5.1).
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
    """Names the source and the target of a chain: initial weights -> source -> target.

    Attributes:
      source: the source task; `multi:TYPE` is the multi-source model of a task type.
      target: the target task.
    """

    source: Task
    target: Task

    @property
    def within_type(self) -> bool:
        """Tells whether source and target have the same task type."""
        return self.source.type == self.target.type

    def within_domain(self, datasets: Mapping[str, Dataset]) -> bool:
        """Tells whether source and target share the image domain.

        A multi-source model shares the domain of every target. The paper does not say so, but
        its counts in Table 7 are right only under this rule.

        Args:
          datasets: the datasets of a collection, by id.
        """
        if self.source.dataset == MULTI_SOURCE:
            return True
        domain = datasets[self.source.dataset].domain
        return domain == datasets[self.target.dataset].domain != OTHER_DOMAIN


def setting_order(setting: str) -> int:
    """Returns the place of a setting in tables; settings outside `SETTINGS` come last."""
    return SETTINGS.index(setting) if setting in SETTINGS else len(SETTINGS)


def target_setting(setting: str) -> str:
    """Returns the setting with the same target images and without a limit on the source."""
    return "small" if setting == "small_source" else setting


def structured_tasks(datasets: Mapping[str, Dataset]) -> list[Task]:
    """Lists all tasks that can be a source or a target: each dataset with its structured types."""
    return [
        Task(dataset.id, task_type)
        for task_type in STRUCTURED_TASK_TYPES
        for dataset in datasets.values()
        if task_type in dataset.classes
    ]


def find_multi_sources(datasets: Mapping[str, Dataset]) -> dict[str, tuple[str, ...]]:
    """Returns the datasets of each multi-source model that a collection has, by task type.

    A model is left out where one of its datasets is missing or lacks the annotations.
    """
    return {
        task_type: parts
        for task_type, parts in MULTI_SOURCES.items()
        if all(part in datasets and task_type in datasets[part].classes for part in parts)
    }


def chains(
    datasets: Mapping[str, Dataset], setting: str, pairs: Pairs = "within_type"
) -> Iterator[Chain]:
    """Yields the chains of a setting that have a source (sections 5.2 to 5.4), target by target.

    The chains are all ordered pairs of two tasks, and all multi-source models with all targets.
    Within a task type, a multi-source model is left out for targets that it was trained on,
    except in the setting "full". Across task types the paper ran only some of the pairs and
    does not list them; this function yields all of them. The setting "small_source" has
    segmentation alone and no multi-source models (that Table 6 has none is our reading).

    Args:
      datasets: the datasets of a collection, by id.
      setting: one of `SETTINGS`.
      pairs: "within_type" for chains whose source and target have the same task type,
        "cross_type" for the others, or "all".

    Raises:
      FoiError: the setting is unknown.
    """
    if setting not in SETTINGS:
        raise unknown_name_error("setting", setting, SETTINGS)
    every, multi = structured_tasks(datasets), find_multi_sources(datasets)
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
    """Converts a number of training images of the paper to that of the rendered collection.

    Square root and factor are ours. They keep the order of the datasets by size. The smallest
    training set (KITTI, 150 images) stays as large as a target of the setting "small".
    """
    return round(60 * math.sqrt(images / SMALL_TARGET))


def default_setting(targets: Iterable[Dataset]) -> str:
    """Returns the setting where none is given: "full" if all targets are own data, else "small".

    The small setting is the paper's, for its study; whoever has data wants all of it used.
    """
    return "full" if all(dataset.collection == "own" for dataset in targets) else "small"


def max_target_images(dataset: Dataset, setting: str) -> int | None:
    """Returns the most training images that a target may use; None for all (sections 5.2-5.4)."""
    if setting == "full":
        return None
    if count := count_target_images(setting):
        return count
    small = LONG_TAILED_TARGET if dataset.id in LONG_TAILED else SMALL_TARGET
    return mini_size(small) if dataset.collection == "mini" else small


def max_source_images(dataset: Dataset, setting: str) -> int | None:
    """Returns the most training images that a source may use; None for all (section 5.4)."""
    if setting != "small_source":
        return None
    return mini_size(SMALL_SOURCE) if dataset.collection == "mini" else SMALL_SOURCE


def choose_subset(ids: Sequence[str], images: int | None, seed: int = 0) -> list[str]:
    """Chooses a random subset that is the same on every machine and for any order of `ids`.

    The SHA-256 digests of seed and id decide, since the streams of random number generators may
    change between library versions. A smaller subset is part of every larger one.

    Args:
      ids: ids of the images.
      images: size of the subset; None for all.
      seed: random seed.

    Returns:
      The chosen ids, sorted.
    """
    if images is None or images >= len(ids):
        return sorted(ids)
    ranked = sorted(ids, key=lambda name: hashlib.sha256(f"{seed}/{name}".encode()).digest())
    return sorted(ranked[:images])
