"""Resizes windows of images, bilinearly with half-pixel centers, by OpenCV or by TensorFlow."""

import cv2
import numpy as np
import tensorflow as tf

from foi_tf.study.dataset import Channels, Size


def margin_color(mean: Channels) -> tuple[int, ...]:
    """Returns the color of the area beyond an image's edge: the mean, which normalizes to zero."""
    return tuple(round(255 * channel) for channel in mean)


def resize_by_opencv(
    pixels, corner, window, shrink, out, mirrored, *, crop: Size, color: tuple[int, ...]
) -> np.ndarray:
    """Cuts a window out of pixels [H, W, 3], shrinks, resizes and mirrors it.

    Args:
      corner: (y, x) of the window in `pixels`.
      window: (height, width) of the window after shrinking.
      shrink: the factor to shrink the window by.
      out: (height, width) to resize the window to, at most `crop`.
      mirrored: whether to flip the result left to right.
      crop: (height, width) of the result.
      color: fills the area below and right of the window.

    Returns:
      uint8 [*crop, 3].
    """
    cv2.setNumThreads(0)  # Several images are resized in parallel; each needs one thread only.
    (y, x), (height, width) = corner, window * shrink
    seen = pixels[y : y + height, x : x + width]
    if shrink > 1:
        seen = cv2.resize(seen, window[::-1].tolist(), interpolation=cv2.INTER_AREA)
    seen = cv2.resize(seen, out[::-1].tolist(), interpolation=cv2.INTER_LINEAR)
    if mirrored:
        seen = cv2.flip(seen, 1)
    below, right = (np.asarray(crop) - out).tolist()
    if not (below or right):
        return seen
    return cv2.copyMakeBorder(seen, 0, below, 0, right, cv2.BORDER_CONSTANT, value=color)


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
