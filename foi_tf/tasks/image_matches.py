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
    left: dict[int, list[int]] = {}
    for goal, label in enumerate(truth.tolist()):
        if label >= 0:
            left.setdefault(label, []).append(goal)
            total[label] += 1
    crowds = np.flatnonzero(truth < 0).tolist()
    counting = {label: len(goals) for label, goals in left.items()}
    # Plain lists, since a call of NumPy takes longer than the few comparisons of an image.
    similar, classes_found = (similarity >= _SIMILAR).tolist(), labels.tolist()
    order = np.argsort(-scores, kind="stable")
    for place in order[scores[order] > 0].tolist():
        label = classes_found[place]
        if not counting.get(label):
            continue
        near = [goal for goal in left[label] if similar[place][goal]]
        if not near and any(similar[place][crowd] for crowd in crowds):
            continue
        counting[label] -= 1
        if near:
            left[label].remove(max(near, key=lambda goal: similarity[place, goal]))
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
