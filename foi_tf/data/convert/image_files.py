"""Reads the images of raw folders, and label images."""

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import PIL.Image
from etils import epath

from foi_tf.data.convert import decoding, doubts, large_images, pixel_formats
from foi_tf.data.convert.text_files import read_bytes
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Size

_LABEL_MODES = {"L": np.uint8, "P": np.uint8}  # Others of 16 bits begin with "I".
# Errors of Pillow for a broken file; its readers of formats stumble in many ways.
BROKEN = (
    ArithmeticError, AttributeError, EOFError, LookupError, OSError, SyntaxError, TypeError,
    ValueError, struct.error,
)  # fmt: skip
_LOSSY = ("JPEG", "MPO", "WEBP")  # Formats that change labels, whatever a file is called.
# Remedies for label images of some modes.
_MODE_REMEDIES = {
    "1": "if it shows a foreground, give --format=binary_masks, or save it with 8 bits",
    "F": "save it with 16 bits, depth in millimeters",
}


def read_image(path: epath.Path) -> tuple[bytes, Size]:
    """Reads an image file and decodes it once, by the decoder of training.

    The bytes of JPEG (gray or RGB) and PNG (8 bits) are kept; other formats become PNG.

    Returns:
      The bytes and (height, width).

    Raises:
      FoiError: the file is missing or truncated, is not an image, has numbers that are no
        brightness, or is too large for the memory.
    """
    return verify_image(read_bytes(path), path)


def verify_image(data: bytes, path: epath.Path) -> tuple[bytes, Size]:
    """Does the same as `read_image` with the bytes of a file; errors name `path`."""
    picture = _open(data, path)
    large_images.check_decodable(picture, path)
    size = picture.height, picture.width
    _mark(pixel_formats.mark_doubts, picture, path)
    if pixel_formats.is_kept(picture):
        try:
            decoding.check_decodes(data, picture, path)
        except decoding.UndecodableError as error:
            _load(picture, path)  # Pillow often says better what is wrong.
            raise FoiError(f"{path}: not a whole image ({error}); replace or remove it") from error
        except MemoryError as error:
            raise large_images.memory_error(picture, path) from error
        return data, size
    buffer = io.BytesIO()
    pixel_formats.to_colors(_load(picture, path), path).save(buffer, "PNG")
    return buffer.getvalue(), size


def read_labels(path: epath.Path) -> np.ndarray:
    """Reads a one-channel image [H, W] of 8 or 16 bits: class ids, palette indices or depth.

    Raises:
      FoiError: as for `read_image`, or the image has colors or fractions, which are no
        labels.
    """
    picture = _open(read_bytes(path), path)
    if picture.format in _LOSSY:
        raise FoiError(
            f"{path}: is compressed as {picture.format}, which changes labels; export it anew as "
            "PNG"
        )
    _mark(pixel_formats.mark_pages, picture, path)
    values = np.asarray(_load(picture, path))
    if picture.mode.startswith("I"):
        if values.min(initial=0) < 0 or values.max(initial=0) > np.iinfo(np.uint16).max:
            raise FoiError(f"{path}: has values beyond 16 bits, from 0 to 65535; save it anew")
        return values.astype(np.uint16)
    if picture.mode not in _LABEL_MODES:
        remedy = _MODE_REMEDIES.get(picture.mode, "export it anew as PNG")
        raise FoiError(
            f"{path}: must have one channel of 8 or 16 bits, not mode {picture.mode}; {remedy}"
        )
    if picture.mode == "P":
        _mark_palette(picture, values, path)
    return values.astype(_LABEL_MODES[picture.mode])


def read_colors(path: epath.Path, *, gray: bool = False) -> np.ndarray:
    """Reads an image as RGB colors: uint8 [H, W, 3].

    Args:
      path: the image.
      gray: whether it may also have one channel of 8 bits or 1 bit.

    Raises:
      FoiError: as for `read_image`, or the image is neither RGB(A) of 8 bits a channel nor
        a palette of such colors.
    """
    picture = _load(_open(read_bytes(path), path), path)
    if picture.mode not in ("RGB", "RGBA", "P", *(("L", "LA", "1", "PA") if gray else ())):
        raise FoiError(f"{path}: must have colors of 8 bits, not mode {picture.mode}")
    return np.asarray(picture.convert("RGB"))


def is_in_colors(path: epath.Path) -> bool:
    """Tells by an image file's header whether it has the channels of RGB or RGBA.

    Raises:
      FoiError: the file is missing or is not an image.
    """
    try:
        with path.open("rb") as file, large_images.open_image(file) as picture:
            return picture.mode in ("RGB", "RGBA")
    except BROKEN as error:
        raise broken_image_error(path, error) from error


def read_image_size(path: epath.Path) -> Size:
    """Reads the (height, width) in pixels from an image file's header.

    Raises:
      FoiError: the file is missing or is not an image.
    """
    try:
        with path.open("rb") as file, large_images.open_image(file) as picture:
            return picture.height, picture.width
    except BROKEN as error:
        raise broken_image_error(path, error) from error


def broken_image_error(path: epath.Path, error: Exception) -> FoiError:
    """Returns the error for an image file that Pillow cannot read."""
    # Pillow's own text names an object in memory, which tells users nothing.
    reason: Any = "unknown format" if isinstance(error, PIL.UnidentifiedImageError) else error
    return FoiError(f"{path}: not a whole image ({reason}); replace or remove it")


def _open(data: bytes, path: epath.Path) -> PIL.Image.Image:
    """Reads the header of an image that fits into the memory."""
    try:
        picture = large_images.open_image(io.BytesIO(data))
    except BROKEN as error:
        raise broken_image_error(path, error) from error
    large_images.check_memory(picture, path)
    return picture


def _mark(
    function: Callable[[PIL.Image.Image, epath.Path], None],
    picture: PIL.Image.Image,
    path: epath.Path,
) -> None:
    """Calls a function that looks into an opened image and marks it as doubtful."""
    try:
        function(picture, path)
    except BROKEN as error:
        raise broken_image_error(path, error) from error


def _load(picture: PIL.Image.Image, path: epath.Path) -> PIL.Image.Image:
    """Decodes an image whose header was read."""
    try:
        picture.load()
    except BROKEN as error:
        raise broken_image_error(path, error) from error
    except MemoryError as error:
        raise large_images.memory_error(picture, path) from error
    return picture


def _mark_palette(picture: PIL.Image.Image, values: np.ndarray, path: epath.Path) -> None:
    """Notes the color of each index that is used, to see whether all masks agree."""
    colors = picture.getpalette() or []
    for index in np.flatnonzero(np.bincount(values.ravel())).tolist():
        color = tuple(colors[3 * index : 3 * index + 3])
        doubts.mark(f"palette {index} {color}", str(path))
