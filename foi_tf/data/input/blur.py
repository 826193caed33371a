"""Gaussian blur of images; the one place that uses tensorflow-addons, where there is one.

Python 3.11 has it, 3.12 cannot import it. There the same filter is made of TensorFlow's own
operations, with the same numbers.
"""

import functools
from collections.abc import Callable

import tensorflow as tf


def blur(image: tf.Tensor, sigma: float, size: int) -> tf.Tensor:
    """Blurs an image [H, W, C], float, mirrored at its edges without repeating the last pixel.

    Args:
      sigma: standard deviation in pixels; a number, since tensorflow-addons takes no tensor.
      size: of the window that the Gaussian is cut to, odd, at most 2 * min(H, W) - 1.
    """
    return _filter()(image, size, sigma)


@functools.cache
def _filter() -> Callable[[tf.Tensor, int, float], tf.Tensor]:
    try:
        from tensorflow_addons.image import gaussian_filter2d
    except ImportError:
        return blur_separably
    return gaussian_filter2d


def blur_separably(image: tf.Tensor, size: int, sigma: float) -> tf.Tensor:
    """What `blur` does, without tensorflow-addons: one dimension after the other."""
    radius, channels = size // 2, image.shape[-1]
    offsets = tf.range(-radius, radius + 1, dtype=image.dtype)
    kernel = tf.nn.softmax(-(offsets**2) / (2 * sigma**2))
    padded = tf.pad(image, [[radius] * 2, [radius] * 2, [0, 0]], "REFLECT")[None]
    for shape in ((size, 1), (1, size)):
        filters = tf.tile(tf.reshape(kernel, (*shape, 1, 1)), [1, 1, channels, 1])
        padded = tf.nn.depthwise_conv2d(padded, filters, [1, 1, 1, 1], "VALID")
    return padded[0]
