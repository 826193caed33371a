"""Blurs images with a Gaussian, by tensorflow-addons where it is installed.

tensorflow-addons works in Python 3.11, and cannot be imported in 3.12. There the same filter
is built from TensorFlow's own operations and gives the same numbers.
"""

import functools
from collections.abc import Callable

import tensorflow as tf


def blur(image: tf.Tensor, sigma: float, size: int) -> tf.Tensor:
    """Blurs an image, float [H, W, C].

    At its edges the image is continued by its mirror image, without repeating the last pixel.

    Args:
      sigma: standard deviation in pixels; a number, since tensorflow-addons takes no tensor.
      size: side of the window that the Gaussian is cut to; odd, at most 2 * min(H, W) - 1.
    """
    return _find_filter()(image, size, sigma)


@functools.cache
def _find_filter() -> Callable[[tf.Tensor, int, float], tf.Tensor]:
    try:
        from tensorflow_addons.image import gaussian_filter2d
    except ImportError:
        return blur_separably
    return gaussian_filter2d


def blur_separably(image: tf.Tensor, size: int, sigma: float) -> tf.Tensor:
    """Blurs as `blur` does, without tensorflow-addons: one dimension after the other."""
    radius, channels = size // 2, image.shape[-1]
    offsets = tf.range(-radius, radius + 1, dtype=image.dtype)
    kernel = tf.nn.softmax(-(offsets**2) / (2 * sigma**2))
    padded = tf.pad(image, [[radius] * 2, [radius] * 2, [0, 0]], "REFLECT")[None]
    for shape in ((size, 1), (1, size)):
        filters = tf.tile(tf.reshape(kernel, (*shape, 1, 1)), [1, 1, channels, 1])
        padded = tf.nn.depthwise_conv2d(padded, filters, [1, 1, 1, 1], "VALID")
    return padded[0]
