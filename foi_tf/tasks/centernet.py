"""What detection and keypoints share: objects as points (Zhou et al., "Objects as Points").

Maps have stride 4. Cell (i, j) of a map covers input pixels [4 i, 4 i + 4) x [4 j, 4 j + 4).
All pairs are (y, x) or (height, width), and all lengths in maps are in cells: offsets from
the cell's upper left corner, sizes of boxes, displacements. Only what `encode` takes and
`decode` returns is in input pixels.
"""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from foi_tf.study.dataset import Size
from foi_tf.tasks.base import mean_over

STRIDE = 4
MAX_OBJECTS = 128  # Of an image in training: the largest. Of Zhou et al.'s code.
TOP = 100  # Predictions an image (Appendix A.3).
OFFSET_WEIGHT, SIZE_WEIGHT = 1.0, 0.1  # Zhou et al., section 3.
MIN_OVERLAP = 0.7  # Of the radius rule, in Zhou et al.'s code.

_ALPHA, _BETA = 2, 4  # Appendix A.3.
_PATCHES = 64  # Gaussians drawn at a time, which bounds memory; ours.


def map_size(crop: Size) -> Size:
    """(height, width) of the maps for an input of that size."""
    return -(-crop[0] // STRIDE), -(-crop[1] // STRIDE)


def largest(boxes: tf.Tensor, count: int) -> tf.Tensor:
    """Indices of the `count` largest of boxes [N, 4] by area, largest first, or of all."""
    sides = boxes[:, 2:] - boxes[:, :2]
    order = tf.argsort(sides[:, 0] * sides[:, 1], direction="DESCENDING", stable=True)
    return order[:count]


def pad(rows: tf.Tensor, count: int, value: float = 0) -> tf.Tensor:
    """At most `count` rows [N, ...] -> [count, ...], `value` in those that are added."""
    margins = [[0, count - tf.shape(rows)[0]]] + [[0, 0]] * (len(rows.shape) - 1)
    padded = tf.pad(rows, margins, constant_values=tf.cast(value, rows.dtype))
    return tf.ensure_shape(padded, [count, *rows.shape[1:]])


def radius(sizes: tf.Tensor) -> tf.Tensor:
    """Radii of the Gaussians of objects: float32 [N, 2] in cells -> int32 [N].

    CornerNet's rule, from the three ways in which a box whose corners are off by the
    radius can lie to the true one. As in the code that Zhou et al. released, the roots are
    not divided by the quadratic coefficient; the radius is then 2.8 times the largest
    that keeps an IoU of `MIN_OVERLAP` (a tenth of a square's side becomes a quarter).
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


def heatmap(
    cells: tf.Tensor, radii: tf.Tensor, channels: tf.Tensor, shape: tuple[int, int, int]
) -> tf.Tensor:
    """Draws Gaussians with a standard deviation of a sixth of their diameter; for the host.

    Only the square within the radius of each is touched, so memory follows their area and
    not their number times the size of the map. Where two meet, the larger value stays.

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
    """Flat indices [P] of all cells of all squares, and the values there."""
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


def encode(
    boxes: tf.Tensor, labels: tf.Tensor, ignored: tf.Tensor, crop: Size, classes: int
) -> dict[str, tf.Tensor]:
    """Targets of M1 to M3 (Appendix A.3) for one image.

    Of objects whose centers share a cell each has its peak in the heat map, but offset and
    size are those of the smallest (of equals, the last): it is the one that the others
    would hide. M below is `MAX_OBJECTS`.

    Args:
      boxes: float32 [N, 4] in input pixels, N at most M, in the order of `largest`.
      labels: int [N].
      ignored: float32 [G, 4], boxes around what is neither object nor background.
      crop: (height, width) of the input.

    Returns:
      "heatmap" float32 [h, w, classes]; "background" float32 [h, w], 1 where cells that
      are no centers count as background, 0 within `ignored`; "cell" int32 [M], indices
      into the flattened map; "offset", "size" float32 [M, 2]; "present" bool [M].
    """
    shape = map_size(crop)
    corners = boxes / STRIDE
    sizes = corners[:, 2:] - corners[:, :2]
    cells, offsets = locate((corners[:, 2:] + corners[:, :2]) / 2, shape)
    channels = tf.cast(labels, tf.int32)
    cell = pad(cells[:, 0] * shape[1] + cells[:, 1], MAX_OBJECTS)
    real = tf.range(MAX_OBJECTS) < tf.shape(boxes)[0]
    same = (cell[:, None] == cell[None, :]) & real[None, :]
    later = tf.range(MAX_OBJECTS)[:, None] < tf.range(MAX_OBJECTS)[None, :]
    return {
        "heatmap": heatmap(cells, radius(sizes), channels, (*shape, classes)),
        "background": 1 - _covered(ignored / STRIDE, shape),
        "cell": cell,
        "offset": pad(offsets, MAX_OBJECTS),
        "size": pad(sizes, MAX_OBJECTS),
        "present": real & ~tf.reduce_any(same & later, 1),
    }


def locate(points: tf.Tensor, shape: Size) -> tuple[tf.Tensor, tf.Tensor]:
    """Points [..., 2] in cells -> the cells int32 that they lie in, and offsets in those."""
    cells = tf.clip_by_value(tf.cast(tf.floor(points), tf.int32), 0, tf.constant(shape) - 1)
    return cells, points - tf.cast(cells, tf.float32)


def _covered(boxes: tf.Tensor, shape: Size) -> tf.Tensor:
    """1.0 in the cells whose centers are within some of the boxes [G, 4], else 0.0."""
    y, x = (tf.range(side, dtype=tf.float32) + 0.5 for side in shape)
    rows = (boxes[:, :1] <= y) & (y < boxes[:, 2:3])
    columns = (boxes[:, 1:2] <= x) & (x < boxes[:, 3:])
    hits = tf.matmul(tf.cast(rows, tf.float32), tf.cast(columns, tf.float32), transpose_a=True)
    return tf.minimum(hits, 1.0)


def focal_loss(logits: tf.Tensor, truth: tf.Tensor, background: tf.Tensor) -> tf.Tensor:
    """The penalty-reduced focal loss (Eq. A.2) over the centers of the replica's batch.

    Args:
      logits, truth: float32 [B, h, w, C].
      background: float32 [B, h, w], weights of the cells that are no centers.
    """
    center = tf.cast(truth == 1, tf.float32)
    chance = tf.sigmoid(logits)
    found = (1 - chance) ** _ALPHA * tf.math.log_sigmoid(logits)
    # log(1 - sigmoid(x)) is log_sigmoid(-x), which does not overflow.
    spared = (1 - truth) ** _BETA * chance**_ALPHA * tf.math.log_sigmoid(-logits)
    total = tf.reduce_sum(center * found + (1 - center) * background[..., None] * spared)
    return -total / tf.maximum(tf.reduce_sum(center), 1.0)


def l1_loss(values: tf.Tensor, truth: tf.Tensor, present: tf.Tensor) -> tf.Tensor:
    """The mean over points [...] that are present of |y| + |x| off [..., 2] (Eq. A.3, A.4)."""
    return mean_over(tf.reduce_sum(tf.abs(values - truth), -1), present)


def at(maps: tf.Tensor, cell: tf.Tensor) -> tf.Tensor:
    """Values [B, ..., c] of maps [B, h, w, c] in cells, int32 [B, ...]."""
    _, height, width, channels = maps.shape
    flat = tf.reshape(maps, [-1, height * width, channels])
    return tf.gather(flat, cell, batch_dims=1)


TERMS = ("heatmap", "offset", "size")  # Of `losses`.


def losses(
    outputs: Mapping[str, tf.Tensor], targets: Mapping[str, tf.Tensor]
) -> dict[str, tf.Tensor]:
    """L1 to L3 (Appendix A.3), weighted, from the maps of a head and targets as encoded."""
    cell, present = targets["cell"], targets["present"]
    offset = l1_loss(at(outputs["offset"], cell), targets["offset"], present)
    size = l1_loss(at(outputs["size"], cell), targets["size"], present)
    return {
        "heatmap": focal_loss(outputs["heatmap"], targets["heatmap"], targets["background"]),
        "offset": OFFSET_WEIGHT * offset,
        "size": SIZE_WEIGHT * size,
    }


def in_image(predictions: Mapping[str, tf.Tensor], scale: tf.Tensor) -> dict[str, tf.Tensor]:
    """What detection and keypoints `decode`, in image pixels instead of input pixels.

    Args:
      predictions: "boxes" [B, n, 4], and "keypoints" [B, n, K, 3] if there are any, are
        moved; the others stay.
      scale: float32 [B, 2] or [1, 2], input pixels per image pixel.
    """
    scale = scale[:, None]
    moved = {"boxes": predictions["boxes"] / tf.tile(scale, [1, 1, 2])}
    if "keypoints" in predictions:
        marks = predictions["keypoints"]
        yx = marks[..., :2] / scale[:, :, None]
        moved["keypoints"] = tf.concat([yx, marks[..., 2:]], -1)
    return dict(predictions) | moved


def peaks(logits: tf.Tensor) -> tf.Tensor:
    """Logits [B, h, w, C] where they are the largest of 3 x 3, far below all others elsewhere."""
    highest = tf.nn.max_pool2d(logits, 3, 1, "SAME")
    return tf.where(logits == highest, logits, logits.dtype.min)


def decode(outputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """The `TOP` highest peaks as boxes; n of them, fewer only where maps have fewer values.

    Returns:
      "boxes" float32 [B, n, 4] in input pixels, not cut at the image's edges; "scores"
      float32 [B, n], descending, 0 where there were no more peaks; "labels" int32 [B, n];
      "cell" int32 [B, n].
    """
    _, height, width, classes = outputs["heatmap"].shape
    flat = tf.reshape(peaks(outputs["heatmap"]), [-1, height * width * classes])
    logits, index = tf.math.top_k(flat, min(TOP, height * width * classes))
    cell = index // classes
    corner = tf.stack([cell // width, cell % width], -1)
    center = tf.cast(corner, tf.float32) + at(outputs["offset"], cell)
    half = at(outputs["size"], cell) / 2
    return {
        "boxes": STRIDE * tf.concat([center - half, center + half], -1),
        "scores": tf.sigmoid(logits),
        "labels": index % classes,
        "cell": cell,
    }
