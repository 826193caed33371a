"""Counts the objects of each image that are among as many predictions as there are objects.

Average precision is of a whole set. This share, ours, is of a single image: for each class that
the image has, the best predictions count, as many as there are objects of it. It is 1 if these are
the objects, and needs no threshold of scores. Objects are found as for AP50: at an IoU, or
keypoint similarity, of at least 0.5.
"""

from collections.abc import Sequence

import numpy as np

_SIMILAR = 0.5


def count_found(
    scores: np.ndarray, labels: np.ndarray, truth: np.ndarray, similarity: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Counts the objects of one image that its best predictions find.

    Args:
      scores: [P] scores of predictions, 0 for none.
      labels: int [P], their classes.
      truth: int [T], classes of the objects; -1 for crowds, and where there is none.
      similarity: [P, T].
      classes: the number of classes.

    Returns:
      The objects that were found, and all objects, by class: uint16 [classes] each. Predictions
      of a crowd do not count.
    """
    found, total = np.zeros(classes, np.uint16), np.zeros(classes, np.uint16)
    similar = similarity >= _SIMILAR
    for label in np.unique(truth[truth >= 0]):
        own = np.flatnonzero(truth == label)
        total[label] = len(own)
        left = dict.fromkeys(own.tolist())
        order = np.flatnonzero((labels == label) & (scores > 0))
        counted = 0
        for place in order[np.argsort(-scores[order], kind="stable")]:
            if counted == len(own):
                break
            near = [goal for goal in left if similar[place, goal]]
            if not near and similar[place, truth < 0].any():
                continue
            counted += 1
            if near:
                del left[max(near, key=lambda goal: similarity[place, goal])]
                found[label] += 1
    return found, total


def box_similarity(boxes: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Returns the IoU of boxes [P, 4] and [T, 4] as [P, T]; 0 for empty boxes."""
    first, second = boxes[:, None].astype(np.float64), truth[None].astype(np.float64)
    low, high = (
        np.maximum(first[..., :2], second[..., :2]),
        np.minimum(first[..., 2:], second[..., 2:]),
    )
    common = (high - low).clip(0).prod(-1)
    areas = [(each[..., 2:] - each[..., :2]).prod(-1) for each in (first, second)]
    return common / np.maximum(areas[0] + areas[1] - common, 1e-12)


def keypoint_similarity(
    keypoints: np.ndarray, truth: np.ndarray, areas: np.ndarray, sigmas: Sequence[float]
) -> np.ndarray:
    """Returns COCO's object keypoint similarity (Appendix C) as [P, T].

    Args:
      keypoints: [P, K, 3] (y, x, score).
      truth: [T, K, 3] (y, x, visibility).
      areas: [T] areas of the annotated objects.
      sigmas: [K] falloffs.

    Returns:
      0 for objects without a visible keypoint.
    """
    squared = ((keypoints[:, None, :, :2] - truth[None, ..., :2]) ** 2).sum(-1)
    scale = 2 * np.asarray(sigmas) ** 2 * 4  # The square of twice the falloff, and the half of it.
    near = np.exp(-squared / scale / np.maximum(areas, 1e-12)[None, :, None])
    shown = truth[None, ..., 2] > 0
    return (near * shown).sum(-1) / np.maximum(shown.sum(-1), 1)
