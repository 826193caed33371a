"""The unified augmentation (section 4.1): flip, rescale and crop of a whole example.

All three are one `View`: a window of the image, the size it is resized to, and whether
it is mirrored. The window is chosen first, so that only its pixels are decoded and
resized, once; every annotation goes through the same numbers, hence stays true to them.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from foi_tf.data.input import resizing
from foi_tf.data.records import schema
from foi_tf.study.dataset import Channels, Dataset, Size

# A box that a crop cuts stays while this share of its area is inside; ours.
MIN_VISIBLE = 0.25
_JPEG_RATIOS = (1, 2, 4, 8)  # What a JPEG decoder can shrink by on its way.


class View(NamedTuple):
    """A window of an image and what becomes of it; scalar int32 tensors, pixels.

    Attributes:
      y, x, height, width: the window, inside the image.
      out_height, out_width: the size that the window is resized to.
      shrink: power of two by which decoding may shrink it; divides all of the window.
      mirrored: bool; flipped left to right.
      zoom: float32; magnification on top of the scale of `fit_whole_image`.
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
        """float32 [2]: output pixels per image pixel, (y, x)."""
        out = tf.stack([self.out_height, self.out_width])
        return tf.cast(out, tf.float32) / tf.cast(tf.stack([self.height, self.width]), tf.float32)


def fit_whole_image(size: tf.Tensor, crop: Size) -> View:
    """The whole image at the one scale where it fits into `crop` (section 4.1).

    Args:
      size: int [2], the image's (height, width).
      crop: (height, width) of the network's input; one side will match it.
    """
    return _view(size, crop, tf.constant(1.0), tf.zeros(2), tf.constant(False), None)


def draw_random_view(
    size: tf.Tensor,
    crop: Size,
    rescale: tuple[float, float],
    seed: tf.Tensor,
    boxes: tf.Tensor | None = None,
) -> View:
    """A random mirroring, scale and crop, determined by `seed` (int [2]).

    Args:
      rescale: range of the factor on top of the scale of `fit_whole_image`, uniform.
      boxes: float [N, 4]; where given, the crop contains one of them, chosen at random
        among those that fit, as section 4.1 asks for objects and keypoints.
    """
    seeds = tf.unstack(tf.random.split(seed, 4))
    factor = tf.random.stateless_uniform((), seeds[0], *rescale)
    place = tf.random.stateless_uniform((2,), seeds[1])
    mirrored = tf.random.stateless_uniform((), seeds[2]) < 0.5
    inside = None if boxes is None else (boxes, seeds[3])
    return _view(size, crop, factor, place, mirrored, inside)


def _view(size, crop, factor, place, mirrored, inside) -> View:
    size = tf.cast(size, tf.int32)
    image, limit = tf.cast(size, tf.float32), tf.constant(crop, tf.float32)
    scale = factor * tf.reduce_min(limit / image)
    shrink = shrink_by(scale)
    # On multiples of `shrink` a window is the same whether it is cut before or after.
    window = tf.minimum(size, tf.cast(tf.math.ceil(limit / scale), tf.int32))
    window = tf.maximum(window // shrink, 1) * shrink
    window = tf.minimum(window, size)
    room = (size - window) // shrink
    if inside is None:
        steps = tf.cast(place * (tf.cast(room, tf.float32) + 1), tf.int32)
    else:
        low, high = _range_with_object(*inside, window, room, shrink)
        steps = low + tf.cast(place * tf.cast(high - low + 1, tf.float32), tf.int32)
    corner = tf.clip_by_value(steps, 0, room) * shrink
    out = tf.cast(tf.round(tf.cast(window, tf.float32) * scale), tf.int32)
    out = tf.clip_by_value(out, 1, tf.constant(crop))
    sides = (*tf.unstack(corner), *tf.unstack(window), *tf.unstack(out))
    return View(*sides, shrink, mirrored, factor)


def shrink_by(scale: tf.Tensor) -> tf.Tensor:
    """The power of two that an image may be shrunk by before it is brought to `scale`."""
    return tf.reduce_sum([tf.cast(1 / scale >= r, tf.int32) * r // 2 for r in _JPEG_RATIOS[1:]]) + 1


def _range_with_object(boxes, seed, window, room, shrink):
    """Corners, in steps of `shrink`, whose window holds one box whole; all if none fits."""
    size = tf.cast(window, tf.float32)
    fits = tf.where(tf.reduce_all(boxes[:, 2:] - boxes[:, :2] <= size, 1))[:, 0]

    def around_one():
        count = tf.shape(fits)[0]
        index = tf.random.stateless_uniform((), seed, 0, count, tf.int32)
        box = boxes[fits[index]]
        step = tf.cast(shrink, tf.float32)
        low = tf.cast(tf.math.ceil(tf.maximum(box[2:] - size, 0) / step), tf.int32)
        high = tf.cast(tf.floor(box[:2] / step), tf.int32)
        low = tf.minimum(low, room)
        return low, tf.clip_by_value(high, low, room)

    return tf.cond(tf.shape(fits)[0] > 0, around_one, lambda: (tf.zeros(2, tf.int32), room))


def crop_image(
    picture: tf.Tensor, view: View, crop: Size, mean: Channels, *, native: bool = False
) -> tf.Tensor:
    """Takes the window of an image; uint8 [crop, 3], the mean color beyond its edge.

    Bilinear, half-pixel centers. Eight bits are enough until the device normalizes them
    (see `models.transfer`), and a quarter of the memory traffic.

    Args:
      picture: the bytes of a JPEG or PNG, of which only the window is decoded where the
        format allows, or uint8 [H, W, 3].
      native: whether to resize by TensorFlow's own operations, which take three times as long
        as OpenCV: a pixel may differ by one. Workers that another process drives, as those of a
        TPU slice, can run no others.
    """

    def jpeg():
        window = tf.stack([view.y, view.x, view.height, view.width])
        decoders = [
            functools.partial(
                tf.io.decode_and_crop_jpeg, picture, window // ratio, channels=3, ratio=ratio
            )
            for ratio in _JPEG_RATIOS
        ]
        index = tf.reduce_sum([tf.cast(view.shrink >= r, tf.int32) for r in _JPEG_RATIOS[1:]])
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
    # Stateless, or deterministic runs would map one image after the other.
    placed = tf.numpy_function(
        functools.partial(resizing.resize_by_opencv, crop=crop, color=resizing.margin_color(mean)),
        [pixels, corner, window, shrink, out, view.mirrored],
        tf.uint8,
        stateful=False,
    )
    return tf.ensure_shape(placed, (*crop, 3))


def crop_map(pixels: tf.Tensor, view: View, crop: Size, outside) -> tf.Tensor:
    """Takes the nearest pixel of a map [H, W, 1] (mask or depth); [crop, 1], `outside` beyond."""
    rows = view.y + _nearest(view.height, view.out_height)
    columns = view.x + _nearest(view.width, view.out_width)
    columns = tf.cond(view.mirrored, lambda: columns[::-1], lambda: columns)
    # Gathers copy whole rows fast and single pixels slowly, hence across, turned.
    turned = tf.gather(tf.transpose(tf.gather(pixels[..., 0], rows)), columns)
    margins = [[0, crop[0] - view.out_height], [0, crop[1] - view.out_width]]
    placed = tf.pad(tf.transpose(turned), margins, constant_values=outside)
    return tf.ensure_shape(placed, crop)[..., None]


def _nearest(size: tf.Tensor, out: tf.Tensor) -> tf.Tensor:
    """int32 [out]: the pixel, of `size`, under the center of each of `out` pixels."""
    return (2 * tf.range(out) + 1) * size // (2 * out)


def crop_depth(
    meters: tf.Tensor, view: View, crop: Size, limits: tuple[float, float] | None
) -> tf.Tensor:
    """Takes depth [H, W, 1] along, divided by the view's zoom and clipped to `limits`.

    Magnified z times, an image shows its objects as the same camera would from 1 / z of
    their distance. A network is told nothing of focal lengths and can only be right about
    one camera; asked for one depth at all zooms, it would have to unlearn size as a cue.
    So depth is divided by the zoom, as Eigen et al. (NeurIPS 2014) do; the paper does not
    say. Whole images have zoom 1: what is evaluated is in the meters of the annotation.
    Clipped after that, for what is beyond the range, as the sky, to stay so at every zoom.

    Returns:
      float32 [crop, 1]; what is unknown (0), and all beyond the image, is 0.
    """
    seen = crop_map(meters, view, crop, 0) / view.zoom
    if limits is None:
        return seen
    return tf.where(seen > 0, tf.clip_by_value(seen, *limits), 0.0)


def move_points(yx: tf.Tensor, view: View) -> tf.Tensor:
    """Moves points [..., 2] (y, x) from image pixels to crop pixels."""
    moved = (yx - tf.cast(tf.stack([view.y, view.x]), tf.float32)) * view.scale
    y, x = tf.unstack(moved, axis=-1)
    x = tf.where(view.mirrored, tf.cast(view.out_width, tf.float32) - x, x)
    return tf.stack([y, x], -1)


def crop_boxes(corners: tf.Tensor, view: View) -> tuple[tf.Tensor, tf.Tensor]:
    """Moves boxes [N, 4] along and cuts them at the window.

    Returns:
      The boxes, and bool [N]: those with at least `MIN_VISIBLE` of their area inside.
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
    """Moves keypoints [M, K, 3] along; left and right swap when mirrored; outside is 0, 0, 0."""
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
    """Maps a parsed example, its image as `crop_image` takes it, to what the view shows of it.

    Args:
      example: fields of `schema`; those present are mapped, others are passed on.
      dataset: its mean color goes beyond the edge, its pairs flip keypoints.
      native: see `crop_image`.

    Returns:
      The example with `image` uint8 [crop, 3], `mask` and `depth` [crop, 1],
      boxes and keypoints in crop pixels, those that the crop leaves too little of
      dropped (areas stay in image pixels), and `scale`, crop pixels per image pixel.
    """
    result = dict(example)
    result["image"] = crop_image(example["image"], view, crop, dataset.mean, native=native)
    result["scale"] = view.scale
    if "mask" in example:
        outside = schema.IGNORE[schema.mask_dtype(dataset)]
        result["mask"] = crop_map(example["mask"], view, crop, outside)
    if "depth" in example:
        result["depth"] = crop_depth(example["depth"], view, crop, dataset.depth_range)
    if "boxes" in example:
        result["boxes"], seen = crop_boxes(example["boxes"], view)
        result |= _keep(result, seen, schema.FIELDS["detection"])
    if "keypoints" in example:
        result["keypoints"] = crop_keypoints(example["keypoints"], view, dataset.flip_pairs)
        result["keypoint_boxes"], seen = crop_boxes(example["keypoint_boxes"], view)
        result |= _keep(result, seen, schema.FIELDS["keypoints"])
    return result


def _keep(example: dict, seen: tf.Tensor, names: Sequence[str]) -> dict:
    return {name: tf.boolean_mask(example[name], seen) for name in names}
