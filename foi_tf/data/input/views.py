"""Chooses the window of an image that is shown, its size and whether it is mirrored."""

from typing import NamedTuple

import tensorflow as tf

from foi_tf.study.choices import Fit
from foi_tf.study.dataset import Size

JPEG_RATIOS = (1, 2, 4, 8)  # Factors that a JPEG decoder can shrink by while decoding.


class View(NamedTuple):
    """Describes a window of an image and how it is shown; scalar int32 tensors, in pixels.

    Attributes:
      y, x, height, width: the window, inside the image.
      out_height, out_width: the size that the window is resized to.
      shrink: the power of two by which decoding may shrink the image; it divides `y`, `x`,
        `height` and `width`, unless the image is smaller.
      mirrored: bool; whether the window is flipped left to right.
      zoom: float32; the magnification relative to the scale of `fit_whole_image`.
    """

    y: tf.Tensor
    x: tf.Tensor
    height: tf.Tensor
    width: tf.Tensor
    out_height: tf.Tensor
    out_width: tf.Tensor
    shrink: tf.Tensor
    mirrored: tf.Tensor
    zoom: tf.Tensor

    @property
    def scale(self) -> tf.Tensor:
        """Returns the output pixels per image pixel: float32 [2], (y, x)."""
        out = tf.stack([self.out_height, self.out_width])
        return tf.cast(out, tf.float32) / tf.cast(tf.stack([self.height, self.width]), tf.float32)


def fit_whole_image(size: tf.Tensor, crop: Size, fit: Fit = "inside") -> View:
    """Returns a view of the image at the scale at which one of its sides matches `crop`.

    This is how images are evaluated (section 4.1).

    Args:
      size: int [2], the image's (height, width).
      crop: (height, width) of the network's input; one side will match it.
      fit: "inside" shows the whole image, at the largest scale that fits into `crop`. "cover"
        shows the middle of the image, at the smallest scale that fills `crop`.
    """
    factor, place = tf.constant(1.0), tf.zeros(2)
    if fit == "cover":
        factor, place = find_cover_factor(size, crop), tf.constant([0.5, 0.5])
    view = _place_window(size, crop, factor, place, tf.constant(False), None)
    return view if fit == "inside" else view._replace(zoom=tf.constant(1.0))


def find_cover_factor(size: tf.Tensor, crop: Size) -> tf.Tensor:
    """Returns how many times larger an image is shown by the fit "cover" than by "inside"."""
    scales = tf.constant(crop, tf.float32) / tf.cast(size, tf.float32)
    return tf.reduce_max(scales) / tf.reduce_min(scales)


def draw_random_view(
    size: tf.Tensor,
    crop: Size,
    rescale: tuple[float, float],
    seed: tf.Tensor,
    boxes: tf.Tensor | None = None,
) -> View:
    """Draws a random mirroring, scale and crop, determined by `seed` (int [2]).

    With boxes, the crop always contains one of them whole, as section 4.1 asks for objects and
    keypoints. The factor of the scale is then drawn from that part of `rescale` at which at
    least one box fits into the crop. The box is chosen at random among those that fit. If none
    fits even at the lowest factor, the factor is the largest at which one does. It is never
    below 1, at which the whole image is seen. At the right and lower edge of an image that is
    shrunk while it is decoded, up to one pixel of the crop may be missing.

    Args:
      size: int [2], the image's (height, width).
      crop: (height, width) of the network's input.
      rescale: range of a uniform factor that multiplies the scale of `fit_whole_image`.
      boxes: float [N, 4], inside the image; None or N = 0 allow any crop.
    """
    seeds = tf.unstack(tf.random.split(seed, 4))
    if boxes is not None:
        rescale = _limit_rescale(boxes, size, crop, rescale)
    factor = tf.random.stateless_uniform((), seeds[0], *rescale)
    place = tf.random.stateless_uniform((2,), seeds[1])
    mirrored = tf.random.stateless_uniform((), seeds[2]) < 0.5
    inside = None if boxes is None else (boxes, seeds[3])
    return _place_window(size, crop, factor, place, mirrored, inside)


def _place_window(size, crop, factor, place, mirrored, inside) -> View:
    size = tf.cast(size, tf.int32)
    image, limit = tf.cast(size, tf.float32), tf.constant(crop, tf.float32)
    scale = factor * tf.reduce_min(limit / image)
    shrink = find_shrink_factor(scale, size)
    # A window on multiples of `shrink` is the same whether it is cut before or after shrinking.
    window = tf.minimum(size, tf.cast(tf.math.ceil(limit / scale), tf.int32))
    window = tf.maximum(window // shrink, 1) * shrink
    window = tf.minimum(window, size)
    room = (size - window) // shrink
    if inside is None:
        steps = tf.cast(place * (tf.cast(room, tf.float32) + 1), tf.int32)
    else:
        low, high = _range_with_object(*inside, size, window, room, shrink)
        steps = low + tf.cast(place * tf.cast(high - low + 1, tf.float32), tf.int32)
    corner = tf.clip_by_value(steps, 0, room) * shrink
    out = tf.cast(tf.round(tf.cast(window, tf.float32) * scale), tf.int32)
    out = tf.clip_by_value(out, 1, tf.constant(crop))
    sides = (*tf.unstack(corner), *tf.unstack(window), *tf.unstack(out))
    return View(*sides, shrink, mirrored, factor)


def find_shrink_factor(scale: tf.Tensor, sides: tf.Tensor) -> tf.Tensor:
    """Returns the power of two by which an image may be shrunk before it is resized to `scale`.

    Args:
      sides: int32 [2], sides of the part that is shrunk; of each, a pixel remains.
    """
    factors = tf.constant(JPEG_RATIOS)
    allowed = (1 / scale >= tf.cast(factors, scale.dtype)) & (factors <= tf.reduce_min(sides))
    return tf.reduce_max(tf.where(allowed, factors, 1))


def _limit_rescale(boxes, size, crop: Size, rescale: tuple[float, float]):
    """Limits the range of the factor to where at least one of the boxes fits into the crop."""
    image, limit = tf.cast(size, tf.float32), tf.constant(crop, tf.float32)
    # Windows are whole pixels of the shrunk image, which is at least as large as the crop. So a
    # box may need one image pixel and two pixels of the crop more than its own sides.
    scales = tf.maximum((limit - 2) / (boxes[:, 2:] - boxes[:, :2] + 1), limit / image)
    largest = tf.reduce_max(tf.reduce_min(scales, 1)) / tf.reduce_min(limit / image)
    low, high = rescale
    high = tf.where(tf.shape(boxes)[0] > 0, tf.minimum(largest, high), high)
    return tf.minimum(low, high), high


def _range_with_object(boxes, seed, size, window, room, shrink):
    """Returns the range of corners, in steps of `shrink`, whose window contains a random box.

    Without a box, it is the range of all corners.
    """
    step = tf.cast(shrink, tf.float32)
    first = tf.cast(tf.floor(boxes[:, :2] / step), tf.int32)
    last = tf.minimum(tf.cast(tf.math.ceil(boxes[:, 2:] / step), tf.int32), size // shrink)
    fits = tf.where(tf.reduce_all(last - first <= window // shrink, 1))[:, 0]

    def around_one():
        index = tf.random.stateless_uniform((), seed, 0, tf.shape(fits)[0], tf.int32)
        box = fits[index]
        return tf.clip_by_value(last[box] - window // shrink, 0, room), tf.minimum(first[box], room)

    return tf.cond(tf.shape(fits)[0] > 0, around_one, lambda: (tf.zeros(2, tf.int32), room))
