"""Counts the annotations of a split: frequencies of classes, sizes of objects, distances."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from foi_tf.data.records import schema
from foi_tf.data.records.schema import FieldSpec, Geometry
from foi_tf.study.dataset import Dataset

_BINS = 4096  # Bins of a real map between 0 and the largest number that records store; ours.


class Statistics:
    """Counts the examples that `add` is given; memory does not grow with their number."""

    def __init__(self, dataset: Dataset):
        self._counters = {}
        for task_type in schema.known_task_types():
            if task_type in dataset.classes:
                main = schema.fields_of(task_type)[0]
                self._counters[task_type] = _COUNTERS[main.geometry](main, dataset)
        self._sides, self._images = np.zeros((0, 2), np.int64), 0

    def add(self, example: schema.Example) -> None:
        """Counts one example, as `read_examples` yields it."""
        self._images += 1
        low = self._sides.min(0) if len(self._sides) else example["size"]
        high = self._sides.max(0) if len(self._sides) else example["size"]
        self._sides = np.stack(
            [np.minimum(low, example["size"]), np.maximum(high, example["size"])]
        )
        for task_type in schema.annotated_task_types(example):
            if task_type in self._counters:
                self._counters[task_type].add(example)

    def result(self) -> dict[str, Any]:
        """Returns the counts so far as numbers, lists and dicts that JSON can hold."""
        smallest, largest = self._sides.tolist() if self._images else ([0, 0], [0, 0])
        sizes = {"images": self._images, "smallest": smallest, "largest": largest}
        return sizes | {kind: counter.result() for kind, counter in self._counters.items()}


class _ClassCounts:
    """Counts how often each class occurs, and in how many images."""

    def __init__(self, field: FieldSpec, dataset: Dataset):
        count = dataset.classes[field.task_type]
        self._names = dataset.names.get(field.task_type) or tuple(map(str, range(count)))
        self._amounts = np.zeros(count, np.int64)
        self._images = np.zeros(count, np.int64)
        self._total = 0

    def add(self, labels: Iterable[int] | np.ndarray) -> None:
        """Adds the class ids of one image."""
        amounts = np.bincount(np.asarray(labels).ravel(), minlength=len(self._names))
        self._amounts += amounts
        self._images += amounts > 0
        self._total += 1

    def result(self, unit: str) -> dict[str, Any]:
        """Returns the counts; `unit` names what was counted, "pixels"."""
        rows = zip(self._names, self._amounts.tolist(), self._images.tolist(), strict=True)
        classes = [{"name": name, unit: amount, "images": images} for name, amount, images in rows]
        return {"images": self._total, unit: int(self._amounts.sum()), "classes": classes}


class _LabelCounter:
    def __init__(self, field: FieldSpec, dataset: Dataset):
        self._name, self._classes = field.name, _ClassCounts(field, dataset)

    def add(self, example: schema.Example) -> None:
        self._classes.add([example[self._name]])

    def result(self) -> dict[str, Any]:
        return self._classes.result("labels")


class _ClassMapCounter:
    def __init__(self, field: FieldSpec, dataset: Dataset):
        self._name, self._classes = field.name, _ClassCounts(field, dataset)
        self._pixels = 0
        self._ignore = schema.IGNORE[field.stored_dtype(dataset)]

    def add(self, example: schema.Example) -> None:
        mask = example[self._name]
        self._pixels += mask.size
        self._classes.add(mask[mask != self._ignore])

    def result(self) -> dict[str, Any]:
        found = self._classes.result("pixels")
        known = found["pixels"]
        for one in found["classes"]:
            one["share"] = _share(one["pixels"], known)
        return found | {"ignored": _share(self._pixels - known, self._pixels)}


class _BoxCounter:
    def __init__(self, field: FieldSpec, dataset: Dataset):
        self._boxes = field.name
        self._labels = schema.find_field(field.task_type, Geometry.OBJECT_LABELS).name
        self._crowd = schema.find_field(field.task_type, Geometry.OBJECT_CROWDS).name
        self._classes, self._crowds = _ClassCounts(field, dataset), 0
        self._sides = _MedianEstimate()

    def add(self, example: schema.Example) -> None:
        self._classes.add(example[self._labels])
        self._crowds += int(example[self._crowd].sum())
        sides = example[self._boxes][:, 2:] - example[self._boxes][:, :2]
        self._sides.add(np.sqrt(sides.prod(axis=1)))

    def result(self) -> dict[str, Any]:
        found = self._classes.result("boxes")
        return found | {"median_side": self._sides.result(), "crowds": self._crowds}


class _PointCounter:
    def __init__(self, field: FieldSpec, dataset: Dataset):
        count = dataset.classes[field.task_type]
        self._name = field.name
        self._names = dataset.names.get(field.task_type) or tuple(map(str, range(count)))
        self._marks = np.zeros((count, 3), np.int64)  # By visibility.
        self._images = self._instances = 0

    def add(self, example: schema.Example) -> None:
        points = example[self._name]
        self._images += 1
        self._instances += len(points)
        for value in range(3):
            self._marks[:, value] += (points[..., 2] == value).sum(axis=0)

    def result(self) -> dict[str, Any]:
        marks = zip(self._names, self._marks.tolist(), strict=True)
        points = [
            {"name": name, "labelled": occluded + seen, "visible": seen}
            for name, (_, occluded, seen) in marks
        ]
        return {"images": self._images, "instances": self._instances, "keypoints": points}


class _RealMapCounter:
    def __init__(self, field: FieldSpec, dataset: Dataset):
        self._name, self._bin = field.name, field.step(dataset) * schema.MAX_STEP / _BINS
        self._histogram, self._pixels, self._images = np.zeros(_BINS + 1, np.int64), 0, 0
        self._range = [np.inf, 0.0]

    def add(self, example: schema.Example) -> None:
        numbers = example[self._name]
        known = numbers[numbers > 0]
        self._images += 1
        self._pixels += numbers.size
        self._histogram += np.bincount((known / self._bin).astype(int), minlength=_BINS + 1)
        self._range = [min(self._range[0], known.min()), max(self._range[1], known.max())]

    def result(self) -> dict[str, Any]:
        known = int(self._histogram.sum())
        if not known:
            return {"images": 0}
        middle = int(np.searchsorted(np.cumsum(self._histogram), known / 2))
        near, far = (round(float(value), 3) for value in self._range)
        return {
            "images": self._images,
            "known": _share(known, self._pixels),
            "nearest": near,
            "median": round((middle + 0.5) * self._bin, 3),
            "farthest": far,
        }


class _MedianEstimate:
    """Estimates the median of positive numbers to 1 %, without keeping them."""

    def __init__(self):
        self._histogram = np.zeros(2048, np.int64)

    def add(self, values: np.ndarray) -> None:
        places = np.rint(np.log(np.maximum(values, 1e-3)) / np.log(1.01)).astype(int) + 700
        self._histogram += np.bincount(places.clip(0, 2047), minlength=2048)

    def result(self) -> float | None:
        """Returns the median; None if no number was added."""
        total = self._histogram.sum()
        place = int(np.searchsorted(np.cumsum(self._histogram), total / 2))
        return round(1.01 ** (place - 700), 1) if total else None


# By geometry of a task type's main field.
_COUNTERS: Mapping[Geometry, type] = {
    Geometry.LABEL: _LabelCounter,
    Geometry.CLASS_MAP: _ClassMapCounter,
    Geometry.BOXES: _BoxCounter,
    Geometry.POINTS: _PointCounter,
    Geometry.REAL_MAP: _RealMapCounter,
}


def _share(part: int, whole: int) -> float:
    return round(part / whole, 5) if whole else 0.0
