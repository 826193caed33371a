"""The contract that every example meets before it is written."""

from typing import Any

import numpy as np

from foi_tf.data.records import schema
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset

_EDGE = 0.5  # Pixels that a box may lie outside by rounding; ours.


def validate_example(
    example: schema.Example, dataset: Dataset, size: tuple[int, int], where: str
) -> schema.Example:
    """Returns the example with its boxes clipped to the image.

    Keypoints may lie outside their box, and outside the image, where augmentation takes
    them for unlabeled. A depth map that is unknown everywhere, or so near that records
    would say so, is no annotation, and is left out.

    Args:
      size: (height, width) of the decoded image.
      where: the file or record, for the error's text.

    Raises:
      FoiError: an annotation has another size than its image, a label is out of range,
        a box is empty or outside the image, a number is not finite, or a depth is
        negative or farther than records can tell.
    """
    example = dict(example)
    have = schema.annotated_task_types(example)
    if "classification" in have:
        _check_labels(np.asarray([example["label"]]), dataset, "classification", where)
    if "segmentation" in have:
        mask = np.asarray(example["mask"])
        _check_size(mask, size, "mask", where)
        _check_labels(mask[mask != schema.IGNORE[mask.dtype]], dataset, "segmentation", where)
    if "detection" in have:
        example["boxes"] = _check_boxes(example["boxes"], size, where)
        _check_labels(np.asarray(example["box_labels"]), dataset, "detection", where)
        _check_lengths(example, "boxes", schema.FIELDS["detection"], where)
    if "keypoints" in have:
        example["keypoint_boxes"] = _check_boxes(example["keypoint_boxes"], size, where)
        _check_keypoints(example["keypoints"], dataset.classes["keypoints"], where)
        _check_lengths(example, "keypoints", schema.FIELDS["keypoints"], where)
    if "depth" in have:
        _check_size(np.asarray(example["depth"]), size, "depth", where)
        if not _is_known_somewhere(np.asarray(example["depth"]), dataset, where):
            del example["depth"]
    return example


def _is_known_somewhere(depth: np.ndarray, dataset: Dataset, where: str) -> bool:
    if (depth < 0).any() or np.isinf(depth).any():
        raise FoiError(f"{where}: depth must be finite meters from 0; 0 or NaN is unknown")
    farthest = depth.max(where=depth > 0, initial=0)
    # Beyond a range it does not matter how far: depth is clipped to the range later.
    unit = schema.depth_unit(dataset)
    steps = round(farthest / unit)
    if dataset.depth_range is None and steps > schema.DEPTH_STEPS:
        raise FoiError(
            f"{where}: depth is up to {farthest:g} m, but {dataset.id} has no range, hence "
            f"records of {schema.DEPTH_STEPS * unit:g} m; own data: give 'range' in depth.json"
        )
    return steps > 0


def _check_size(annotation: np.ndarray, size: tuple[int, int], kind: str, where: str) -> None:
    if annotation.shape != tuple(size):
        shown = "x".join(map(str, annotation.shape))
        raise FoiError(f"{where}: {kind} is {shown}, but its image is {size[0]}x{size[1]}")


def _check_labels(labels: np.ndarray, dataset: Dataset, task_type: str, where: str) -> None:
    classes = dataset.classes[task_type]
    wrong = labels[(labels < 0) | (labels >= classes)]
    if wrong.size:
        note = " (255, or 65535 in 16 bits, is ignored)" if task_type == "segmentation" else ""
        raise FoiError(
            f"{where}: label {wrong.flat[0]}, "
            f"but {dataset.id}:{task_type} has {classes} classes{note}"
        )


def _check_boxes(boxes: Any, size: tuple[int, int], where: str) -> np.ndarray:
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    limit = np.asarray([size[0], size[1], size[0], size[1]], np.float32)
    if not np.isfinite(boxes).all():
        raise FoiError(f"{where}: box {np.argwhere(~np.isfinite(boxes))[0][0]} is not finite")
    outside = ((boxes < -_EDGE) | (boxes > limit + _EDGE)).any(axis=1)
    clipped = boxes.clip(0, limit)
    empty = (clipped[:, 2] <= clipped[:, 0]) | (clipped[:, 3] <= clipped[:, 1])
    for problem, rows in (("empty", empty), ("outside the image", outside)):
        if rows.any():
            index = int(np.argmax(rows))
            shown = ", ".join(f"{v:g}" for v in boxes[index])
            raise FoiError(
                f"{where}: box {index} (ymin, xmin, ymax, xmax = {shown}) is {problem} "
                f"({size[0]}x{size[1]}); clip or remove it"
            )
    return clipped


def _check_keypoints(keypoints: Any, count: int, where: str) -> None:
    keypoints = np.asarray(keypoints)
    if keypoints.ndim != 3 or keypoints.shape[1:] != (count, 3):
        raise FoiError(f"{where}: keypoints have shape {keypoints.shape}, not [M, {count}, 3]")
    if not np.isfinite(keypoints).all() or not np.isin(keypoints[..., 2], (0, 1, 2)).all():
        raise FoiError(f"{where}: keypoints must be finite (y, x, visibility 0, 1 or 2)")


def _check_lengths(example: schema.Example, key: str, names: tuple[str, ...], where: str) -> None:
    for name in names:
        if len(example[name]) != len(example[key]):
            raise FoiError(f"{where}: {len(example[name])} {name} for {len(example[key])} {key}")
