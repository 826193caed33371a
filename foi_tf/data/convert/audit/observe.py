"""Counts what one example shows, by the geometry of its fields.

Names of counts begin with the name of a field, so that each field of the table in `schema` is
counted by itself.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from foi_tf.data.convert.audit.tally import Tally
from foi_tf.data.records import schema
from foi_tf.data.records.schema import FieldSpec, Geometry
from foi_tf.study.dataset import Dataset, Size

# Shares and sides that make an example remarkable; all are ours.
IGNORED_SHARE = 0.25  # Part of a mask's pixels.
TOP_SHARE = 0.25  # Part of a depth map's known pixels with the one largest value.
_FEW_PIXELS = 1.5  # Boxes and points up to here from the corner may be shares of the image.
_CORNER = 1.0  # Pixels from the corner up to which a point counts as lying in it.
_THIN_OUT = 4  # Distance of the rows and columns of depth maps that are looked at.


def observe_example(
    example: schema.Example, dataset: Dataset, size: Size, name: str, tally: Tally
) -> None:
    """Adds an example to a tally.

    Args:
      example: validated fields of `schema`.
      size: (height, width) of the image.
      name: the example's file, as messages show it.
    """
    tally.add("images")
    annotations = hashlib.blake2b(digest_size=8)
    for task_type in schema.annotated_task_types(example):
        tally.add(f"{task_type}.images")
        fields = schema.fields_of(task_type)
        for field in fields:
            value = np.asarray(example[field.name])
            annotations.update(value.tobytes())
            if field.geometry in _OBSERVERS:
                _OBSERVERS[field.geometry](value, field, example, dataset, size, name, tally)
    image = example["image"]
    data = image if isinstance(image, bytes) else image.tobytes()
    tally.digests[name] = (
        hashlib.blake2b(data, digest_size=8).hexdigest(),
        annotations.hexdigest(),
    )


def _observe_label(label, field: FieldSpec, example, dataset, size, name, tally: Tally) -> None:
    del example, dataset, size, name
    tally.add(f"{field.name}.class {int(label)}")


def _observe_class_map(mask, field: FieldSpec, example, dataset, size, name, tally: Tally) -> None:
    del example, dataset, size
    counts = np.bincount(mask.ravel())
    ignored = schema.IGNORE[mask.dtype]
    blank = int(counts[ignored]) if len(counts) > ignored else 0
    values = [int(value) for value in np.flatnonzero(counts) if value != ignored]
    tally.add(f"{field.name}.pixels", mask.size)
    tally.add(f"{field.name}.ignored", blank)
    for value in values:
        tally.add(f"{field.name}.class {value}", int(counts[value]))
    if not values:
        tally.mark(f"{field.name}.blank", name)
    elif blank and values == [0]:
        tally.mark(f"{field.name}.binary", name)
    if len(values) == 1 and not blank:
        tally.mark(f"{field.name}.constant", name)
    if blank > IGNORED_SHARE * mask.size:
        tally.mark(f"{field.name}.mostly ignored", name)


def _observe_object_labels(
    labels, field: FieldSpec, example, dataset, size, name, tally: Tally
) -> None:
    del dataset, size
    folder = name.rpartition("/")[0]
    tally.add(f"{field.task_type}.folder {folder}")
    tally.add(f"{field.task_type}.objects", len(labels))
    crowds = schema.find_field(field.task_type, Geometry.OBJECT_CROWDS)
    if crowds is not None:
        tally.add(f"{field.task_type}.crowds", int(example[crowds.name].sum()))
    if not len(labels):
        tally.mark(f"{field.task_type}.empty in {folder}", name)
    for value, count in zip(*np.unique(labels, return_counts=True), strict=True):
        tally.add(f"{field.name}.class {int(value)}", int(count))


def _observe_boxes(boxes, field: FieldSpec, example, dataset, size, name, tally: Tally) -> None:
    del dataset
    if not len(boxes):
        return
    tally.add(f"{field.name}.images")
    tally.add(f"{field.name}.boxes", len(boxes))
    sides, limit = boxes[:, 2:] - boxes[:, :2], np.asarray(size, np.float32)
    whole = (boxes[:, :2] <= _CORNER).all(1) & (boxes[:, 2:] >= limit - _CORNER).all(1)
    tally.add(f"{field.name}.whole", int(whole.sum()))
    if boxes.max() <= _FEW_PIXELS < 0.1 * min(size):
        tally.mark(f"{field.name}.shares", name)
    if (boxes[:, 2:] <= limit / 2).all():
        tally.mark(f"{field.name}.in one quarter", name)
    offset = (boxes[:, :2] > _CORNER).all(1)
    tally.add(f"{field.name}.offset", int(offset.sum()))
    tally.add(f"{field.name}.beyond corner", int((offset & (sides > boxes[:, :2]).all(1)).sum()))
    areas = schema.find_field(field.task_type, Geometry.OBJECT_AREAS)
    if areas is not None:
        small = example[areas.name] < 0.01 * sides.prod(1)
        tally.add(f"{field.name}.small areas", int(small.sum()))


def _observe_points(points, field: FieldSpec, example, dataset, size, name, tally: Tally) -> None:
    del dataset
    labeled = points[..., 2] > 0
    for index, count in enumerate(labeled.sum(0).tolist()):
        tally.add(f"{field.name}.class {index}", count)
    tally.add(f"{field.name}.objects", len(points))
    if not labeled.any():
        return
    tally.add(f"{field.name}.labeled images")
    places, limit = points[..., :2], np.asarray(size, np.float32)
    tally.add(f"{field.name}.labeled", int(labeled.sum()))
    tally.add(f"{field.name}.in corner", int((labeled & (places <= _CORNER).all(-1)).sum()))
    outside = labeled & ((places < 0) | (places > limit)).any(-1)
    tally.add(f"{field.name}.outside", int(outside.sum()))
    if places[labeled].max() <= _FEW_PIXELS < 0.1 * min(size):
        tally.mark(f"{field.name}.shares", name)
    boxes = schema.find_field(field.task_type, Geometry.BOXES)
    if boxes is not None:
        corners = example[boxes.name].reshape(-1, 1, 4)
        margin = (corners[..., 2:] - corners[..., :2]) / 2
        low, high = corners[..., :2] - margin, corners[..., 2:] + margin
        beyond = labeled & ((places < low) | (places > high)).any(-1)
        swapped = places[..., ::-1]
        fits = beyond & ((swapped >= low) & (swapped <= high)).all(-1)
        tally.add(f"{field.name}.beyond box", int(beyond.sum()))
        tally.add(f"{field.name}.fits swapped", int(fits.sum()))


def _observe_real_map(
    numbers, field: FieldSpec, example, dataset: Dataset, size, name, tally: Tally
) -> None:
    del example, size
    seen = numbers[::_THIN_OUT, ::_THIN_OUT]
    known = seen[seen > 0]
    if not known.size:
        return
    top = known.max()
    tally.mark(f"{field.name}.maps", name)
    # The sum of logarithms gives a mean that few far pixels do not decide.
    tally.add(f"{field.name}.logarithms", float(np.log(np.median(known))))
    if top == known.min():
        tally.mark(f"{field.name}.constant", name)
    elif (known == top).mean() > TOP_SHARE:
        tally.mark(f"{field.name}.at top", name)
    limits = field.values.limits(dataset) if field.values else None
    if limits and ((known < limits[0]) | (known > limits[1])).mean() > 1 / 2:
        tally.mark(f"{field.name}.beyond range", name)
    quarter = max(1, len(seen) // 4)
    above, below = seen[:quarter], seen[-quarter:]
    above, below = above[above > 0], below[below > 0]
    if above.size and below.size:
        tally.add(f"{field.name}.compared")
        if np.median(below) > np.median(above):
            tally.mark(f"{field.name}.farther below", name)


_OBSERVERS: Mapping[Geometry, Callable[..., Any]] = {
    Geometry.LABEL: _observe_label,
    Geometry.CLASS_MAP: _observe_class_map,
    Geometry.OBJECT_LABELS: _observe_object_labels,
    Geometry.BOXES: _observe_boxes,
    Geometry.POINTS: _observe_points,
    Geometry.REAL_MAP: _observe_real_map,
}
