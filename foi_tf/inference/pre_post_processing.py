"""Fits whole images into a network's input, and restores predictions to the images.

These are the steps that evaluation applies to records (section 4.1), for decoded images.
"""

import tensorflow as tf

from foi_tf.data.input import resizing, views
from foi_tf.study.choices import Fit
from foi_tf.study.dataset import Channels, Size
from foi_tf.tasks.base import Predictions, TaskType


def fit_images(
    images: tf.Tensor, crop: Size, mean: Channels, fit: Fit = "inside"
) -> tuple[tf.Tensor, views.View]:
    """Resizes images to the single scale at which they fit into the network's input.

    Args:
      images: uint8 [B, H, W, 3], all of one size, which may be unknown.
      crop: (height, width) of the network's input.
      mean: color beyond the edge of the image, in [0, 1].
      fit: see `views.fit_whole_image`.

    Returns:
      uint8 [B, *crop, 3], and the view that they show.
    """
    view = views.fit_whole_image(tf.shape(images)[1:3], crop, fit)
    windows = images[:, view.y : view.y + view.height, view.x : view.x + view.width]
    out = tf.stack([view.out_height, view.out_width])
    return resizing.resize_by_tensorflow(windows, view.shrink, out, crop, mean, view.mirrored), view


def restore_predictions(
    task: TaskType, predictions: Predictions, view: views.View, size: tf.Tensor
) -> Predictions:
    """Converts predictions from the network's input to the pixels of the images.

    Maps become maps of the whole image, in which each pixel takes the nearest value, also where
    the view does not show it. Coordinates are converted. Other predictions stay as they are.

    Args:
      task: the task type, which knows the kinds of its predictions.
      predictions: what `task.decode` returns.
      view: the view that `fit_images` returned.
      size: int32 [2], the (height, width) of the images.
    """
    maps = {name: _restore_map(predictions[name], view, size) for name in task.prediction_maps}
    corner = tf.cast(tf.stack([view.y, view.x]), tf.float32)
    found = {
        name: _MOVE[name](values, corner) if name in _MOVE else values
        for name, values in task.to_image_pixels(predictions, view.scale[None]).items()
    }
    return found | maps


def _move_points(marks: tf.Tensor, corner: tf.Tensor) -> tf.Tensor:
    return tf.concat([marks[..., :2] + corner, marks[..., 2:]], -1)


# By name of a prediction, what moves its coordinates from the window to the image.
_MOVE = {
    "boxes": lambda corners, corner: corners + tf.tile(corner, [2]),
    "keypoints": _move_points,
}


def _restore_map(values: tf.Tensor, view: views.View, size: tf.Tensor) -> tf.Tensor:
    """Resizes a map [B, h, w] of the input to the whole image, by nearest pixels."""
    for axis, start, shown in ((1, view.y, view.out_height), (2, view.x, view.out_width)):
        centers = tf.cast(tf.range(size[axis - 1]) - start, tf.float32) + 0.5
        places = tf.cast(tf.floor(centers * view.scale[axis - 1]), tf.int32)
        values = tf.gather(values, tf.clip_by_value(places, 0, shown - 1), axis=axis)
    return values
