"""Computes average precision of boxes and keypoints by COCO's rules (Appendix C)."""

from collections.abc import Sequence

import numpy as np

from foi_tf.tasks.coco_evaluation import compute_precision
from foi_tf.tasks.objects import ANY_AREA, AREAS, Objects

MAX_BOXES, MAX_PEOPLE = 100, 20  # COCO's limits on the predictions of an image.


def compute_box_map(truth: Objects, found: Objects, images: int, classes: int) -> float:
    """Computes COCO's mAP: IoU 0.5, 0.55 ... 0.95, 101 recalls, at most 100 boxes per image.

    Returns NaN if nothing but crowds is annotated.
    """
    return _average(compute_precision(truth, found, images, classes, [ANY_AREA], MAX_BOXES))


def compute_box_map_parts(
    truth: Objects, found: Objects, images: int, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Computes COCO's mAP of each class, [classes], and of small, medium and large objects, [3].

    NaN where a class or a size has no object.
    """
    areas = [ANY_AREA, *AREAS]
    return _split(compute_precision(truth, found, images, classes, areas, MAX_BOXES))


def compute_oks_ap50(truth: Objects, found: Objects, images: int, sigmas: Sequence[float]) -> float:
    """Computes COCO's AP at a keypoint similarity of 0.5, at most 20 predictions per image.

    Annotated objects without any visible keypoint count as crowds. All labels must be 0.
    Returns NaN if no keypoint is annotated.
    """
    return _average(compute_precision(truth, found, images, 1, [ANY_AREA], MAX_PEOPLE, sigmas))


def compute_oks_ap50_parts(
    truth: Objects, found: Objects, images: int, sigmas: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Computes AP of the only class, [1], and of small, medium and large objects, [3]."""
    areas = [ANY_AREA, *AREAS]
    return _split(compute_precision(truth, found, images, 1, areas, MAX_PEOPLE, sigmas))


def _split(precision: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the means of each class in the first area, and of each of the other areas."""
    classes, areas = precision.shape[2:]
    return (
        np.array([_average(precision[:, :, label, 0]) for label in range(classes)]),
        np.array([_average(precision[:, :, :, area]) for area in range(1, areas)]),
    )


def _average(precision: np.ndarray) -> float:
    """Averages precision; NaN if no class is annotated."""
    # A class without annotation has -1.
    return float(np.mean(precision[precision > -1])) if (precision > -1).any() else float("nan")
