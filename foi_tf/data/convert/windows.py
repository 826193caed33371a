"""Cuts images that are too large for one example into windows, and reads the windows."""

import functools
from typing import NamedTuple

import numpy as np
from etils import epath

from foi_tf.data.convert import image_files, large_images
from foi_tf.study.dataset import Size

# Tags of TIFF 6.0.
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _OFFSETS, _SAMPLES, _LENGTHS, _PLANAR = (
    256, 257, 258, 259, 273, 277, 279, 284,
)  # fmt: skip
_UNCOMPRESSED, _CHUNKY = 1, 1


class Window(NamedTuple):
    """Describes a part of an image in pixels; bottom and right are the first ones outside."""

    top: int
    left: int
    bottom: int
    right: int


def list_tiles(size: Size, side: int = 800, overlap: int = 200) -> list[Window]:
    """Covers an image with square tiles, row by row, as iSAID's development kit does.

    The last tile of a row or column is shifted inside. An image with a side shorter than a
    tile stays whole. The paper cuts tiles of 800 that overlap by 200 (Table 1, footnote c).

    Args:
      size: (height, width) of the image.
      side: height and width of a tile, in pixels.
      overlap: pixels that neighboring tiles share.
    """
    if min(size) < side:
        return [Window(0, 0, *size)]
    rows, columns = (_list_starts(length, side, side - overlap) for length in size)
    return [Window(y, x, y + side, x + side) for y in rows for x in columns]


def _list_starts(length: int, side: int, step: int) -> list[int]:
    return sorted({min(start, length - side) for start in range(0, length, step)})


def read_window(path: epath.Path, window: Window) -> np.ndarray:
    """Reads a window of an image: uint8 [height, width, 3].

    Only the window's pixels are read from an uncompressed TIFF file on a local disk. Other
    files must be decoded from their start, so they are decoded whole. The last two files,
    an image and its labels, stay in memory; so windows should be read file by file, as
    `tile_cache` does.

    Raises:
      FoiError: the file is missing or broken, or does not have 3 colors of 8 bits.
    """
    top, left, bottom, right = window
    mapped = _map_tiff(path)
    pixels = _decode(path) if mapped is None else mapped
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def is_mapped(path: epath.Path) -> bool:
    """Tells whether windows of the file can be read without the rest of it."""
    return _map_tiff(path) is not None


@functools.lru_cache(maxsize=2)
def _decode(path: epath.Path) -> np.ndarray:
    return image_files.read_colors(path)


def _map_tiff(path: epath.Path) -> np.ndarray | None:
    if path.suffix.lower() not in (".tif", ".tiff") or "://" in str(path):
        return None
    try:
        with path.open("rb") as file, large_images.open_image(file) as picture:
            tags = dict(picture.tag_v2)
    except (OSError, SyntaxError, ValueError) as error:
        raise image_files.broken_image_error(path, error) from error
    offsets, lengths = tags.get(_OFFSETS, ()), tags.get(_LENGTHS, ())
    joined = all(o + n == p for o, n, p in zip(offsets, lengths, offsets[1:], strict=False))
    if (
        tags.get(_COMPRESSION, _UNCOMPRESSED) != _UNCOMPRESSED
        or tags.get(_PLANAR, _CHUNKY) != _CHUNKY
        or tags.get(_SAMPLES, 1) != 3
        or tags.get(_BITS, (1,)) != (8, 8, 8)
        or not offsets
        or not joined
    ):
        return None
    shape = (tags[_HEIGHT], tags[_WIDTH], 3)
    try:
        return np.memmap(path, np.uint8, "r", offsets[0], shape)
    except ValueError as error:
        raise image_files.broken_image_error(path, error) from error
