"""Turns the predictions of a model for one image into the annotation that they stand for."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Predicted = Mapping[str, np.ndarray]


def make_annotation(
    task_type: str, found: Predicted, min_score: float
) -> tuple[dict[str, Any], str]:
    """Makes the fields of `data.records.schema` that predictions stand for.

    Args:
      task_type: a key of `tasks.TYPES`.
      found: what the task type's `decode` returns for one image, in pixels of the image.
      min_score: least score of an object.

    Returns:
      The fields by name, and words on objects: ", 2 of score 0.3 or more (best 0.91)".
    """
    return _MAKERS[task_type](found, min_score)


def _make_mask(found: Predicted, min_score: float) -> tuple[dict[str, Any], str]:
    del min_score
    mask = found["mask"]
    return {"mask": mask.astype(np.uint8 if mask.max() < 255 else np.uint16)}, ""


def _make_depth(found: Predicted, min_score: float) -> tuple[dict[str, Any], str]:
    del min_score
    return {"depth": found["depth"].astype(np.float32)}, ""


def _make_label(found: Predicted, min_score: float) -> tuple[dict[str, Any], str]:
    del min_score
    return {"label": int(found["label"])}, ""


def _make_boxes(found: Predicted, min_score: float) -> tuple[dict[str, Any], str]:
    kept, said = _choose_objects(found, min_score)
    fields = {
        "boxes": found["boxes"][kept],
        "box_labels": found["labels"][kept].astype(np.int64),
        "box_crowds": np.zeros(int(kept.sum()), bool),
    }
    return fields, said


def _make_keypoints(found: Predicted, min_score: float) -> tuple[dict[str, Any], str]:
    """Marks keypoints without a peak of their own as occluded, which are drawn as rings."""
    kept, said = _choose_objects(found, min_score)
    marks = found["keypoints"][kept].copy()
    marks[..., 2] = np.where(marks[..., 2] > 0, 2, 1)
    fields = {
        "keypoints": marks,
        "keypoint_boxes": found["boxes"][kept],
        "keypoint_crowds": np.zeros(len(marks), bool),
    }
    return fields, said


def _choose_objects(found: Predicted, min_score: float) -> tuple[np.ndarray, str]:
    """Marks the objects to draw, bool [n], and says how many those are."""
    scores = found["scores"]
    kept = (scores >= min_score) & (scores > 0)
    best = scores.max(initial=0)
    return kept, f", {int(kept.sum())} of score {min_score:g} or more (best {best:.2f})"


_MAKERS: dict[str, Callable[[Predicted, float], tuple[dict[str, Any], str]]] = {
    "segmentation": _make_mask,
    "depth": _make_depth,
    "classification": _make_label,
    "detection": _make_boxes,
    "keypoints": _make_keypoints,
}
