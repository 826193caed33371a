"""Draws contact sheets: pictures with captions, in rows."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from etils import epath

from foi_tf.data.inspect.palette import Color
from foi_tf.files import atomic_write

_CAPTION, _MARGIN = 16, 4  # Height of a caption's line, and margin around a picture, in pixels.
_FONT, _FONT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.38
_INK, _PAPER = (30, 30, 30), (255, 255, 255)


class Tile(NamedTuple):
    """Holds a picture, uint8 [H, W, 3] RGB, and the text below it."""

    image: np.ndarray
    caption: str


def resize_to_height(image: np.ndarray, height: int, most: float = 2.5) -> np.ndarray:
    """Resizes a picture to a height.

    A picture that would be wider than `most` times the height is resized to that width.
    """
    shown = min(height, height * most * image.shape[0] / image.shape[1])
    scale = shown / image.shape[0]
    size = max(1, round(image.shape[1] * scale)), max(1, round(shown))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def compose_sheet(rows: Sequence[Sequence[Tile]]) -> np.ndarray:
    """Draws rows of tiles below each other: uint8 [H, W, 3] RGB."""
    pictures = [_join_row([_draw_tile(tile) for tile in row]) for row in rows if row]
    width = max(picture.shape[1] for picture in pictures)
    return np.concatenate([_pad_picture(picture, width=width) for picture in pictures])


def split_into_rows(tiles: Sequence[Tile], columns: int) -> list[Sequence[Tile]]:
    """Cuts a list of tiles into rows."""
    return [tiles[start : start + columns] for start in range(0, len(tiles), columns)]


def draw_legend(names: Sequence[str], colors: Sequence[Color], width: int) -> np.ndarray:
    """Draws names beside swatches of their colors, as many in a line as fit into `width`.

    Returns:
      uint8 [H, W, 3] RGB.
    """
    column = 24 + max((_text_width(name) for name in names), default=0)
    columns = max(1, width // column)
    lines = -(-len(names) // columns)
    picture = np.full((lines * _CAPTION + 2, max(width, column), 3), _PAPER, np.uint8)
    for index, (name, color) in enumerate(zip(names, colors, strict=True)):
        y, x = index // columns * _CAPTION, index % columns * column
        picture[y + 3 : y + 14, x + 4 : x + 15] = color
        _write_text(picture, name, (x + 19, y + 12))
    return picture


def save_png(path: epath.PathLike, picture: np.ndarray) -> None:
    """Writes a picture, uint8 [H, W, 3] RGB, to a PNG file.

    Raises:
      FoiError: the file cannot be written.
    """
    data = encode_png(picture)
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def encode_png(picture: np.ndarray) -> bytes:
    """Encodes a picture, uint8 [H, W, 3] RGB, as the bytes of a PNG file."""
    done, data = cv2.imencode(".png", picture[..., ::-1])
    assert done
    return data.tobytes()


def _draw_tile(tile: Tile) -> np.ndarray:
    width = max(tile.image.shape[1], _text_width(tile.caption)) + 2 * _MARGIN
    picture = np.full((tile.image.shape[0] + _CAPTION + _MARGIN, width, 3), _PAPER, np.uint8)
    height, used = tile.image.shape[:2]
    picture[_MARGIN : _MARGIN + height, _MARGIN : _MARGIN + used] = tile.image
    _write_text(picture, tile.caption, (_MARGIN, _MARGIN + height + 11))
    return picture


def _join_row(pictures: Sequence[np.ndarray]) -> np.ndarray:
    height = max(picture.shape[0] for picture in pictures)
    return np.concatenate([_pad_picture(picture, height=height) for picture in pictures], axis=1)


def _pad_picture(picture: np.ndarray, *, height: int = 0, width: int = 0) -> np.ndarray:
    missing = max(0, height - picture.shape[0]), max(0, width - picture.shape[1])
    return cv2.copyMakeBorder(
        picture, 0, missing[0], 0, missing[1], cv2.BORDER_CONSTANT, value=_PAPER
    )


def _text_width(text: str) -> int:
    return cv2.getTextSize(text, _FONT, _FONT_SCALE, 1)[0][0]


def _write_text(picture: np.ndarray, text: str, place: tuple[int, int]) -> None:
    cv2.putText(picture, text, place, _FONT, _FONT_SCALE, _INK, 1, cv2.LINE_AA)
