"""Resizes windows of images and of maps, by OpenCV and NumPy or by TensorFlow.

Images are resized bilinearly with half-pixel centers. Maps of classes or of numbers cannot be mixed
and show their nearest pixels.
"""

import functools
import math

import cv2
import numpy as np
import tensorflow as tf

from foi_tf.study.dataset import Channels, Size

_ALIGNMENT = 64  # Bytes. TensorFlow takes arrays over that begin at a multiple, and copies others.


def margin_color(mean: Channels) -> tuple[int, ...]:
    """Returns the color of the area beyond an image's edge: the mean, which normalizes to zero."""
    return tuple(round(255 * channel) for channel in mean)


def resize_by_opencv(
    pixels: np.ndarray, numbers: np.ndarray, *, crop: Size, color: tuple[int, ...]
) -> np.ndarray:
    """Cuts a window out of pixels [H, W, 3], shrinks, resizes and mirrors it.

    Args:
      numbers: int [8], since each argument of a Python function takes time: y and x of the window
        in `pixels`; its height and width after shrinking; the factor to shrink it by; height
        and width to resize it to, at most `crop`; whether to flip the result left to right.
      crop: (height, width) of the result.
      color: fills the area below and right of the window.

    Returns:
      uint8 [*crop, 3].
    """
    cv2.setNumThreads(0)  # Several images are resized in parallel; each needs one thread only.
    y, x, height, width, shrink, rows, columns, mirrored = numbers.tolist()
    seen = pixels[y : y + height * shrink, x : x + width * shrink]
    if shrink > 1:
        seen = cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA)
    placed = _allocate((*crop, 3), np.dtype(np.uint8))
    inside = placed[:rows, :columns]
    cv2.resize(seen, (columns, rows), dst=inside, interpolation=cv2.INTER_LINEAR)
    if mirrored:
        cv2.flip(inside, 1, dst=inside)
    margin = _make_margin(crop, color)
    placed[rows:] = margin[rows:]
    placed[:rows, columns:] = margin[:rows, columns:]
    return placed


@functools.cache
def _make_margin(crop: Size, color: tuple[int, ...]) -> np.ndarray:
    """Makes an image of one color, whose parts are copied faster than they are filled."""
    return np.full((*crop, 3), color, np.uint8)


def _allocate(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Allocates an array that a tensor can be made of without a copy."""
    size = math.prod(shape) * dtype.itemsize
    spare = np.empty(size + _ALIGNMENT, np.uint8)
    start = -spare.__array_interface__["data"][0] % _ALIGNMENT
    return spare[start : start + size].view(dtype).reshape(shape)


def resize_by_tensorflow(
    windows: tf.Tensor, shrink: tf.Tensor, out: tf.Tensor, crop: Size, mean: Channels, mirrored
) -> tf.Tensor:
    """Resizes as `resize_by_opencv` does, by operations that any worker and a saved model can run.

    OpenCV's bilinear weights have 11 bits, so pixels may differ by one.

    Args:
      windows: uint8 [B, H, W, 3]; their sides are multiples of `shrink`.
      shrink: the factor to shrink the windows by.
      out: int32 [2], (height, width) to resize the windows to, at most `crop`.
      crop: (height, width) of the result.
      mean: the color that fills the area below and right of the windows, in [0, 1].
      mirrored: whether to flip the result left to right.

    Returns:
      uint8 [B, *crop, 3].
    """
    height, width = tf.unstack(tf.shape(windows)[1:3] // shrink)
    blocks = tf.reshape(tf.cast(windows, tf.float32), [-1, height, shrink, width, shrink, 3])
    # Halves are rounded up, as in OpenCV.
    seen = tf.floor(tf.reduce_mean(blocks, [2, 4]) + 0.5)
    seen = tf.floor(tf.image.resize(seen, out) + 0.5)
    seen = tf.cond(mirrored, lambda: tf.reverse(seen, [2]), lambda: seen)
    color = tf.constant(margin_color(mean), tf.float32)
    beyond = [[0, crop[0] - out[0]], [0, crop[1] - out[1]]]
    shown = tf.pad(seen - color, [[0, 0], *beyond, [0, 0]]) + color
    return tf.ensure_shape(tf.cast(shown, tf.uint8), [windows.shape[0], *crop, 3])


def sample_by_opencv(
    pixels: np.ndarray, numbers: np.ndarray, *, crop: Size, outside: float
) -> np.ndarray:
    """Cuts a window out of a map [H, W, 1], and takes its pixels nearest to those of the result.

    Args:
      numbers: int [7]: y and x of the window, its height and width; height and width to show it
        at, at most `crop`; whether to flip the result left to right.
      crop: (height, width) of the result.
      outside: fills the area below and right of the window.

    Returns:
      [*crop, 1], of the type of `pixels`.
    """
    y, x, height, width, out_height, out_width, mirrored = numbers.tolist()
    rows = y + _find_nearest(height, np.arange(out_height), out_height)
    columns = _find_nearest(width, np.arange(out_width), out_width)
    # Whole rows are taken fast and single pixels slowly, so columns are taken as rows, too.
    turned = cv2.transpose(pixels[rows, x : x + width, 0])
    turned = turned.take(columns[::-1] if mirrored else columns, 0)
    placed = _allocate((*crop, 1), pixels.dtype)
    placed[out_height:] = placed[:out_height, out_width:] = outside
    cv2.transpose(turned, dst=placed[:out_height, :out_width, 0])
    return placed


def sample_by_tensorflow(
    pixels: tf.Tensor, numbers: tf.Tensor, crop: Size, outside: float
) -> tf.Tensor:
    """Does the same as `sample_by_opencv`, by operations that any worker can run."""
    y, x, height, width, out_height, out_width, mirrored = tf.unstack(numbers)
    rows = y + _find_nearest(height, tf.range(out_height), out_height)
    columns = x + _find_nearest(width, tf.range(out_width), out_width)
    columns = tf.cond(mirrored > 0, lambda: columns[::-1], lambda: columns)
    turned = tf.gather(tf.transpose(tf.gather(pixels[..., 0], rows)), columns)
    margins = [[0, crop[0] - out_height], [0, crop[1] - out_width]]
    return tf.pad(tf.transpose(turned), margins, constant_values=outside)[..., None]


def _find_nearest(size, indices, count):
    """Returns which of `size` pixels is under the center of each of `count` pixels."""
    return (2 * indices + 1) * size // (2 * count)
