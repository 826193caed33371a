"""Which classes the images of a subset show, and which only the rest of the training set."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from foi_tf.data import schema
from foi_tf.data.prepared import Prepared
from foi_tf.progress import track


@dataclasses.dataclass(frozen=True)
class Class:
    """A class, or a keypoint, with how many training images show it.

    Attributes:
      name: its own, or its number.
      chosen, total: images of the subset, and of the whole training set.
    """

    name: str
    chosen: int
    total: int


def of(prepared: Prepared, task_type: str, chosen: Collection[str]) -> list[Class]:
    """Goes through the annotations of a training set once.

    Args:
      chosen: the ids of the subset.

    Returns:
      All classes in the order of their ids; of depth one, for images with known depth.
    """
    field, shown = _SHOWN[task_type]
    builder = tfds.builder_from_directory(str(prepared.directory))
    records = builder.as_dataset(
        split="train", decoders=tfds.decode.PartialDecoding({"id": True, field: True})
    )
    ids = frozenset(prepared.annotated_ids("train", task_type))
    inside, total = Counter(), Counter()
    size = len(prepared.ids["train"])
    for record in track(records.as_numpy_iterator(), f"{prepared.dataset.id} classes", size):
        name = tf.compat.as_str(record["id"])
        if name not in ids:
            continue
        classes = {int(index) for index in shown(record[field])}
        total.update(classes)
        if name in chosen:
            inside.update(classes)
    count = prepared.dataset.classes[task_type]
    names = prepared.dataset.names.get(task_type) or tuple(map(str, range(count)))
    return [Class(names[index], inside[index], total[index]) for index in range(count)]


def _in_mask(mask: np.ndarray) -> np.ndarray:
    found = np.unique(mask)
    return found[found != schema.IGNORE[mask.dtype]]


def _annotated_joints(keypoints: np.ndarray) -> np.ndarray:
    return np.flatnonzero((keypoints[..., 2] > 0).any(0))


# By task type, the field of the records and which classes are in it.
_SHOWN: Mapping[str, tuple[str, Callable[[Any], np.ndarray]]] = {
    "classification": ("label", np.atleast_1d),
    "segmentation": ("mask", _in_mask),
    "detection": ("box_labels", np.unique),
    "keypoints": ("keypoints", _annotated_joints),
    "depth": ("depth", lambda depth: [0] if depth.any() else []),
}
