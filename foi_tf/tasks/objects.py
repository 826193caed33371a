"""Holds annotated and predicted objects, one row for each, and their sizes."""

import contextlib
import dataclasses
import gc
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

ANY_AREA = (0, 1e10)  # Square pixels, as in pycocotools.
# COCO's small, medium and large objects, by their area in square pixels.
AREAS = ((0, 32**2), (32**2, 96**2), (96**2, 1e10))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Objects:
    """Holds annotated or predicted objects of any number of images, one row for each object.

    Attributes:
      images: int [N], the number of the object's image, from 0.
      labels: int [N], class ids from 0.
      boxes: [N, 4] (ymin, xmin, ymax, xmax) in image pixels.
      scores: [N]; predictions have them.
      crowds: bool [N]; annotations have them. A crowd counts neither as missed nor as found.
      keypoints: [N, K, 3] (y, x, visibility or score), or [N, 0, 3].
      areas: [N] in image pixels; annotations of keypoints have them, for OKS.
    """

    images: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray | None = None
    crowds: np.ndarray | None = None
    keypoints: np.ndarray | None = None
    areas: np.ndarray | None = None

    @classmethod
    def concatenate(cls, parts: Sequence["Objects"]) -> "Objects":
        """Joins the objects of one or more parts."""
        values: dict[str, Any] = {}
        for field in dataclasses.fields(cls):
            columns = [getattr(part, field.name) for part in parts]
            values[field.name] = None if columns[0] is None else np.concatenate(columns)
        return cls(**values)

    def columns(self) -> dict[str, np.ndarray]:
        """Converts to the fields of COCO's annotations or results, in float64 and int64.

        Category ids are labels, from 0. Boxes are (x, y, width, height), and keypoints
        (x, y, visibility or score).
        """
        corners = self.boxes.astype(np.float64)
        sides = corners[:, 2:] - corners[:, :2]
        crowds = np.zeros(len(corners)) if self.crowds is None else self.crowds
        columns = {
            "id": np.arange(1, len(self.images) + 1),  # pycocotools takes id 0 for no match.
            "image_id": self.images,
            "category_id": self.labels,
            "bbox": np.concatenate([corners[:, 1::-1], sides[:, ::-1]], 1),
            "area": sides.prod(1) if self.areas is None else self.areas.astype(np.float64),
            "iscrowd": crowds.astype(np.int64),
        }
        if self.scores is not None:
            columns["score"] = self.scores.astype(np.float64)
        if self.keypoints is not None:
            xyv = self.keypoints[..., [1, 0, 2]].astype(np.float64)
            columns["keypoints"] = xyv.reshape(len(xyv), 3 * xyv.shape[1])
            columns["num_keypoints"] = (xyv[..., 2] > 0).sum(1)
        return columns

    def records(self) -> list[dict]:
        """Converts to annotations or results in COCO's format; see `columns`."""
        columns = self.columns()
        with _pause_collection():
            lists = [column.tolist() for column in columns.values()]
            return [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]


@contextlib.contextmanager
def _pause_collection() -> Iterator[None]:
    """Pauses the garbage collector, which looks through many new lists again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def box_areas(boxes: np.ndarray) -> np.ndarray:
    """Returns the area of boxes [N, 4] in square pixels, in float64."""
    corners = boxes.astype(np.float64)
    return (corners[:, 2:] - corners[:, :2]).prod(1)


def are_within(sizes: np.ndarray, area: tuple[float, float]) -> np.ndarray:
    """Tells which sizes are in a range; its ends belong to it, as in pycocotools."""
    return (sizes >= area[0]) & (sizes <= area[1])


def count_by_size(truth: Objects) -> np.ndarray:
    """Returns how many annotated objects are small, medium and large, crowds left out: int [3]."""
    sizes = box_areas(truth.boxes) if truth.areas is None else truth.areas
    single = np.ones(len(sizes), bool) if truth.crowds is None else ~truth.crowds
    return np.array([np.count_nonzero(single & are_within(sizes, area)) for area in AREAS])
