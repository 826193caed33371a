"""Fits whole images into a network's input, and restores predictions to the images.

These are the steps that evaluation applies to records (section 4.1), for decoded images.
"""

import tensorflow as tf

from foi_tf.data.input import resizing, views
from foi_tf.study.dataset import Channels, Size
from foi_tf.tasks.base import Predictions, TaskType


def fit_images(images: tf.Tensor, crop: Size, mean: Channels) -> tuple[tf.Tensor, views.View]:
    """Resizes images to the single scale at which they fit into the network's input.

    Args:
      images: uint8 [B, H, W, 3], all of one size, which may be unknown.
      crop: (height, width) of the network's input.
      mean: color beyond the edge of the image, in [0, 1].

    Returns:
      uint8 [B, *crop, 3], and the view that they show.
    """
    view = views.fit_whole_image(tf.shape(images)[1:3], crop)
    windows = images[:, : view.height, : view.width]
    out = tf.stack([view.out_height, view.out_width])
    return resizing.resize_by_tensorflow(windows, view.shrink, out, crop, mean, view.mirrored), view


def restore_predictions(
    task: TaskType, predictions: Predictions, view: views.View, size: tf.Tensor
) -> Predictions:
    """Converts predictions from the network's input to the pixels of the images.

    Maps become maps of the whole image, in which each pixel takes the nearest value.
    Coordinates are converted. Other predictions stay as they are.

    Args:
      task: the task type, which knows the kinds of its predictions.
      predictions: what `task.decode` returns.
      view: the view that `fit_images` returned.
      size: int32 [2], the (height, width) of the images.
    """
    maps = {name: _restore_map(predictions[name], view, size) for name in task.prediction_maps}
    return dict(task.to_image_pixels(predictions, view.scale[None])) | maps


def _restore_map(values: tf.Tensor, view: views.View, size: tf.Tensor) -> tf.Tensor:
    """Resizes a map [B, h, w] of the input to the whole image, by nearest pixels."""
    for axis, shown in ((1, view.out_height), (2, view.out_width)):
        centers = tf.range(size[axis - 1], dtype=tf.float32) + 0.5
        places = tf.cast(tf.floor(centers * view.scale[axis - 1]), tf.int32)
        values = tf.gather(values, tf.minimum(places, shown - 1), axis=axis)
    return values
