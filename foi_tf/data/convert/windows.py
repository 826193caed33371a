"""Windows of images that are too large to be an example: how they lie, and reading them."""

import functools
from typing import NamedTuple

import numpy as np
import PIL.Image
from etils import epath

from foi_tf.data.convert import raw_files
from foi_tf.study.dataset import Size

# Tags of TIFF 6.0.
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _OFFSETS, _SAMPLES, _LENGTHS, _PLANAR = (
    256, 257, 258, 259, 273, 277, 279, 284,
)  # fmt: skip
_UNCOMPRESSED, _CHUNKY = 1, 1


class Window(NamedTuple):
    """A part of an image, in pixels: half-open."""

    top: int
    left: int
    bottom: int
    right: int


def list_tiles(size: Size, side: int = 800, overlap: int = 200) -> list[Window]:
    """Covers an image of (height, width) with squares, row by row; the paper's 800 and 200.

    As the development kit of iSAID does (Table 1, footnote c), the last tile of a row or
    column is shifted inside, and an image with a shorter side than a tile is left whole.
    """
    if min(size) < side:
        return [Window(0, 0, *size)]
    rows, columns = (_starts(length, side, side - overlap) for length in size)
    return [Window(y, x, y + side, x + side) for y in rows for x in columns]


def _starts(length: int, side: int, step: int) -> list[int]:
    return sorted({min(start, length - side) for start in range(0, length, step)})


def read_window(path: epath.Path, window: Window) -> np.ndarray:
    """Reads a window of an image: uint8 [height, width, 3].

    Of an uncompressed TIFF file on a local disk nothing else is read. Other files can only
    be decoded from their start, so they are decoded whole, and the last two, as an image
    and its labels are, stay in memory for the next windows, for who asks in the order of
    `list_tiles`, as `staged` does.

    Raises:
      FoiError: the file is missing, broken, or has other than 8 bits or 3 colors.
    """
    top, left, bottom, right = window
    mapped = _map_tiff(path)
    pixels = _decode(path) if mapped is None else mapped
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def is_mapped(path: epath.Path) -> bool:
    """Whether windows of the file are read without the rest of it."""
    return _map_tiff(path) is not None


@functools.lru_cache(maxsize=2)
def _decode(path: epath.Path) -> np.ndarray:
    return raw_files.read_colors(path)


def _map_tiff(path: epath.Path) -> np.ndarray | None:
    if path.suffix.lower() not in (".tif", ".tiff") or "://" in str(path):
        return None
    try:
        with path.open("rb") as file, PIL.Image.open(file) as picture:
            tags = dict(picture.tag_v2)
    except (OSError, SyntaxError, ValueError) as error:
        raise raw_files.broken_image_error(path, error) from error
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
        raise raw_files.broken_image_error(path, error) from error
