"""Flips, rescales and crops whole examples: the unified augmentation (section 4.1).

A `views.View` holds all three. It is chosen first, so that only the pixels of its window are
decoded and resized, once. All annotations are mapped by the same view, so they stay true to
the image.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from foi_tf.data.input import resizing
from foi_tf.data.input.views import JPEG_RATIOS, View
from foi_tf.data.records import schema
from foi_tf.data.records.schema import FieldSpec, Geometry
from foi_tf.study.dataset import Channels, Dataset, Size

# A box that a crop cuts is kept if at least this share of its area is inside; ours.
MIN_VISIBLE = 0.25


def crop_image(
    picture: tf.Tensor, view: View, crop: Size, mean: Channels, *, native: bool = False
) -> tf.Tensor:
    """Cuts the window out of an image and resizes it, bilinearly with half-pixel centers.

    Eight bits a channel are enough until the device normalizes the pixels (see
    `models.transfer`), and take a quarter of the memory traffic of float32.

    Args:
      picture: uint8 [H, W, 3], or the bytes of a JPEG or PNG file. Of a JPEG file only the
        window is decoded.
      native: whether to resize by TensorFlow's own operations. They take three times as long
        as OpenCV, and pixels may differ by one. Workers that another process drives, such as
        those of a TPU slice, can run no other operations.

    Returns:
      uint8 [crop, 3], with the mean color below and right of the image.
    """

    def jpeg():
        # TensorFlow's default dct_method, INTEGER_FAST, for speed; see docs/choices.md. Ours.
        window = tf.stack([view.y, view.x, view.height, view.width])
        decoders = [
            functools.partial(
                tf.io.decode_and_crop_jpeg, picture, window // ratio, channels=3, ratio=ratio
            )
            for ratio in JPEG_RATIOS
        ]
        index = tf.reduce_sum([tf.cast(view.shrink >= r, tf.int32) for r in JPEG_RATIOS[1:]])
        return tf.switch_case(index, decoders), tf.constant([0, 0]), tf.constant(1)

    def png():
        return whole_image(tf.io.decode_png(picture, channels=3))

    def whole_image(pixels):
        return pixels, tf.stack([view.y, view.x]), view.shrink

    if picture.dtype == tf.string:
        pixels, corner, shrink = tf.cond(tf.io.is_jpeg(picture), jpeg, png)
    else:
        pixels, corner, shrink = whole_image(picture)
    window = tf.stack([view.height, view.width]) // view.shrink
    out = tf.stack([view.out_height, view.out_width])
    if native:
        (y, x), (height, width) = tf.unstack(corner), tf.unstack(window * shrink)
        seen = pixels[None, y : y + height, x : x + width]
        placed = resizing.resize_by_tensorflow(seen, shrink, out, crop, mean, view.mirrored)[0]
        return tf.ensure_shape(placed, (*crop, 3))
    numbers = tf.concat([corner, window, [shrink], out, [tf.cast(view.mirrored, tf.int32)]], 0)
    # It has to be stateless, or deterministic runs would map one image after the other.
    placed = tf.numpy_function(
        functools.partial(resizing.resize_by_opencv, crop=crop, color=resizing.margin_color(mean)),
        [pixels, numbers],
        tf.uint8,
        stateful=False,
    )
    return tf.ensure_shape(placed, (*crop, 3))


def crop_map(
    pixels: tf.Tensor, view: View, crop: Size, outside, *, native: bool = False
) -> tf.Tensor:
    """Cuts the window out of a map [H, W, 1] (mask or depth), and takes the nearest pixels.

    Args:
      native: as in `crop_image`; here it takes twice as long, and pixels are the same.

    Returns:
      [crop, 1], with `outside` below and right of the image.
    """
    numbers = tf.stack([*view[:6], tf.cast(view.mirrored, tf.int32)])
    if native:
        placed = resizing.sample_by_tensorflow(pixels, numbers, crop, outside)
    else:
        placed = tf.numpy_function(
            functools.partial(resizing.sample_by_opencv, crop=crop, outside=outside),
            [pixels, numbers],
            pixels.dtype,
            stateful=False,  # As in `crop_image`.
        )
    return tf.ensure_shape(placed, (*crop, 1))


def crop_depth(
    meters: tf.Tensor,
    view: View,
    crop: Size,
    limits: tuple[float, float] | None,
    *,
    native: bool = False,
) -> tf.Tensor:
    """Cuts the window out of depth [H, W, 1], divides by the view's zoom and clips to `limits`.

    An image that is magnified z times shows its objects as the same camera would from 1 / z
    of their distance. A network is not told the focal length and can only be right about one
    camera. If the depth were the same at all zooms, it would have to unlearn size as a cue.
    So depth is divided by the zoom, as Eigen et al. (NeurIPS 2014) do; the paper does not
    say. Whole images have zoom 1: they are evaluated in the meters of the annotation.
    Clipping comes last, so that depth beyond the range, like the sky, stays so at every zoom.

    Returns:
      float32 [crop, 1]; unknown depth (0) and the area beyond the image are 0.
    """
    return _clip_known(crop_map(meters, view, crop, 0, native=native) / view.zoom, limits)


def _clip_known(numbers: tf.Tensor, limits: tuple[float, float] | None) -> tf.Tensor:
    if limits is None:
        return numbers
    return tf.where(numbers > 0, tf.clip_by_value(numbers, *limits), 0.0)


def move_points(yx: tf.Tensor, view: View) -> tf.Tensor:
    """Moves points [..., 2] (y, x) from image pixels to crop pixels."""
    moved = (yx - tf.cast(tf.stack([view.y, view.x]), tf.float32)) * view.scale
    y, x = tf.unstack(moved, axis=-1)
    x = tf.where(view.mirrored, tf.cast(view.out_width, tf.float32) - x, x)
    return tf.stack([y, x], -1)


def crop_boxes(corners: tf.Tensor, view: View) -> tuple[tf.Tensor, tf.Tensor]:
    """Moves boxes [N, 4] from image pixels to crop pixels and cuts them at the window.

    Returns:
      The boxes, and bool [N]: which have at least `MIN_VISIBLE` of their area inside.
    """
    first, second = move_points(corners[:, :2], view), move_points(corners[:, 2:], view)
    moved = tf.concat([tf.minimum(first, second), tf.maximum(first, second)], 1)
    limit = tf.cast(tf.stack([view.out_height, view.out_width] * 2), tf.float32)
    cut = tf.clip_by_value(moved, 0.0, limit)
    return cut, _area(cut) >= MIN_VISIBLE * tf.maximum(_area(moved), 1e-6)


def _area(corners: tf.Tensor) -> tf.Tensor:
    sides = corners[:, 2:] - corners[:, :2]
    return sides[:, 0] * sides[:, 1]


def crop_keypoints(
    marks: tf.Tensor, view: View, flip_pairs: Sequence[tuple[int, int]]
) -> tf.Tensor:
    """Moves keypoints [M, K, 3] from image pixels to crop pixels.

    A mirrored view swaps left and right keypoints. Keypoints outside the crop become 0, 0, 0.
    """
    moved = move_points(marks[..., :2], view)
    limit = tf.cast(tf.stack([view.out_height, view.out_width]), tf.float32)
    inside = tf.reduce_all((moved >= 0) & (moved < limit), -1) & (marks[..., 2] > 0)
    kept = tf.where(inside[..., None], tf.concat([moved, marks[..., 2:]], -1), 0.0)
    order = list(range(marks.shape[1]))
    for left, right in flip_pairs:
        order[left], order[right] = order[right], order[left]
    return tf.where(view.mirrored, tf.gather(kept, order, axis=1), kept)


def augment_example(
    example: Mapping[str, Any], view: View, crop: Size, dataset: Dataset, *, native: bool = False
) -> dict[str, Any]:
    """Maps a parsed example to what the view shows of it.

    Args:
      example: fields of `schema`; those that it has are mapped, other keys are passed on.
        Its image is as `crop_image` takes it.
      dataset: its mean color fills the area beyond the edge, its pairs flip keypoints.
      native: see `crop_image`.

    Returns:
      The example with `image` uint8 [crop, 3], maps (`mask`, `depth`) [crop, 1],
      boxes and keypoints in crop pixels, without the objects of which the crop leaves too
      little (areas stay in image pixels), and `scale`, crop pixels per image pixel.
    """
    result = dict(example)
    result["image"] = crop_image(example["image"], view, crop, dataset.mean, native=native)
    result["scale"] = view.scale
    for task_type in schema.known_task_types():
        fields = [field for field in schema.fields_of(task_type) if field.name in example]
        for field in fields:
            if field.geometry in _CROPPED:
                crop_field = _CROPPED[field.geometry]
                value = example[field.name]
                result[field.name] = crop_field(value, field, view, crop, dataset, native)
        for field in fields:
            if field.geometry is Geometry.BOXES:
                result[field.name], visible = crop_boxes(example[field.name], view)
                names = [field.name for field in fields if field.is_per_object]
                result |= {name: tf.boolean_mask(result[name], visible) for name in names}
    return result


def _crop_class_map(
    mask, field: FieldSpec, view: View, crop: Size, dataset: Dataset, native: bool
) -> tf.Tensor:
    outside = schema.IGNORE[field.stored_dtype(dataset)]
    return crop_map(mask, view, crop, outside, native=native)


def _crop_real_map(
    numbers, field: FieldSpec, view: View, crop: Size, dataset: Dataset, native: bool
) -> tf.Tensor:
    limits = field.values.limits(dataset)
    if field.values.divided_by_zoom:
        return crop_depth(numbers, view, crop, limits, native=native)
    return _clip_known(crop_map(numbers, view, crop, 0, native=native), limits)


def _crop_points(
    points, field: FieldSpec, view: View, crop: Size, dataset: Dataset, native: bool
) -> tf.Tensor:
    del field, crop, native
    return crop_keypoints(points, view, dataset.flip_pairs)


# By geometry, a function (value, field, view, crop, dataset, native) -> value in the view. Boxes
# are handled apart, since they decide which objects are kept. Other fields do not change.
_CROPPED = {
    Geometry.CLASS_MAP: _crop_class_map,
    Geometry.REAL_MAP: _crop_real_map,
    Geometry.POINTS: _crop_points,
}
