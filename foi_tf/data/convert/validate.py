"""Checks every example against its dataset before it is written to a record."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from foi_tf.data.convert import doubts, mistakes
from foi_tf.data.records import schema
from foi_tf.data.records.schema import FieldSpec, Geometry
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset, Size
from foi_tf.wording import count_noun

_TOLERANCE = 0.5  # Pixels by which rounding may put a box outside its image; ours.


def validate_example(example: schema.Example, dataset: Dataset, size: Size, where: str) -> dict:
    """Returns the example with its boxes clipped to the image.

    Keypoints may lie outside their box. Outside the image, augmentation treats them as
    unlabeled. A real map (depth) that is unknown everywhere is no annotation and is left
    out; so is one whose numbers are so small that records would store 0.

    Args:
      size: (height, width) of the decoded image.
      where: the file or record, for the error's text.

    Raises:
      FoiError: an annotation has another size than its image, a label is out of range,
        a box is empty or outside the image, an area is negative or larger than the image, a
        number is not finite, or a depth is negative or too far for records.
    """
    example = dict(example)
    for task_type in schema.annotated_task_types(example):
        fields = schema.fields_of(task_type)
        for geometry, check in _CHECKS.items():
            for field in fields:
                if field.geometry is geometry:
                    checked = check(example[field.name], field, dataset, size, where)
                    if checked is None:
                        del example[field.name]
                    else:
                        example[field.name] = checked
        _check_lengths(example, fields, where)
    return example


def check_declared_size(declared: Size, size: Size, where: str) -> None:
    """Checks that the annotations of an image are of its size.

    Args:
      declared: (height, width) that the annotations say.
      size: (height, width) of the image.

    Raises:
      FoiError: the two differ by more than a pixel.
    """
    if all(abs(said - side) <= 1 for said, side in zip(declared, size, strict=True)):
        return
    remedy = mistakes.explain_size(declared, size) or (
        "scale the annotations, take the image of that size, or correct what they say"
    )
    raise FoiError(
        f"{where}: has {size[0]}x{size[1]} pixels, but its annotations are of "
        f"{declared[0]}x{declared[1]} (height x width); {remedy}"
    )


def _check_label(label: Any, field: FieldSpec, dataset: Dataset, size: Size, where: str) -> Any:
    del size
    _check_range(np.asarray(label), field, dataset, where)
    return label


def _check_class_map(
    mask: Any, field: FieldSpec, dataset: Dataset, size: Size, where: str
) -> np.ndarray:
    ids = np.asarray(mask)
    _check_size(ids, field, size, where)
    _check_range(ids[ids != schema.IGNORE[ids.dtype]], field, dataset, where)
    return mask


def _check_real_map(
    numbers: Any, field: FieldSpec, dataset: Dataset, size: Size, where: str
) -> np.ndarray | None:
    """Returns the map, or None if records would store 0 everywhere."""
    array = np.asarray(numbers)
    _check_size(array, field, size, where)
    if (array < 0).any() or np.isinf(array).any():
        raise FoiError(
            f"{where}: {field.name} must be finite {field.values.quantity} from 0; "
            "0 or NaN is unknown"
        )
    largest = array.max(where=array > 0, initial=0)
    # Numbers beyond the limits do not matter: they are clipped to the limits later.
    step = field.step(dataset)
    steps = round(largest / step)
    if field.values.limits(dataset) is None and steps > schema.MAX_STEP:
        symbol = field.values.symbol
        raise FoiError(
            f"{where}: {field.name} is up to {largest:g} {symbol}, but {dataset.id} has no "
            f"range, hence records of {schema.MAX_STEP * step:g} {symbol}; own data: "
            f"give 'range' in {field.name}.json"
        )
    if steps > 0:
        return numbers
    doubts.mark("unknown", where)
    return None


def _check_boxes(
    boxes: Any, field: FieldSpec, dataset: Dataset, size: Size, where: str
) -> np.ndarray:
    """Returns the boxes, clipped to the image."""
    del field, dataset
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    limit = np.asarray([size[0], size[1], size[0], size[1]], np.float32)
    if not np.isfinite(boxes).all():
        raise FoiError(f"{where}: box {np.argwhere(~np.isfinite(boxes))[0][0]} is not finite")
    outside = ((boxes < -_TOLERANCE) | (boxes > limit + _TOLERANCE)).any(axis=1)
    clipped = boxes.clip(0, limit)
    empty = (clipped[:, 2] <= clipped[:, 0]) | (clipped[:, 3] <= clipped[:, 1])
    for problem, rows in (("empty", empty), ("outside the image", outside)):
        if rows.any():
            index = int(np.argmax(rows))
            shown = ", ".join(f"{v:g}" for v in boxes[index])
            guess = mistakes.explain_boxes(boxes, size)
            raise FoiError(
                f"{where}: box {index} (ymin, xmin, ymax, xmax = {shown}) is {problem} "
                f"({size[0]}x{size[1]}{f', {guess}' if guess else ''}); "
                f"{'correct all' if guess else 'clip or remove it'}"
            )
    return clipped


def _check_points(points: Any, field: FieldSpec, dataset: Dataset, size: Size, where: str) -> Any:
    del size
    array, count = np.asarray(points), dataset.classes[field.task_type]
    if array.ndim != 3 or array.shape[1:] != (count, 3):
        raise FoiError(f"{where}: {field.name} have shape {array.shape}, not [M, {count}, 3]")
    # Far outside, float32 no longer tells pixels apart.
    if not (np.abs(array) < 1e6).all() or not np.isin(array[..., 2], (0, 1, 2)).all():
        raise FoiError(f"{where}: {field.name} must be finite (y, x, visibility 0, 1 or 2)")
    return points


def _check_areas(areas: Any, field: FieldSpec, dataset: Dataset, size: Size, where: str) -> Any:
    """Checks areas, which decide on OKS; publishers' may be estimates beyond the image."""
    array = np.asarray(areas)
    wrong = ~np.isfinite(array) | (array < 0)
    if dataset.collection == "own":
        wrong |= array > (size[0] + 2 * _TOLERANCE) * (size[1] + 2 * _TOLERANCE)
    if wrong.any():
        index = int(np.argmax(wrong))
        raise FoiError(
            f"{where}: {field.name} {index} is {array[index]:g} pixels, but must be from 0 to the "
            f"{size[0] * size[1]} of its image; correct it, or leave 'area' out to take the box's"
        )
    return areas


def _check_crowds(crowds: Any, field: FieldSpec, dataset: Dataset, size: Size, where: str) -> Any:
    del dataset, size
    if not np.isin(np.asarray(crowds), (0, 1)).all():
        raise FoiError(f"{where}: {field.name} must be 0 or 1")
    return crowds


# By geometry, a function (value, field, dataset, size, where) -> checked value. The order
# decides which of several problems of an example is reported.
_CHECKS: Mapping[Geometry, Callable[..., Any]] = {
    Geometry.LABEL: _check_label,
    Geometry.CLASS_MAP: _check_class_map,
    Geometry.BOXES: _check_boxes,
    Geometry.OBJECT_LABELS: _check_label,
    Geometry.POINTS: _check_points,
    Geometry.REAL_MAP: _check_real_map,
    Geometry.OBJECT_AREAS: _check_areas,
    Geometry.OBJECT_CROWDS: _check_crowds,
}


def _check_size(annotation: np.ndarray, field: FieldSpec, size: Size, where: str) -> None:
    if annotation.shape != tuple(size):
        shown = "x".join(map(str, annotation.shape))
        remedy = mistakes.explain_size(annotation.shape, tuple(size)) or (
            "resize it without smoothing (nearest neighbor), or export both anew"
        )
        raise FoiError(
            f"{where}: {field.name} is {shown}, but its image is {size[0]}x{size[1]}; {remedy}"
        )


def _check_range(labels: np.ndarray, field: FieldSpec, dataset: Dataset, where: str) -> None:
    classes = dataset.classes[field.task_type]
    wrong = labels[(labels < 0) | (labels >= classes)]
    if wrong.size:
        is_map = field.geometry is Geometry.CLASS_MAP
        note = " (255, or 65535 in 16 bits, is ignored)" if is_map else ""
        note += f"; {mistakes.explain_labels(labels, classes)}" if is_map else ""
        known = count_noun(classes, "class", "classes")
        raise FoiError(
            f"{where}: label {wrong.flat[0]}, but {dataset.id}:{field.task_type} has {known}{note}"
        )


def _check_lengths(example: schema.Example, fields: tuple[FieldSpec, ...], where: str) -> None:
    """Checks that all fields with an entry per object have as many entries as the first."""
    names = [field.name for field in fields if field.is_per_object]
    for name in names[1:]:
        count, expected = len(example[name]), len(example[names[0]])
        if count != expected:
            raise FoiError(f"{where}: {count} {name} for {expected} {names[0]}")
