"""Counts the training images that show each class, in a subset and in the whole training set."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import numpy as np

from foi_tf.data.records import schema
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.data.records.read_examples import read_examples
from foi_tf.data.records.schema import Geometry


@dataclasses.dataclass(frozen=True)
class ClassCoverage:
    """Says how many training images show a class, or a keypoint.

    Attributes:
      name: the name of the class, or its number.
      chosen, total: the images of the subset, and of the whole training set.
    """

    name: str
    chosen: int
    total: int


def count_class_coverage(
    prepared: PreparedDataset, task_type: str, chosen: Collection[str]
) -> list[ClassCoverage]:
    """Reads the annotations of a training set once, and counts the images of each class.

    Args:
      chosen: the ids of the subset.

    Returns:
      All classes in the order of their ids. Real maps (depth) have one class: the images
      with a known value.
    """
    fields = schema.fields_of(task_type)
    field = next(field for field in fields if field.geometry in _CLASSES_SHOWN)
    find_classes = _CLASSES_SHOWN[field.geometry]
    inside, total = Counter(), Counter()
    for example in read_examples(prepared, "train", pixels=False):
        if field.name not in example:
            continue
        classes = {int(index) for index in find_classes(example[field.name])}
        total.update(classes)
        if example["id"] in chosen:
            inside.update(classes)
    count = prepared.dataset.classes[task_type]
    names = prepared.dataset.names.get(task_type) or tuple(map(str, range(count)))
    return [ClassCoverage(names[index], inside[index], total[index]) for index in range(count)]


def _classes_in_mask(mask: np.ndarray) -> np.ndarray:
    found = np.unique(mask)
    return found[found != schema.IGNORE[mask.dtype]]


def _annotated_points(points: np.ndarray) -> np.ndarray:
    return np.flatnonzero((points[..., 2] > 0).any(0))


# By geometry of a field, a function from its value to the classes that it shows.
_CLASSES_SHOWN: Mapping[Geometry, Callable[[Any], Iterable[int]]] = {
    Geometry.LABEL: np.atleast_1d,
    Geometry.CLASS_MAP: _classes_in_mask,
    Geometry.OBJECT_LABELS: np.unique,
    Geometry.POINTS: _annotated_points,
    Geometry.REAL_MAP: lambda numbers: [0] if numbers.any() else [],
}
