"""The annotation at single cells of a feature map, whatever the task type.

A cell (i, j) is answerable for the pixels from (4i, 4j) on, as in `tasks.centernet` and as
bilinear upsampling with half-pixel centers has it; its annotation is that at its center.
"""

import numpy as np
import tensorflow as tf

from foi_tf.data.records import schema
from foi_tf.study.dataset import Dataset, Size
from foi_tf.tasks import centernet


def inside(example, crop: Size) -> tf.Tensor:
    """bool [ceil(H / 4), ceil(W / 4)]: the cells whose center is in the image, not beyond."""
    size = tf.cast(example["original"]["size"], tf.float32) * example["scale"]
    # Less than one pixel too much, where the window leaves out what decoding could not shrink.
    height, width = tf.unstack(tf.floor(size + 1 / 16))
    rows, columns = (tf.constant(_centers(side), tf.float32) for side in crop)
    return (rows < tf.maximum(height, 1 + rows[0]))[:, None] & (
        columns < tf.maximum(width, 1 + columns[0])
    )


def targets(example, task_type: str, crop: Size, dataset: Dataset) -> tf.Tensor:
    """float32 [ceil(H / 4), ceil(W / 4)]: the annotation of each cell, NaN where it has none.

    Class ids of masks; meters of depth; the class ids of boxes at the cells of their
    centers; the indices of keypoints at the cells that they are in. Where several boxes or
    points share a cell, the last one counts.

    Args:
      example: an augmented one, see `data.input.augment.apply`.
    """
    if task_type == "segmentation":
        ignored = schema.IGNORE[schema.mask_dtype(dataset)]
        return _sampled(example["mask"], ignored)
    if task_type == "depth":
        return _sampled(example["depth"], 0)
    if task_type == "detection":
        single = ~example["box_crowds"]
        boxes = tf.boolean_mask(example["boxes"], single)
        labels = tf.boolean_mask(example["box_labels"], single)
        return _scattered((boxes[:, :2] + boxes[:, 2:]) / 2, labels, crop)
    seen = example["keypoints"][..., 2] > 0
    kinds = tf.where(seen)[:, 1]
    return _scattered(tf.boolean_mask(example["keypoints"], seen)[:, :2], kinds, crop)


def _centers(side: int) -> np.ndarray:
    stride = centernet.STRIDE
    return np.minimum(np.arange(0, side, stride) + stride // 2, side - 1)


def _sampled(pixels: tf.Tensor, nothing: int) -> tf.Tensor:
    height, width = pixels.shape[:2]
    values = tf.gather(tf.gather(pixels[..., 0], _centers(height)), _centers(width), axis=1)
    values = tf.cast(values, tf.float32)
    return tf.where(values == nothing, np.nan, values)


def _scattered(yx: tf.Tensor, values: tf.Tensor, crop: Size) -> tf.Tensor:
    shape = centernet.map_size(crop)
    places, _ = centernet.locate(yx / centernet.STRIDE, shape)
    empty = tf.fill(shape, np.float32(np.nan))
    return tf.tensor_scatter_nd_update(empty, places, tf.cast(values, tf.float32))
