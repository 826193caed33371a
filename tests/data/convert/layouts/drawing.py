"""Writes small pictures and label images, of which the trees consist."""

import pathlib

import numpy as np
import PIL.Image

SIZE = (6, 8)  # (height, width) of most pictures.


def photo(path: pathlib.Path, size=SIZE, seed=0) -> None:
    """Writes a picture of soft colors, in the format of the suffix."""
    height, width = size
    rows, columns = np.mgrid[:height, :width]
    planes = [(rows * 9 + seed * 40) % 256, (columns * 7) % 256, np.full(size, 90)]
    save(path, np.stack(planes, -1).astype(np.uint8))


def save(path: pathlib.Path, pixels: np.ndarray, palette=None) -> None:
    """Writes pixels as they are: RGB, one channel of 8 or 16 bits, or palette indices."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = PIL.Image.fromarray(pixels)
    if palette is not None:
        picture = picture.convert("P")
        picture.putdata(pixels.ravel().tolist())
        picture.putpalette(palette)
    picture.save(path)


def stripes(codes, size=SIZE) -> np.ndarray:
    """Returns an image whose columns have the codes in turn: [H, W], or [H, W, 3] for colors."""
    row = np.asarray([codes[x % len(codes)] for x in range(size[1])])
    return np.broadcast_to(row, (size[0], *row.shape)).copy()


def write_text(path: pathlib.Path, text: str) -> None:
    """Writes a text file and the directory it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def truncate(path: pathlib.Path) -> None:
    """Cuts a file in half."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
