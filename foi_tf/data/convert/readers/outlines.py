"""Describes the outlines of objects: polygons and run lengths, their boxes and their pixels."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from foi_tf.errors import FoiError
from foi_tf.study.dataset import Size

_CORNERS = 3  # Fewest corners of an area.
FARTHEST = 1e6  # Farther away, numbers no longer tell pixels apart.
_LARGEST = 1 << 31  # Pixels of an image that run lengths may describe.


@dataclasses.dataclass(frozen=True)
class Runs:
    """Describes pixels by run lengths: outside, inside, outside, and so on.

    Attributes:
      size: (height, width) of the area that the runs fill.
      counts: length of each run in pixels; the first is outside.
      by_column: whether runs go down columns, as COCO's, or along rows.
      corner: (top, left) of the area in the image.
    """

    size: Size
    counts: tuple[int, ...]
    by_column: bool = True
    corner: tuple[int, int] = (0, 0)


@dataclasses.dataclass(frozen=True)
class Outline:
    """Describes the pixels of an object.

    Attributes:
      polygons: x and y of the corners of each polygon, in pixels from the image's corner.
      runs: run lengths in place of polygons.
    """

    polygons: tuple[tuple[float, ...], ...] = ()
    runs: Runs | None = None


def parse_coco(value: Any, where: str) -> Outline | None:
    """Parses a `segmentation` of COCO; returns None if it outlines nothing.

    It is a list of polygons, or run lengths as {"size": [height, width], "counts": ...}, plain
    or compressed. A single polygon may stand for the list.

    Raises:
      FoiError: it is neither.
    """
    if not value:
        return None
    if isinstance(value, dict):
        return _parse_runs(value, where)
    if not isinstance(value, list):
        raise FoiError(f"{where}: 'segmentation' must be polygons or run lengths")
    parts = value if isinstance(value[0], list | tuple) else [value]
    return make_polygons(parts, where)


def make_polygons(parts: Sequence[Sequence[Any]], where: str) -> Outline | None:
    """Makes an outline of polygons; returns None if none of them has an area.

    Raises:
      FoiError: they are no pairs of finite numbers.
    """
    polygons = []
    for part in parts:
        try:
            numbers = np.asarray(part, np.float64).ravel()
        except (TypeError, ValueError, OverflowError) as error:
            raise FoiError(f"{where}: a polygon must hold numbers: x, y, x, y, ...") from error
        if numbers.size % 2 or not (np.abs(numbers) < FARTHEST).all():
            raise FoiError(f"{where}: a polygon must be pairs of finite numbers: x, y, x, y, ...")
        if numbers.size >= 2 * _CORNERS:
            polygons.append(tuple(numbers.tolist()))
    return Outline(tuple(polygons)) if polygons else None


def find_box(outline: Outline) -> tuple[float, float, float, float] | None:
    """Returns the (ymin, xmin, ymax, xmax) of an outline in pixels; None without any."""
    if outline.runs is None:
        xs = [x for polygon in outline.polygons for x in polygon[::2]]
        ys = [y for polygon in outline.polygons for y in polygon[1::2]]
        return min(ys), min(xs), max(ys), max(xs)
    runs = outline.runs
    length = runs.size[0] if runs.by_column else runs.size[1]
    ends = np.cumsum(runs.counts, dtype=np.int64)[1::2]
    starts = ends - np.asarray(runs.counts[1::2], np.int64)[: len(ends)]
    starts, ends = starts[ends > starts], ends[ends > starts] - 1
    if not starts.size:
        return None
    lines = int(starts.min() // length), int(ends.max() // length) + 1
    if (starts // length != ends // length).any():
        places = 0, length
    else:
        places = int((starts % length).min()), int((ends % length).max()) + 1
    rows, columns = (places, lines) if runs.by_column else (lines, places)
    top, left = runs.corner
    return top + rows[0], left + columns[0], top + rows[1], left + columns[1]


def find_pixels(outline: Outline, size: Size, where: str) -> tuple[tuple[slice, slice], np.ndarray]:
    """Returns the pixels of an outline, those whose centers are inside.

    Args:
      size: (height, width) of the image.
      where: the file and record, for error messages.

    Returns:
      The rows and columns of an area of the image, and which of its pixels are inside.

    Raises:
      FoiError: run lengths are of an image of another size.
    """
    if outline.runs is not None:
        return _decode_runs(outline.runs, size, where)
    ymin, xmin, ymax, xmax = find_box(outline) or (0, 0, 0, 0)
    top, bottom = (int(np.clip(np.floor(y), 0, size[0])) for y in (ymin, ymax + 1))
    left, right = (int(np.clip(np.floor(x), 0, size[1])) for x in (xmin, xmax + 1))
    inside = np.zeros((bottom - top, right - left), np.bool_)
    for polygon in outline.polygons:
        corners = np.asarray(polygon, np.float64).reshape(-1, 2) - (left, top)
        inside |= _fill(corners, inside.shape)
    return (slice(top, bottom), slice(left, right)), inside


def _fill(corners: np.ndarray, size: Size) -> np.ndarray:
    """Returns the pixels [H, W] whose centers are inside a polygon of corners [N, 2] (x, y)."""
    height, width = size
    x0, y0 = corners.T
    x1, y1 = np.roll(corners, -1, axis=0).T
    # Edge i crosses the centers of the rows from first[i] to last[i] - 1.
    first, last = (
        np.clip(np.ceil(bound(y0, y1) - 0.5), 0, height).astype(np.int64)
        for bound in (np.minimum, np.maximum)
    )
    count = last - first
    edge = np.repeat(np.arange(len(corners)), count)
    row = np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    share = (row + 0.5 - y0[edge]) / (y1 - y0)[edge]
    cross = x0[edge] + share * (x1 - x0)[edge]
    column = np.clip(np.ceil(cross - 0.5), 0, width).astype(np.int64)
    turns = np.zeros((height, width + 1), np.int32)
    np.add.at(turns, (row, column), 1)
    return np.cumsum(turns[:, :width], axis=1) % 2 == 1


def _parse_runs(value: dict[str, Any], where: str) -> Outline:
    size, counts = value.get("size"), value.get("counts")
    if not (
        isinstance(size, list)
        and len(size) == 2
        and all(isinstance(side, int) and side > 0 for side in size)
        and size[0] * size[1] <= _LARGEST
    ):
        raise FoiError(f"{where}: 'segmentation' must have the 'size' [height, width]")
    if isinstance(counts, str):
        counts = _decompress(counts, where)
    return Outline(runs=make_runs((size[0], size[1]), counts, where))


def make_runs(
    size: Size,
    counts: Any,
    where: str,
    *,
    by_column: bool = True,
    corner: tuple[int, int] = (0, 0),
) -> Runs:
    """Makes run lengths after a check that they fill their area.

    Raises:
      FoiError: they do not.
    """
    if (
        not isinstance(counts, list)
        or not all(isinstance(count, int) and count >= 0 for count in counts)
        or sum(counts) != size[0] * size[1]
    ):
        raise FoiError(
            f"{where}: the run lengths must be numbers from 0 that sum to the {size[0]} x "
            f"{size[1]} pixels of the mask; export it anew"
        )
    return Runs(size, tuple(counts), by_column, corner)


def _decompress(text: str, where: str) -> list[int]:
    """Decodes compressed run lengths of COCO: digits of 5 bits, differences from the third on."""
    counts: list[int] = []
    number = shift = 0
    for character in text:
        digit = ord(character) - 48
        if not 0 <= digit < 64 or shift > 40:
            raise FoiError(f"{where}: the compressed run lengths are damaged; export them anew")
        number |= (digit & 31) << shift
        shift += 5
        if digit & 32:
            continue
        if digit & 16:
            number -= 1 << shift
        counts.append(number + (counts[-2] if len(counts) > 2 else 0))
        number = shift = 0
    if shift:
        raise FoiError(f"{where}: the compressed run lengths are cut off; export them anew")
    return counts


def _decode_runs(runs: Runs, size: Size, where: str) -> tuple[tuple[slice, slice], np.ndarray]:
    (top, left), (height, width) = runs.corner, runs.size
    whole = runs.corner == (0, 0) and runs.by_column
    if (
        (whole and runs.size != size)
        or min(top, left) < 0
        or top + height > size[0]
        or left + width > size[1]
    ):
        raise FoiError(
            f"{where}: a mask has {height}x{width} pixels at row {top} and column {left}, but its "
            f"image has {size[0]}x{size[1]}; export both anew"
        )
    values = np.repeat(np.arange(len(runs.counts)) % 2 == 1, runs.counts)
    inside = values.reshape((width, height)).T if runs.by_column else values.reshape(runs.size)
    return (slice(top, top + height), slice(left, left + width)), inside
