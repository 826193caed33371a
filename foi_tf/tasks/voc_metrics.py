"""Computes average precision of boxes by Pascal VOC's rules (Appendix C)."""

import numpy as np

from foi_tf.tasks.objects import ANY_AREA, AREAS, Objects, are_within, box_areas

_IOU = 0.5


def compute_voc_ap50(truth: Objects, found: Objects, classes: int) -> float:
    """Computes Pascal VOC's AP at an IoU of 0.5, averaged over the annotated classes.

    AP is the exact area under the precision-recall curve, made monotonic (Everingham et al.,
    since 2010). Each prediction is assigned to the box of its class that it overlaps most.
    Among predictions assigned to the same box with an IoU of at least 0.5, the one with the
    highest score is right and the others are wrong. Predictions assigned to a crowd (a
    difficult object) do not count. Returns NaN if nothing but crowds is annotated.
    """
    return _average_known(_class_precisions(truth, found, classes, _nearest_truth(truth, found)))


def compute_voc_ap50_parts(
    truth: Objects, found: Objects, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Computes VOC's AP of each class, [classes], and of small, medium and large objects, [3].

    VOC has no sizes; they are COCO's. Annotated objects of other sizes count as crowds, and
    predictions of other sizes without an object do not count, as in COCO's metric. NaN where a
    class or a size has no object.
    """
    goal = _nearest_truth(truth, found)
    by_size = [_class_precisions(truth, found, classes, goal, area) for area in AREAS]
    by_class = _class_precisions(truth, found, classes, goal)
    return by_class, np.array(list(map(_average_known, by_size)))


def _class_precisions(
    truth: Objects,
    found: Objects,
    classes: int,
    goal: np.ndarray,
    area: tuple[float, float] = ANY_AREA,
) -> np.ndarray:
    """Returns VOC's AP of each class for objects of an area; NaN without objects.

    Args:
      goal: `_nearest_truth` of both.
    """
    if found.scores is None or truth.crowds is None:
        raise ValueError("VOC's AP needs scores of predictions and crowds of annotations")
    crowds = truth.crowds | ~are_within(box_areas(truth.boxes), area)
    ignored = (goal < 0) & ~are_within(box_areas(found.boxes), area)
    if len(crowds):
        ignored |= (goal >= 0) & crowds[goal]
    # Class by class, and the highest score first.
    order = np.lexsort((-found.scores, found.labels))
    order = order[~ignored[order]]
    goal, labels = goal[order], found.labels[order]
    _, firsts = np.unique(goal, return_index=True)
    right = np.zeros(len(goal), bool)
    right[firsts] = True
    right &= goal >= 0
    ends = np.searchsorted(labels, np.arange(classes + 1))
    totals = np.bincount(truth.labels[~crowds], minlength=classes)
    precisions = np.full(classes, np.nan)
    for label in np.flatnonzero(totals[:classes]):
        precisions[label] = _area_under_curve(
            right[ends[label] : ends[label + 1]], int(totals[label])
        )
    return precisions


def _average_known(values: np.ndarray) -> float:
    """Returns the mean of the numbers that are not NaN; NaN without any."""
    known = values[~np.isnan(values)]
    return float(np.mean(known)) if len(known) else float("nan")


def _nearest_truth(truth: Objects, found: Objects) -> np.ndarray:
    """Returns for each prediction the row of its box in `truth`, -1 without one: int [N]."""
    nearest = np.full(len(found.images), -1)
    # Only boxes of the same image and class can be near.
    images = 1 + max(truth.images.max(initial=0), found.images.max(initial=0))
    truth_keys = truth.labels.astype(np.int64) * images + truth.images
    found_keys = found.labels.astype(np.int64) * images + found.images
    by_key = np.argsort(truth_keys, kind="stable")
    starts = np.searchsorted(truth_keys[by_key], found_keys, "left")
    counts = np.searchsorted(truth_keys[by_key], found_keys, "right") - starts
    # Goes through all such pairs of a prediction and a box, in blocks that limit memory.
    for block in np.array_split(np.flatnonzero(counts), max(1, counts.sum() // 2**20)):
        owner = np.repeat(block, counts[block])
        within = np.arange(len(owner)) - np.repeat(
            np.cumsum(counts[block]) - counts[block], counts[block]
        )
        goal = by_key[starts[owner] + within]
        iou = _iou(truth.boxes[goal], found.boxes[owner])
        near = iou >= _IOU
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
