"""Reads the shapes of LabelMe that are masks: a PNG in base64, placed by the corners of its box."""

import base64
import io
from collections.abc import Sequence

import numpy as np

from foi_tf.data.convert import image_files, large_images
from foi_tf.data.convert.readers import outlines
from foi_tf.errors import FoiError

# Larger and finer masks are refused, since a small file can hold them; ours.
_MOST_PIXELS, _MOST_RUNS = 1 << 26, 1 << 20


def parse_bitmap(
    mask: str | None, points: Sequence[tuple[float, float]], where: str
) -> outlines.Outline:
    """Parses a shape of type "mask".

    Args:
      mask: the PNG in base64; its pixels other than 0 are the object.
      points: x and y of the first and the last pixel of the box that the PNG fills.
      where: the file and record, for error messages.

    Raises:
      FoiError: there is no such PNG, or it has another size than the box.
    """
    if not mask or len(points) != 2:
        raise FoiError(
            f"{where}: a mask must have a PNG as base64 in 'mask' and 2 points, not {len(points)}"
        )
    (left, top), (right, bottom) = points
    if not all(abs(number) < outlines.FARTHEST for point in points for number in point):
        raise FoiError(f"{where}: the points of a mask must be pixels of its image")
    height, width = int(bottom) - int(top) + 1, int(right) - int(left) + 1
    try:
        data = base64.b64decode(mask, validate=True)
        picture = large_images.open_image(io.BytesIO(data))
        if picture.size != (width, height):
            raise FoiError(
                f"{where}: its mask has {picture.height}x{picture.width} pixels, but the box of "
                f"its points {height}x{width}; export it anew"
            )
        if height * width > _MOST_PIXELS:
            raise FoiError(f"{where}: a mask must have at most {_MOST_PIXELS} pixels; cut it")
        inside = np.asarray(picture.convert("L")).ravel() > 0
    except (*image_files.BROKEN, MemoryError) as error:
        raise FoiError(f"{where}: its 'mask' is no whole PNG in base64; export it anew") from error
    changes = np.flatnonzero(np.diff(inside)) + 1
    if changes.size > _MOST_RUNS:
        raise FoiError(f"{where}: its mask has more than {_MOST_RUNS} parts of rows; smooth it")
    counts = np.diff([0, *changes.tolist(), inside.size]).tolist()
    runs = outlines.make_runs(
        (height, width),
        [0, *counts] if inside[0] else counts,
        where,
        by_column=False,
        corner=(int(top), int(left)),
    )
    return outlines.Outline(runs=runs)
