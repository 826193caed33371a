"""What the annotations of a split amount to: frequencies of classes, sizes, distances."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from foi_tf.data.records import schema
from foi_tf.study.dataset import Dataset

_STEPS = 4096  # Bins of depth between 0 and what records can tell; ours.


class Statistics:
    """Of the examples that `add` was given; memory does not grow with their number."""

    def __init__(self, dataset: Dataset):
        self._counters = {
            kind: make(dataset) for kind, make in _COUNTERS.items() if kind in dataset.classes
        }
        self._sides, self._images = np.zeros((0, 2), np.int64), 0

    def add(self, example: schema.Example) -> None:
        """Counts one example, as `read_examples.read_examples` yields it."""
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
        """Numbers, lists and dicts that JSON can hold."""
        smallest, largest = self._sides.tolist() if self._images else ([0, 0], [0, 0])
        sizes = {"images": self._images, "smallest": smallest, "largest": largest}
        return sizes | {kind: counter.result() for kind, counter in self._counters.items()}


class _Classes:
    """How often each class is there, over examples and in units of its own."""

    def __init__(self, dataset: Dataset, task_type: str):
        count = dataset.classes[task_type]
        self._names = dataset.names.get(task_type) or tuple(map(str, range(count)))
        self._amounts = np.zeros(count, np.int64)
        self._images = np.zeros(count, np.int64)
        self.total = 0

    def add(self, amounts: np.ndarray) -> None:
        self._amounts += amounts
        self._images += amounts > 0
        self.total += 1

    def result(self, unit: str) -> dict[str, Any]:
        rows = zip(self._names, self._amounts.tolist(), self._images.tolist(), strict=True)
        classes = [{"name": name, unit: amount, "images": images} for name, amount, images in rows]
        return {"images": self.total, unit: int(self._amounts.sum()), "classes": classes}


class _Labels:
    def __init__(self, dataset: Dataset):
        self._classes = _Classes(dataset, "classification")

    def add(self, example: schema.Example) -> None:
        self._classes.add(_counts([example["label"]], self._classes))

    def result(self) -> dict[str, Any]:
        return self._classes.result("labels")


class _Pixels:
    def __init__(self, dataset: Dataset):
        self._classes, self._all = _Classes(dataset, "segmentation"), 0
        self._ignore = schema.IGNORE[schema.mask_dtype(dataset)]

    def add(self, example: schema.Example) -> None:
        mask = example["mask"]
        self._all += mask.size
        self._classes.add(_counts(mask[mask != self._ignore], self._classes))

    def result(self) -> dict[str, Any]:
        found = self._classes.result("pixels")
        known = found["pixels"]
        for one in found["classes"]:
            one["share"] = _share(one["pixels"], known)
        return found | {"ignored": _share(self._all - known, self._all)}


class _Boxes:
    def __init__(self, dataset: Dataset):
        self._classes, self._crowds, self._sides = _Classes(dataset, "detection"), 0, _Middle()

    def add(self, example: schema.Example) -> None:
        self._classes.add(_counts(example["box_labels"], self._classes))
        self._crowds += int(example["box_crowds"].sum())
        sides = example["boxes"][:, 2:] - example["boxes"][:, :2]
        self._sides.add(np.sqrt(sides.prod(axis=1)))

    def result(self) -> dict[str, Any]:
        found = self._classes.result("boxes")
        median = {"median_side": self._sides.result(), "crowds": self._crowds}
        return found | median


class _Points:
    def __init__(self, dataset: Dataset):
        count = dataset.classes["keypoints"]
        self._names = dataset.names.get("keypoints") or tuple(map(str, range(count)))
        self._marks = np.zeros((count, 3), np.int64)  # By visibility.
        self._images = self._instances = 0

    def add(self, example: schema.Example) -> None:
        self._images += 1
        self._instances += len(example["keypoints"])
        for value in range(3):
            self._marks[:, value] += (example["keypoints"][..., 2] == value).sum(axis=0)

    def result(self) -> dict[str, Any]:
        marks = zip(self._names, self._marks.tolist(), strict=True)
        points = [
            {"name": name, "labeled": occluded + seen, "visible": seen}
            for name, (_, occluded, seen) in marks
        ]
        return {"images": self._images, "instances": self._instances, "keypoints": points}


class _Meters:
    def __init__(self, dataset: Dataset):
        self._bin = schema.depth_unit(dataset) * schema.DEPTH_STEPS / _STEPS
        self._histogram, self._pixels, self._images = np.zeros(_STEPS + 1, np.int64), 0, 0
        self._range = [np.inf, 0.0]

    def add(self, example: schema.Example) -> None:
        known = example["depth"][example["depth"] > 0]
        self._images += 1
        self._pixels += example["depth"].size
        self._histogram += np.bincount((known / self._bin).astype(int), minlength=_STEPS + 1)
        self._range = [min(self._range[0], known.min()), max(self._range[1], known.max())]

    def result(self) -> dict[str, Any]:
        known = int(self._histogram.sum())
        if not known:
            return {"images": 0}
        middle = int(np.searchsorted(np.cumsum(self._histogram), known / 2))
        near, far = (round(float(value), 3) for value in self._range)
        meters = {"nearest": near, "median": round((middle + 0.5) * self._bin, 3), "farthest": far}
        return {"images": self._images, "known": _share(known, self._pixels)} | meters


class _Middle:
    """The median of positive numbers, to 1 %, without keeping them."""

    def __init__(self):
        self._histogram = np.zeros(2048, np.int64)

    def add(self, values: np.ndarray) -> None:
        places = np.rint(np.log(np.maximum(values, 1e-3)) / np.log(1.01)).astype(int) + 700
        self._histogram += np.bincount(places.clip(0, 2047), minlength=2048)

    def result(self) -> float | None:
        total = self._histogram.sum()
        place = int(np.searchsorted(np.cumsum(self._histogram), total / 2))
        return round(1.01 ** (place - 700), 1) if total else None


_COUNTERS = {
    "classification": _Labels,
    "segmentation": _Pixels,
    "detection": _Boxes,
    "keypoints": _Points,
    "depth": _Meters,
}


def _counts(labels: Iterable[int] | Sequence[int], classes: _Classes) -> np.ndarray:
    return np.bincount(np.asarray(labels).ravel(), minlength=len(classes._names))


def _share(part: int, whole: int) -> float:
    return round(part / whole, 5) if whole else 0.0
