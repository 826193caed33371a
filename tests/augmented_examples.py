"""Makes augmented examples with all annotations, in the form that `task.encode` takes."""

import tensorflow as tf

from foi_tf.study.dataset import Dataset

CLASSES = {"classification": 4, "segmentation": 5, "detection": 3, "keypoints": 4, "depth": 1}
ROW = Dataset(
    id="x", domain="aerial", train=1, val=1, classes=CLASSES, depth_range=(0.5, 10.0),
    mean=(0.5, 0.5, 0.5), std=(0.2, 0.2, 0.2),
)  # fmt: skip


def make_example(seed, crop):
    """Makes an example of a random image of twice the size of `crop`; `seed` may be a tensor."""

    def uniform(shape, number, *limits):
        return tf.random.stateless_uniform(shape, tf.stack([seed, number]), *limits)

    mask = uniform((*crop, 1), 1, 0, 5, tf.int32)
    size = tf.constant([2 * crop[0], 2 * crop[1]], tf.int64)
    # The last of three objects is a crowd, and the first has no visible keypoint.
    sides = tf.constant([crop, crop], tf.float32)
    corners = tf.sort(0.1 + 0.8 * uniform((3, 2, 2), 2), 1) * sides
    boxes = tf.reshape(corners + tf.constant([[0.0, 0], [3, 3]]), [3, 4])
    visible = tf.constant([[0.0] * 4, [2, 0, 1, 2], [2] * 4])
    marks = uniform((3, 4, 2), 3) * (boxes[:, None, 2:] - boxes[:, None, :2]) + boxes[:, None, :2]
    areas = 4 * (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    crowds = tf.constant([False, False, True])
    objects = {
        "box_labels": tf.constant([0, 2, 1], tf.int64),
        "box_areas": areas,
        "box_crowds": crowds,
        "keypoint_areas": areas,
        "keypoint_crowds": crowds,
    }
    return objects | {
        "image": tf.random.stateless_normal((*crop, 3), tf.stack([seed, 0])),
        "label": tf.cast(seed % 4, tf.int64),
        "mask": tf.cast(tf.where(mask == 4, 255, mask), tf.uint8),
        "depth": uniform((*crop, 1), 4, 0.0, 9.0),
        "boxes": boxes,
        "keypoints": _join_visibility(marks, visible),
        "keypoint_boxes": boxes,
        "size": size,
        "scale": tf.constant([0.5, 0.5]),
        "original": objects
        | {
            "boxes": 2 * boxes,
            "keypoints": _join_visibility(2 * marks, visible),
            "keypoint_boxes": 2 * boxes,
        },
    }


def _join_visibility(yx, visible):
    """Appends visibilities to keypoints; absent keypoints become zero."""
    return tf.where(visible[..., None] > 0, tf.concat([yx, visible[..., None]], -1), 0.0)
