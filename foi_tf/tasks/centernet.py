"""Encodes objects as points, for detection and keypoints (Zhou et al., "Objects as Points").

Maps have stride 4. Cell (i, j) of a map covers input pixels [4 i, 4 i + 4) x [4 j, 4 j + 4).
All pairs are (y, x) or (height, width). All lengths in maps are in cells: offsets from the
cell's upper left corner, sizes of boxes, displacements. Only the arguments of `encode_boxes`
and the results of `decode_boxes` are in input pixels.
"""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from foi_tf.study.dataset import Size
from foi_tf.tasks.base import Part, sum_valid

STRIDE = 4
MAX_OBJECTS = 128  # Objects of an image in training, the largest ones (Zhou et al.'s code).
MAX_PREDICTIONS = 100  # Predictions for each image (Appendix A.3).
# Weights of Zhou et al., section 3, for distances |y| + |x| as Eq. A.3 and A.4 print them. Their
# code averages the two coordinates as well, so that its L1 terms are half of ours.
OFFSET_WEIGHT, SIZE_WEIGHT = 1.0, 0.1
MIN_OVERLAP = 0.7  # Lowest IoU in the rule of `gaussian_radius`, in Zhou et al.'s code.

_LEAST_SIDE = 1 / 16  # Side in cells below which logarithms do not fall; ours.
_ALPHA, _BETA = 2, 4  # Appendix A.3.
_PATCHES = 64  # Gaussians that are drawn at a time, which limits memory; ours.


def map_size(crop: Size) -> Size:
    """Returns (height, width) of the maps for an input of (height, width) pixels."""
    return -(-crop[0] // STRIDE), -(-crop[1] // STRIDE)


def find_largest(boxes: tf.Tensor, count: int) -> tf.Tensor:
    """Returns the indices of the `count` largest boxes [N, 4] by area, or of all; largest first."""
    sides = boxes[:, 2:] - boxes[:, :2]
    order = tf.argsort(sides[:, 0] * sides[:, 1], direction="DESCENDING", stable=True)
    return order[:count]


def pad_rows(rows: tf.Tensor, count: int, value: float = 0) -> tf.Tensor:
    """Pads at most `count` rows [N, ...] to [count, ...]; added rows hold `value`."""
    margins = [[0, count - tf.shape(rows)[0]]] + [[0, 0]] * (len(rows.shape) - 1)
    padded = tf.pad(rows, margins, constant_values=tf.cast(value, rows.dtype))
    return tf.ensure_shape(padded, [count, *rows.shape[1:]])


def gaussian_radius(sizes: tf.Tensor) -> tf.Tensor:
    """Computes the radii int32 [N] of the Gaussians of objects of sizes float32 [N, 2] in cells.

    The rule is CornerNet's. It considers the three ways in which a box whose corners are off
    by the radius can lie relative to the true box. As in the code that Zhou et al. released,
    the roots are not divided by the quadratic coefficient. The radius is then 2.8 times the
    largest that keeps an IoU of `MIN_OVERLAP`: for a square, a quarter of its side and not a
    tenth.
    """
    height, width = tf.unstack(tf.math.ceil(sizes), axis=-1)
    perimeter, area = height + width, height * width
    roots = []
    for a, b, c in (
        (1.0, perimeter, area * (1 - MIN_OVERLAP) / (1 + MIN_OVERLAP)),
        (4.0, 2 * perimeter, (1 - MIN_OVERLAP) * area),
        (4 * MIN_OVERLAP, -2 * MIN_OVERLAP * perimeter, (MIN_OVERLAP - 1) * area),
    ):
        roots.append((b + tf.sqrt(b**2 - 4 * a * c)) / 2)
    return tf.cast(tf.reduce_min(roots, 0), tf.int32)


def draw_heatmap(
    cells: tf.Tensor, radii: tf.Tensor, channels: tf.Tensor, shape: tuple[int, int, int]
) -> tf.Tensor:
    """Draws Gaussians whose standard deviation is a sixth of their diameter; runs on the host.

    Only the square within the radius of each Gaussian is written, so memory grows with their
    area and not with their number times the size of the map. Where two Gaussians meet, the
    larger value stays.

    Args:
      cells: int32 [N, 2], inside the map.
      radii, channels: int32 [N].
      shape: (height, width, channels) of the map.

    Returns:
      float32 of that shape, in [0, 1]; 1 in the given cells and nowhere else.
    """
    count = tf.shape(cells)[0]

    def draw(start, flat):
        part = slice(start, start + _PATCHES)
        index, value = _patches(cells[part], radii[part], channels[part], shape)
        return start + _PATCHES, tf.tensor_scatter_nd_max(flat, index[:, None], value)

    flat = tf.zeros([int(np.prod(shape))])
    _, flat = tf.while_loop(
        lambda start, _: start < count, draw, (tf.constant(0), flat), parallel_iterations=1
    )
    return tf.reshape(flat, shape)


def _patches(cells, radii, channels, shape) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns flat indices [P] of all cells of all squares, and the values of these cells."""
    height, width, depth = shape
    low = tf.maximum(cells - radii[:, None], 0)
    high = tf.minimum(cells + radii[:, None], [height - 1, width - 1])
    rows, columns = tf.unstack(high - low + 1, axis=1)
    areas = rows * columns
    owner = tf.repeat(tf.range(tf.shape(areas)[0]), areas)
    place = tf.range(tf.reduce_sum(areas)) - tf.gather(tf.cumsum(areas, exclusive=True), owner)
    wide = tf.gather(columns, owner)
    y = tf.gather(low[:, 0], owner) + place // wide
    x = tf.gather(low[:, 1], owner) + place % wide
    squared = (y - tf.gather(cells[:, 0], owner)) ** 2 + (x - tf.gather(cells[:, 1], owner)) ** 2
    sigma = (2 * tf.cast(radii, tf.float32) + 1) / 6
    value = tf.exp(-tf.cast(squared, tf.float32) * tf.gather(1 / (2 * sigma**2), owner))
    return (y * width + x) * depth + tf.gather(channels, owner), value


def encode_boxes(
    boxes: tf.Tensor, labels: tf.Tensor, ignored: tf.Tensor, crop: Size, classes: int
) -> dict[str, tf.Tensor]:
    """Computes the targets of M1 to M3 (Appendix A.3) for one image.

    Objects whose centers share a cell each have a peak in the heat map. Offset and size of the
    cell are those of the smallest object (among equals, the last), which the others would
    hide. M below is `MAX_OBJECTS`.

    Args:
      boxes: float32 [N, 4] in input pixels, at most M, in the order of `find_largest`.
      labels: int [N].
      ignored: float32 [G, 4], boxes around pixels that are neither object nor background.
      crop: (height, width) of the input.
      classes: number of classes.

    Returns:
      "heatmap" float32 [h, w, classes]; "background" float32 [h, w], 1 where cells that
      are no centers count as background, 0 within `ignored`; "cell" int32 [M], indices
      into the flattened map; "offset", "size" float32 [M, 2]; "present" bool [M].
    """
    shape = map_size(crop)
    corners = boxes / STRIDE
    sizes = corners[:, 2:] - corners[:, :2]
    cells, offsets = locate_cells((corners[:, 2:] + corners[:, :2]) / 2, shape)
    channels = tf.cast(labels, tf.int32)
    cell = pad_rows(cells[:, 0] * shape[1] + cells[:, 1], MAX_OBJECTS)
    real = tf.range(MAX_OBJECTS) < tf.shape(boxes)[0]
    same = (cell[:, None] == cell[None, :]) & real[None, :]
    later = tf.range(MAX_OBJECTS)[:, None] < tf.range(MAX_OBJECTS)[None, :]
    return {
        "heatmap": draw_heatmap(cells, gaussian_radius(sizes), channels, (*shape, classes)),
        "background": 1 - _covered(ignored / STRIDE, shape),
        "cell": cell,
        "offset": pad_rows(offsets, MAX_OBJECTS),
        "size": pad_rows(sizes, MAX_OBJECTS),
        "present": real & ~tf.reduce_any(same & later, 1),
    }


def find_box_centers(boxes: tf.Tensor) -> tf.Tensor:
    """Returns the centers [..., 2] of boxes [..., 4]."""
    return (boxes[..., :2] + boxes[..., 2:]) / 2


def log_box_sizes(boxes: tf.Tensor) -> tf.Tensor:
    """Returns the logarithms of height and width in cells, [..., 2], of boxes [..., 4]."""
    return tf.math.log(tf.maximum((boxes[..., 2:] - boxes[..., :2]) / STRIDE, _LEAST_SIDE))


def locate_cells(points: tf.Tensor, shape: Size) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the cells int32 that hold the points [..., 2], and the points' offsets in them."""
    cells = tf.clip_by_value(tf.cast(tf.floor(points), tf.int32), 0, tf.constant(shape) - 1)
    return cells, points - tf.cast(cells, tf.float32)


def _covered(boxes: tf.Tensor, shape: Size) -> tf.Tensor:
    """Returns [h, w]: 1.0 in cells whose center is within one of the boxes [G, 4], else 0.0."""
    y, x = (tf.range(side, dtype=tf.float32) + 0.5 for side in shape)
    rows = (boxes[:, :1] <= y) & (y < boxes[:, 2:3])
    columns = (boxes[:, 1:2] <= x) & (x < boxes[:, 3:])
    hits = tf.matmul(tf.cast(rows, tf.float32), tf.cast(columns, tf.float32), transpose_a=True)
    return tf.minimum(hits, 1.0)


def sum_focal_loss(logits: tf.Tensor, truth: tf.Tensor, background: tf.Tensor) -> Part:
    """Sums the penalty-reduced focal loss (Eq. A.2); returns the sum and the number of centers.

    N is the number of centers of all replicas; if there are none, N is 1.

    Args:
      logits, truth: float32 [B, h, w, C].
      background: float32 [B, h, w], weights of the cells that are not centers.
    """
    center = tf.cast(truth == 1, tf.float32)
    chance = tf.sigmoid(logits)
    found = (1 - chance) ** _ALPHA * tf.math.log_sigmoid(logits)
    # log(1 - sigmoid(x)) is log_sigmoid(-x), which does not overflow.
    spared = (1 - truth) ** _BETA * chance**_ALPHA * tf.math.log_sigmoid(-logits)
    total = tf.reduce_sum(center * found + (1 - center) * background[..., None] * spared)
    return -total, tf.reduce_sum(center)


def sum_l1_loss(values: tf.Tensor, truth: tf.Tensor, present: tf.Tensor) -> Part:
    """Sums the L1 distance of present points (Eq. A.3, A.4); returns the sum and their number.

    Args:
      values, truth: float32 [..., 2]; their distance is |y| + |x|.
      present: bool [...].
    """
    return sum_valid(tf.reduce_sum(tf.abs(values - truth), -1), present)


def gather_cells(maps: tf.Tensor, cell: tf.Tensor) -> tf.Tensor:
    """Reads the values [B, ..., c] of maps [B, h, w, c] in cells int32 [B, ...]."""
    _, height, width, channels = maps.shape
    flat = tf.reshape(maps, [-1, height * width, channels])
    return tf.gather(flat, cell, batch_dims=1)


# Factors of the terms of `sum_box_losses`.
WEIGHTS = {"heatmap": 1.0, "offset": OFFSET_WEIGHT, "size": SIZE_WEIGHT}


def sum_box_losses(
    outputs: Mapping[str, tf.Tensor], targets: Mapping[str, tf.Tensor]
) -> dict[str, Part]:
    """Sums L1 to L3 (Appendix A.3) from the maps and the targets of boxes, without weights."""
    cell, present = targets["cell"], targets["present"]
    heatmaps = (outputs["heatmap"], targets["heatmap"], targets["background"])
    return {
        "heatmap": sum_focal_loss(*heatmaps),
        "offset": sum_l1_loss(gather_cells(outputs["offset"], cell), targets["offset"], present),
        "size": sum_l1_loss(gather_cells(outputs["size"], cell), targets["size"], present),
    }


def to_image_pixels(predictions: Mapping[str, tf.Tensor], scale: tf.Tensor) -> dict[str, tf.Tensor]:
    """Converts predictions of detection and keypoints from input pixels to image pixels.

    Args:
      predictions: "boxes" [B, n, 4] and, if present, "keypoints" [B, n, K, 3] are converted;
        other predictions stay as they are.
      scale: float32 [B, 2] or [1, 2], input pixels per image pixel.
    """
    scale = scale[:, None]
    moved = {"boxes": predictions["boxes"] / tf.tile(scale, [1, 1, 2])}
    if "keypoints" in predictions:
        marks = predictions["keypoints"]
        yx = marks[..., :2] / scale[:, :, None]
        moved["keypoints"] = tf.concat([yx, marks[..., 2:]], -1)
    return dict(predictions) | moved


def keep_peaks(logits: tf.Tensor) -> tf.Tensor:
    """Keeps logits [B, h, w, C] that are the largest of 3 x 3; lowers others to dtype.min."""
    highest = tf.nn.max_pool2d(logits, 3, 1, "SAME")
    return tf.where(logits == highest, logits, logits.dtype.min)


def decode_boxes(outputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Decodes the n = `MAX_PREDICTIONS` highest peaks into boxes; fewer if maps are smaller.

    Returns:
      "boxes" float32 [B, n, 4] in input pixels, not cut at the image's edges; "scores"
      float32 [B, n], descending, 0 where there are no more peaks; "labels" int32 [B, n];
      "cell" int32 [B, n], indices into the flattened map.
    """
    _, height, width, classes = outputs["heatmap"].shape
    flat = tf.reshape(keep_peaks(outputs["heatmap"]), [-1, height * width * classes])
    logits, index = tf.math.top_k(flat, min(MAX_PREDICTIONS, height * width * classes))
    cell = index // classes
    corner = tf.stack([cell // width, cell % width], -1)
    center = tf.cast(corner, tf.float32) + gather_cells(outputs["offset"], cell)
    half = gather_cells(outputs["size"], cell) / 2
    return {
        "boxes": STRIDE * tf.concat([center - half, center + half], -1),
        "scores": tf.sigmoid(logits),
        "labels": index % classes,
        "cell": cell,
    }
