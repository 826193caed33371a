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
    evaluation = _evaluation(truth, found, images, classes, "bbox")
    evaluation.params.maxDets = [MAX_BOXES]
    return _mean_precision(evaluation)


def compute_oks_ap50(truth: Objects, found: Objects, images: int, sigmas: Sequence[float]) -> float:
    """Computes COCO's AP at a keypoint similarity of 0.5, at most 20 predictions per image.

    Annotated objects without any visible keypoint count as crowds. All labels must be 0.
    Returns NaN if no keypoint is annotated.
    """
    evaluation = _evaluation(truth, found, images, 1, "keypoints")
    evaluation.params.maxDets = [MAX_PEOPLE]
    evaluation.params.iouThrs = np.asarray([0.5])
    evaluation.params.kpt_oks_sigmas = np.asarray(sigmas, np.float64)
    return _mean_precision(evaluation)


def _evaluation(truth: Objects, found: Objects, images: int, classes: int, kind: str) -> COCOeval:
    """Sets up pycocotools' evaluation of "bbox" or "keypoints"."""
    evaluation = COCOeval(
        _coco(truth.records(), images, classes), _coco(found.records(), images, classes), kind
    )
    evaluation.params.areaRng, evaluation.params.areaRngLbl = [_ANY_AREA], ["all"]
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


def _mean_precision(evaluation: COCOeval) -> float:
    """Runs an evaluation and averages precision; NaN if no class is annotated."""
    # pycocotools prints to stdout, which is for machines.
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"]
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
    if found.scores is None or truth.crowds is None:
        raise ValueError("VOC's AP needs scores of predictions and crowds of annotations")
    goal = _nearest_truth(truth, found)
    order = np.argsort(-found.scores, kind="stable")
    goal, labels = goal[order], found.labels[order]
    _, firsts = np.unique(goal, return_index=True)
    first = np.zeros(len(goal), bool)
    first[firsts] = True
    crowd = (goal >= 0) & truth.crowds[goal] if len(truth.crowds) else np.zeros(len(goal), bool)
    right = (goal >= 0) & first & ~crowd
    precisions = []
    for label in range(classes):
        total = np.count_nonzero((truth.labels == label) & ~truth.crowds)
        if total:
            precisions.append(_area_under_curve(right[(labels == label) & ~crowd], total))
    return float(np.mean(precisions)) if precisions else float("nan")


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
