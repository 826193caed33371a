"""Makes annotated objects, and predictions that are about right."""

import numpy as np

from foi_tf.tasks.objects import Objects


def jitter(rng, truth, classes, *, extra=0.3):
    """Makes predictions: noisy truth, some twice or of another class, and some without object."""
    rows = np.concatenate([np.arange(len(truth.images))] * 2)
    rows = rows[rng.uniform(size=len(rows)) < 0.7]
    sides = np.tile(truth.boxes[rows, 2:] - truth.boxes[rows, :2], 2)
    boxes = truth.boxes[rows] + rng.normal(0, 0.12, sides.shape) * sides
    labels = truth.labels[rows]
    wrong = rng.uniform(size=len(rows)) < 0.1
    labels = np.where(wrong, rng.integers(0, classes, len(rows)), labels)
    count = int(extra * len(rows))
    corners = rng.uniform(0, 200, (count, 2))
    spurious = np.concatenate([corners, corners + rng.uniform(5, 90, (count, 2))], 1)
    marks = None
    if truth.keypoints is not None:
        yx = truth.keypoints[rows, :, :2]
        yx = yx + rng.normal(0, 0.07, yx.shape) * sides[:, None, :2]
        lost = rng.uniform(0, 200, (count, yx.shape[1], 2))
        yx = np.concatenate([yx, lost])
        marks = np.concatenate([yx, rng.uniform(size=(*yx.shape[:2], 1))], -1).astype(np.float32)
    images = rng.integers(0, truth.images.max() + 1, count)
    scores = rng.uniform(0.01, 1, len(rows) + count)
    return Objects(
        images=np.concatenate([truth.images[rows], images]),
        labels=np.concatenate([labels, rng.integers(0, classes, count)]),
        boxes=np.concatenate([boxes, spurious]).astype(np.float32),
        # Rounded, so that some scores are equal.
        scores=np.round(scores, 2).astype(np.float32),
        keypoints=marks,
    )


def random_truth(rng, images, classes, most=12, keypoints=0):
    """Makes annotated objects of some images; the first image and the last class have none."""
    counts = rng.integers(0, most, images)
    counts[0] = 0
    image = np.repeat(np.arange(images), counts)
    corners = rng.uniform(0, 200, (len(image), 2))
    sides = rng.uniform(4, 120, (len(image), 2))
    marks = None
    if keypoints:
        yx = corners[:, None] + rng.uniform(size=(len(image), keypoints, 2)) * sides[:, None]
        visible = rng.integers(0, 3, (len(image), keypoints, 1))
        visible[rng.uniform(size=len(image)) < 0.15] = 0
        marks = np.concatenate([yx, visible], -1) * (visible > 0)
    return Objects(
        images=image,
        # The last class has no annotation.
        labels=rng.integers(0, max(1, classes - 1), len(image)),
        boxes=np.concatenate([corners, corners + sides], 1).astype(np.float32),
        crowds=rng.uniform(size=len(image)) < 0.15,
        keypoints=None if marks is None else marks.astype(np.float32),
        areas=(0.7 * sides.prod(1)).astype(np.float32),
    )


def objects(boxes, **columns):
    """Makes objects of image 0 and class 0, unless `columns` say otherwise."""
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    zeros = np.zeros(len(boxes), int)
    columns = {name: np.asarray(value) for name, value in columns.items()}
    return Objects(**{"images": zeros, "labels": zeros, "boxes": boxes} | columns)
