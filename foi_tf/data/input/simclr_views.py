"""Makes two random views of an image for contrastive learning.

They follow SimCLR (arXiv 2002.05709, Appendix A). Views are made on the host, like all
augmentation: the windows differ in size from image to image, and only the result has a static
shape. The random numbers depend on the example's place in the stream. The device gets uint8
images.

The numbers are those of SimCLR and its code, except where they are marked as ours.
"""

import numpy as np
import tensorflow as tf

from foi_tf.data.input import augment, views
from foi_tf.data.input.blur import blur
from foi_tf.study.dataset import Channels, Size

ASPECT = (3 / 4, 4 / 3)  # Aspect ratio of the window, relative to that of the network's input.
JITTER, JITTER_HUE, JITTERED = 0.8, 0.2, 0.8  # Two strengths, and the share of jittered views.
GRAY = 0.2  # Share of gray views.
BLURRED, SIGMA = 0.5, (0.1, 2.0)  # Share of blurred views, and range of sigma in pixels.
_SIGMAS = 10  # Number of evenly spaced values of sigma; ours (see `blur`).
_WINDOW = 10  # The blur's window is the height of the input divided by this.
_ATTEMPTS = 100  # Attempts to draw a window of the right shape before it is the whole image.


def make_view_pair(
    picture: tf.Tensor,
    size: tf.Tensor,
    crop: Size,
    zoom: tuple[float, float],
    mean: Channels,
    seed: tf.Tensor,
    *,
    native: bool = False,
) -> tf.Tensor:
    """Makes two views of one image, independent of each other; uint8 [2, crop, 3].

    Args:
      picture: the image as `augment.crop_image` takes it.
      size: int [2], the image's (height, width).
      crop: (height, width) of the network's input.
      zoom: range of the magnification: z shows 1 / z**2 of the image's area. SimCLR's 8 % to
        100 % of the area are (1.0, 3.54). Numbers below 1 count as 1.
      mean: of the dataset's channels.
      seed: int [2]; determines both views.
      native: see `augment.crop_image`.
    """
    # A loop traces the many branches once instead of twice, which would take long.
    return tf.map_fn(
        lambda one: _make_view(picture, size, crop, zoom, mean, one, native),
        tf.random.split(seed, 2),
        fn_output_signature=tf.TensorSpec((*crop, 3), tf.uint8),
    )


def _make_view(picture, size, crop, zoom, mean, seed, native) -> tf.Tensor:
    window_seed, color_seed, blur_seed = tf.unstack(tf.random.split(seed, 3))
    view = draw_resized_crop(size, crop, zoom, window_seed)
    shown = augment.crop_image(picture, view, crop, mean, native=native)
    pixels = tf.cast(shown, tf.float32) / 255
    pixels = _blur_randomly(distort_colors(pixels, color_seed), blur_seed)
    return tf.cast(tf.round(255 * pixels), tf.uint8)


def draw_resized_crop(
    size: tf.Tensor, crop: Size, zoom: tuple[float, float], seed: tf.Tensor
) -> views.View:
    """Draws a random window that is resized to all of `crop`; half of the views are mirrored.

    The aspect ratio of the window is that of `crop` times a uniform number in `ASPECT`.
    """
    window_seed, flip_seed = tf.unstack(tf.random.split(seed, 2))
    size, ratio = tf.cast(size, tf.int32), crop[1] / crop[0]
    start, extent, _ = tf.image.stateless_sample_distorted_bounding_box(
        tf.concat([size, [3]], 0),
        tf.constant([[[0.0, 0.0, 1.0, 1.0]]]),
        window_seed,
        min_object_covered=0.0,
        aspect_ratio_range=[ratio * limit for limit in ASPECT],
        area_range=[min(1.0, 1 / z**2) for z in reversed(zoom)],
        max_attempts=_ATTEMPTS,
    )
    start, extent = start[:2], extent[:2]
    out = tf.constant(crop)
    shrink = views.find_shrink_factor(tf.reduce_max(out / extent), extent)
    # A window on multiples of `shrink` is the same whether it is cut before or after shrinking.
    sides = (*tf.unstack(start // shrink * shrink), *tf.unstack(extent // shrink * shrink))
    mirrored = tf.random.stateless_uniform((), flip_seed) < 0.5
    return views.View(*sides, *tf.unstack(out), shrink, mirrored, tf.constant(1.0))


def distort_colors(pixels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Distorts brightness, contrast, saturation and hue in random order, or turns to gray.

    Args:
      pixels: float32 [H, W, 3] in [0, 1].
      seed: int [2].

    Returns:
      float32 [H, W, 3] in [0, 1].
    """
    chances, order, *seeds = tf.unstack(tf.random.split(seed, 6))
    jittered, gray = tf.unstack(tf.random.stateless_uniform((2,), chances))
    order = tf.argsort(tf.random.stateless_uniform((4,), order))
    low, high = 1 - JITTER, 1 + JITTER
    changes = (
        lambda x: x * tf.random.stateless_uniform((), seeds[0], low, high),
        lambda x: tf.image.stateless_random_contrast(x, low, high, seeds[1]),
        lambda x: tf.image.stateless_random_saturation(x, low, high, seeds[2]),
        lambda x: tf.image.stateless_random_hue(x, JITTER_HUE, seeds[3]),
    )

    def jitter():
        x = pixels
        for place in range(len(changes)):
            x = tf.switch_case(order[place], [lambda f=f, x=x: f(x) for f in changes])
            x = tf.clip_by_value(x, 0.0, 1.0)
        return x

    pixels = tf.cond(jittered < JITTERED, jitter, lambda: pixels)
    return tf.cond(
        gray < GRAY,
        lambda: tf.repeat(tf.image.rgb_to_grayscale(pixels), 3, axis=-1),
        lambda: pixels,
    )


def _blur_randomly(pixels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Blurs the pixels with probability `BLURRED`."""
    window = pixels.shape[0] // _WINDOW // 2 * 2 + 1
    widths = np.linspace(*SIGMA, _SIGMAS).tolist()
    branches = [lambda width=width: blur(pixels, width, window) for width in widths]
    chance = tf.random.stateless_uniform((), seed) / BLURRED
    index = tf.cast(chance * len(branches), tf.int32)
    return tf.switch_case(tf.minimum(index, len(branches)), [*branches, lambda: pixels])
