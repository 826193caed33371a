"""Which classes the images of a subset show, and which only the rest of the training set."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import numpy as np

from foi_tf.data.records import read_examples, schema
from foi_tf.data.records.prepared_datasets import PreparedDataset


@dataclasses.dataclass(frozen=True)
class ClassCoverage:
    """A class, or a keypoint, with how many training images show it.

    Attributes:
      name: its own, or its number.
      chosen, total: images of the subset, and of the whole training set.
    """

    name: str
    chosen: int
    total: int


def count_class_coverage(
    prepared: PreparedDataset, task_type: str, chosen: Collection[str]
) -> list[ClassCoverage]:
    """Goes through the annotations of a training set once.

    Args:
      chosen: the ids of the subset.

    Returns:
      All classes in the order of their ids; of depth one, for images with known depth.
    """
    field, shown = _SHOWN[task_type]
    inside, total = Counter(), Counter()
    for example in read_examples.read_examples(prepared, "train", pixels=False):
        if field not in example:
            continue
        classes = {int(index) for index in shown(example[field])}
        total.update(classes)
        if example["id"] in chosen:
            inside.update(classes)
    count = prepared.dataset.classes[task_type]
    names = prepared.dataset.names.get(task_type) or tuple(map(str, range(count)))
    return [ClassCoverage(names[index], inside[index], total[index]) for index in range(count)]


def _in_mask(mask: np.ndarray) -> np.ndarray:
    found = np.unique(mask)
    return found[found != schema.IGNORE[mask.dtype]]


def _annotated_joints(keypoints: np.ndarray) -> np.ndarray:
    return np.flatnonzero((keypoints[..., 2] > 0).any(0))


# By task type, the field of examples and which classes are in it.
_SHOWN: Mapping[str, tuple[str, Callable[[Any], Iterable[int]]]] = {
    "classification": ("label", np.atleast_1d),
    "segmentation": ("mask", _in_mask),
    "detection": ("box_labels", np.unique),
    "keypoints": ("keypoints", _annotated_joints),
    "depth": ("depth", lambda depth: [0] if depth.any() else []),
}
