"""Whole images of any size through a network of one input size, and predictions back.

What evaluation does with records (section 4.1), for images that are decoded already.
"""

import tensorflow as tf

from foi_tf.data.input import augment, resizing
from foi_tf.study.dataset import Channels, Size
from foi_tf.tasks import centernet
from foi_tf.tasks.base import Predictions


def fit_images(images: tf.Tensor, crop: Size, mean: Channels) -> tuple[tf.Tensor, augment.View]:
    """Brings images to the one scale where they fit into the network's input.

    Args:
      images: uint8 [B, H, W, 3]; all of one size, which may be unknown.

    Returns:
      uint8 [B, *crop, 3], the mean color beyond the edge; and the view that they show.
    """
    view = augment.fit_whole_image(tf.shape(images)[1:3], crop)
    windows = images[:, : view.height, : view.width]
    out = tf.stack([view.out_height, view.out_width])
    return resizing.resize_by_tensorflow(windows, view.shrink, out, crop, mean, view.mirrored), view


def restore_predictions(
    predictions: Predictions, view: augment.View, size: tf.Tensor
) -> Predictions:
    """Brings what a task's `decode` returns back to the pixels of the images.

    Maps ("mask", "depth") become those of the whole image, each pixel taking the nearest;
    "boxes" and "keypoints" are moved; what has no place in the image stays.

    Args:
      size: int32 [2], the (height, width) of the images.
    """
    maps = {n: _map(predictions[n], view, size) for n in ("mask", "depth") if n in predictions}
    if "boxes" in predictions:
        predictions = centernet.to_image_pixels(predictions, view.scale[None])
    return dict(predictions) | maps


def _map(values: tf.Tensor, view: augment.View, size: tf.Tensor) -> tf.Tensor:
    for axis, shown in ((1, view.out_height), (2, view.out_width)):
        centers = tf.range(size[axis - 1], dtype=tf.float32) + 0.5
        places = tf.cast(tf.floor(centers * view.scale[axis - 1]), tf.int32)
        values = tf.gather(values, tf.minimum(places, shown - 1), axis=axis)
    return values
