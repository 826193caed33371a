"""Computes average precision of boxes and keypoints (Appendix C), by COCO's and by VOC's rules.

COCO's metrics come from pycocotools, and everything stays in memory. pycocotools computes only
what the metric needs: objects of all sizes, and one limit on the predictions of an image.
"""

import contextlib
import dataclasses
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

MAX_BOXES, MAX_PEOPLE = 100, 20  # COCO's limits on the predictions of an image.
_ANY_AREA = (0, 1e10)  # Square pixels, as in pycocotools.
# COCO's small, medium and large objects, by their area in square pixels.
_AREAS = ((0, 32**2), (32**2, 96**2), (96**2, 1e10))
_VOC_IOU = 0.5


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

    def records(self) -> list[dict]:
        """Converts to annotations or results in COCO's format; category ids are labels, from 0."""
        corners = self.boxes.astype(np.float64)
        sides = corners[:, 2:] - corners[:, :2]
        columns = {
            "id": np.arange(1, len(self.images) + 1),  # pycocotools takes id 0 for no match.
            "image_id": self.images,
            "category_id": self.labels,
            "bbox": np.concatenate([corners[:, 1::-1], sides[:, ::-1]], 1),
            "area": sides.prod(1) if self.areas is None else self.areas.astype(np.float64),
            "iscrowd": np.zeros(len(corners)) if self.crowds is None else self.crowds,
        }
        columns["iscrowd"] = columns["iscrowd"].astype(np.int64)
        if self.scores is not None:
            columns["score"] = self.scores.astype(np.float64)
        if self.keypoints is not None:
            xyv = self.keypoints[..., [1, 0, 2]].astype(np.float64)
            columns["keypoints"] = xyv.reshape(len(xyv), 3 * xyv.shape[1])
            columns["num_keypoints"] = (xyv[..., 2] > 0).sum(1)
        lists = [column.tolist() for column in columns.values()]
        return [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]


def compute_box_map(truth: Objects, found: Objects, images: int, classes: int) -> float:
    """Computes COCO's mAP: IoU 0.5, 0.55 ... 0.95, 101 recalls, at most 100 boxes per image.

    Returns NaN if nothing but crowds is annotated.
    """
    return _average(_box_precision(truth, found, images, classes, [_ANY_AREA]))


def compute_box_map_parts(
    truth: Objects, found: Objects, images: int, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Computes COCO's mAP of each class, [classes], and of small, medium and large objects, [3].

    NaN where a class or a size has no object.
    """
    precision = _box_precision(truth, found, images, classes, [_ANY_AREA, *_AREAS])
    return _split_by_class(precision), _split_by_area(precision)


def _box_precision(
    truth: Objects, found: Objects, images: int, classes: int, areas: Sequence[tuple[float, float]]
) -> np.ndarray:
    """Returns precision [thresholds, recalls, classes, areas, 1] of boxes; -1 for no objects."""
    evaluation = _evaluation(truth, found, images, classes, "bbox", areas)
    evaluation.params.maxDets = [MAX_BOXES]
    return _compute_precision(evaluation)


def compute_oks_ap50(truth: Objects, found: Objects, images: int, sigmas: Sequence[float]) -> float:
    """Computes COCO's AP at a keypoint similarity of 0.5, at most 20 predictions per image.

    Annotated objects without any visible keypoint count as crowds. All labels must be 0.
    Returns NaN if no keypoint is annotated.
    """
    return _average(_oks_precision(truth, found, images, sigmas, [_ANY_AREA]))


def compute_oks_ap50_parts(
    truth: Objects, found: Objects, images: int, sigmas: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Computes AP of the only class, [1], and of small, medium and large objects, [3]."""
    precision = _oks_precision(truth, found, images, sigmas, [_ANY_AREA, *_AREAS])
    return _split_by_class(precision), _split_by_area(precision)


def _oks_precision(
    truth: Objects,
    found: Objects,
    images: int,
    sigmas: Sequence[float],
    areas: Sequence[tuple[float, float]],
) -> np.ndarray:
    """Returns precision [1, recalls, 1, areas, 1] of keypoints; -1 for no objects."""
    evaluation = _evaluation(truth, found, images, 1, "keypoints", areas)
    evaluation.params.maxDets = [MAX_PEOPLE]
    evaluation.params.iouThrs = np.asarray([0.5])
    evaluation.params.kpt_oks_sigmas = np.asarray(sigmas, np.float64)
    return _compute_precision(evaluation)


def _evaluation(
    truth: Objects,
    found: Objects,
    images: int,
    classes: int,
    kind: str,
    areas: Sequence[tuple[float, float]],
) -> COCOeval:
    """Sets up pycocotools' evaluation of "bbox" or "keypoints", of objects of some areas."""
    evaluation = COCOeval(
        _coco(truth.records(), images, classes), _coco(found.records(), images, classes), kind
    )
    evaluation.params.areaRng = list(areas)
    evaluation.params.areaRngLbl = [str(place) for place in range(len(areas))]
    return evaluation


def _coco(records: list[dict], images: int, classes: int) -> COCO:
    """Wraps records in pycocotools' index."""
    coco = COCO()
    coco.dataset = {
        "images": [{"id": number} for number in range(images)],
        "categories": [{"id": label} for label in range(classes)],
        "annotations": records,
    }
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
    return coco


def _compute_precision(evaluation: COCOeval) -> np.ndarray:
    """Runs an evaluation; precision is [thresholds, recalls, classes, areas, 1]."""
    # pycocotools prints to stdout, which is for machines.
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation.eval["precision"]


def _split_by_class(precision: np.ndarray) -> np.ndarray:
    """Returns the mean precision of each class, for the first of the areas."""
    return np.array([_average(precision[:, :, k, 0]) for k in range(precision.shape[2])])


def _split_by_area(precision: np.ndarray) -> np.ndarray:
    """Returns the mean precision for each of the areas but the first."""
    return np.array([_average(precision[:, :, :, a]) for a in range(1, precision.shape[3])])


def _average(precision: np.ndarray) -> float:
    """Averages precision; NaN if no class is annotated."""
    # pycocotools gives -1 to a class without annotation.
    return float(np.mean(precision[precision > -1])) if (precision > -1).any() else float("nan")


def compute_voc_ap50(truth: Objects, found: Objects, classes: int) -> float:
    """Computes Pascal VOC's AP at an IoU of 0.5, averaged over the annotated classes.

    AP is the exact area under the precision-recall curve, made monotonic (Everingham et al.,
    since 2010). Each prediction is assigned to the box of its class that it overlaps most.
    Among predictions assigned to the same box with an IoU of at least 0.5, the one with the
    highest score is right and the others are wrong. Predictions assigned to a crowd (a
    difficult object) do not count. Returns NaN if nothing but crowds is annotated.
    """
    return _average_known(_voc_precisions(truth, found, classes, _nearest_truth(truth, found)))


def compute_voc_ap50_parts(
    truth: Objects, found: Objects, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Computes VOC's AP of each class, [classes], and of small, medium and large objects, [3].

    VOC has no sizes; they are COCO's. Annotated objects of other sizes count as crowds, and
    predictions of other sizes without an object do not count, as in COCO's metric. NaN where a
    class or a size has no object.
    """
    goal = _nearest_truth(truth, found)
    by_size = [_voc_precisions(truth, found, classes, goal, area) for area in _AREAS]
    return _voc_precisions(truth, found, classes, goal), np.array(
        list(map(_average_known, by_size))
    )


def count_by_size(truth: Objects) -> np.ndarray:
    """Returns how many annotated objects are small, medium and large, crowds left out: int [3]."""
    sizes = _box_areas(truth.boxes) if truth.areas is None else truth.areas
    single = np.ones(len(sizes), bool) if truth.crowds is None else ~truth.crowds
    return np.array([np.count_nonzero(single & _within(sizes, area)) for area in _AREAS])


def _voc_precisions(
    truth: Objects,
    found: Objects,
    classes: int,
    goal: np.ndarray,
    area: tuple[float, float] = _ANY_AREA,
) -> np.ndarray:
    """Returns VOC's AP of each class for objects of an area; NaN without objects.

    Args:
      goal: `_nearest_truth` of both.
    """
    if found.scores is None or truth.crowds is None:
        raise ValueError("VOC's AP needs scores of predictions and crowds of annotations")
    crowds = truth.crowds | ~_within(_box_areas(truth.boxes), area)
    order = np.argsort(-found.scores, kind="stable")
    goal, labels = goal[order], found.labels[order]
    _, firsts = np.unique(goal, return_index=True)
    first = np.zeros(len(goal), bool)
    first[firsts] = True
    ignored = (goal < 0) & ~_within(_box_areas(found.boxes[order]), area)
    if len(crowds):
        ignored |= (goal >= 0) & crowds[goal]
    right = (goal >= 0) & first & ~ignored
    precisions = np.full(classes, np.nan)
    for label in range(classes):
        total = np.count_nonzero((truth.labels == label) & ~crowds)
        if total:
            precisions[label] = _area_under_curve(right[(labels == label) & ~ignored], total)
    return precisions


def _average_known(values: np.ndarray) -> float:
    """Returns the mean of the numbers that are not NaN; NaN without any."""
    known = values[~np.isnan(values)]
    return float(np.mean(known)) if len(known) else float("nan")


def _box_areas(boxes: np.ndarray) -> np.ndarray:
    """Returns the area of boxes [N, 4] in square pixels, in float64."""
    corners = boxes.astype(np.float64)
    return (corners[:, 2:] - corners[:, :2]).prod(1)


def _within(sizes: np.ndarray, area: tuple[float, float]) -> np.ndarray:
    """Tells which sizes are in a range; its ends belong to it, as in pycocotools."""
    return (sizes >= area[0]) & (sizes <= area[1])


def _nearest_truth(truth: Objects, found: Objects) -> np.ndarray:
    """Returns for each prediction the row of its box in `truth`, -1 without one: int [N]."""
    nearest = np.full(len(found.images), -1)
    by_image = np.argsort(truth.images, kind="stable")
    starts = np.searchsorted(truth.images[by_image], found.images, "left")
    ends = np.searchsorted(truth.images[by_image], found.images, "right")
    # Goes through all pairs of a prediction and a box of its image, in blocks that limit memory.
    counts = ends - starts
    for block in np.array_split(np.arange(len(counts)), max(1, counts.sum() // 2**20)):
        owner = np.repeat(block, counts[block])
        within = np.arange(len(owner)) - np.repeat(
            np.cumsum(counts[block]) - counts[block], counts[block]
        )
        goal = by_image[starts[owner] + within]
        iou = _iou(truth.boxes[goal], found.boxes[owner])
        near = (truth.labels[goal] == found.labels[owner]) & (iou >= _VOC_IOU)
        owner, goal, iou = owner[near], goal[near], iou[near]
        # The last write wins: the largest IoU and, among equal ones, the first box.
        order = np.lexsort((-within[near], iou))
        nearest[owner[order]] = goal[order]
    return nearest


def _iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Computes the IoU of boxes [N, 4] pair by pair, in float64."""
    first, second = first.astype(np.float64), second.astype(np.float64)
    sides = np.minimum(first[:, 2:], second[:, 2:]) - np.maximum(first[:, :2], second[:, :2])
    common = sides.clip(0).prod(1)
    union = sum((b[:, 2:] - b[:, :2]).prod(1) for b in (first, second)) - common
    return common / np.maximum(union, 1e-12)


def _area_under_curve(right: np.ndarray, total: int) -> float:
    """Computes AP of predictions in descending order of score, with `total` boxes to find."""
    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    # Recall rises by 1 / total at each hit.
    return float(envelope[right].sum() / total)
