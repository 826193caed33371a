"""Relates the cells of a stride-4 feature map to the pixels of the network's input.

Cell (i, j) covers the pixels from (4 i, 4 j) on, as in `tasks.centernet` and in bilinear
upsampling with half-pixel centers. Its annotation is the annotation at its center.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from foi_tf.study.dataset import Size
from foi_tf.tasks import centernet


def find_inside_cells(example: Mapping[str, Any], crop: Size) -> tf.Tensor:
    """Finds the cells whose center is inside the image, not in the padding beyond it.

    Args:
      example: an augmented one, see `data.input.pipeline.Input.encode`.
      crop: (height, width) of the network's input.

    Returns:
      bool [ceil(H / 4), ceil(W / 4)].
    """
    size = tf.cast(example["original"]["size"], tf.float32) * example["scale"]
    # Less than one pixel too much, where the window leaves out what decoding could not shrink.
    height, width = tf.unstack(tf.floor(size + 1 / 16))
    rows, columns = (tf.constant(find_centers(side), tf.float32) for side in crop)
    return (rows < tf.maximum(height, 1 + rows[0]))[:, None] & (
        columns < tf.maximum(width, 1 + columns[0])
    )


def find_centers(side: int) -> np.ndarray:
    """Returns the pixels at the centers of the cells along a side of so many pixels."""
    stride = centernet.STRIDE
    return np.minimum(np.arange(0, side, stride) + stride // 2, side - 1)


def sample_pixels(pixels: tf.Tensor, unknown: int) -> tf.Tensor:
    """Samples a map [H, W, 1] at the centers of the cells; NaN where its value is `unknown`."""
    height, width = pixels.shape[:2]
    values = tf.gather(pixels[..., 0], find_centers(height))
    values = tf.cast(tf.gather(values, find_centers(width), axis=1), tf.float32)
    return tf.where(values == unknown, np.nan, values)


def scatter_points(yx: tf.Tensor, values: tf.Tensor, crop: Size) -> tf.Tensor:
    """Writes values [N, ...] into the cells that hold the points [N, 2]; NaN in other cells.

    Where several points share a cell, the last one counts.
    """
    shape = centernet.map_size(crop)
    places, _ = centernet.locate_cells(yx / centernet.STRIDE, shape)
    empty = tf.fill((*shape, *values.shape[1:]), np.float32(np.nan))
    return tf.tensor_scatter_nd_update(empty, places, tf.cast(values, tf.float32))
