"""Converts images of other pixel formats, as 16 bits and fractions, to 8 bits a channel."""

import numpy as np
import PIL.Image
from etils import epath

from foi_tf.data.convert import doubts
from foi_tf.errors import FoiError

_KEPT = {"JPEG": ("RGB", "L"), "PNG": ("RGB", "RGBA", "L", "P")}
_OPAQUE = 255
_OF_16_BITS, _SHARE, _OF_8_BITS = 65535, 1.0, 255.0  # The largest values of three ranges.
# Sensors of 10 to 12 bits fill so much of 16 bits at most; scaled, such images are black. Ours.
_DARK = 4095
_BITS_PER_SAMPLE = 258  # TIFF 6.0.
_PAGED = ("GIF", "TIFF", "WEBP", "PNG")  # Formats that can hold several images.


def is_kept(picture: PIL.Image.Image) -> bool:
    """Tells whether records hold the file's own bytes: JPEG (gray or RGB) and PNG of 8 bits."""
    return picture.mode in _KEPT.get(picture.format or "", ())


def to_colors(picture: PIL.Image.Image, path: epath.Path) -> PIL.Image.Image:
    """Converts a decoded image to RGB of 8 bits a channel.

    Values of 16 bits are scaled from 0 to 65535, fractions from 0 to 1. Fractions may also be
    values of 8 bits, with the largest above 1.

    Raises:
      FoiError: the values fit none of these ranges.
    """
    if "A" in picture.getbands() and is_transparent(np.asarray(picture.getchannel("A"))):
        doubts.mark("transparent", str(path))
    if not picture.mode.startswith(("I", "F")):
        return picture.convert("RGB")
    values = np.asarray(picture)
    low, high = values.min(), values.max()
    if not np.isfinite(values).all() or low < 0 or high > _OF_16_BITS:
        raise FoiError(
            f"{path}: has pixels from {low:g} to {high:g}, which are no brightness of 8 or 16 bits "
            "or from 0 to 1; save the image with 8 bits"
        )
    if picture.mode.startswith("F"):
        if high > _OF_8_BITS:
            raise FoiError(
                f"{path}: has fractions up to {high:g}, but they must be from 0 to 1 or from 0 to "
                "255; save the image with 8 bits"
            )
        scale = _OF_8_BITS if high <= _SHARE else 1.0
    else:
        scale = _OF_8_BITS / _OF_16_BITS
        if high <= _DARK:
            doubts.mark("dark", str(path))
    return PIL.Image.fromarray(np.rint(values * scale).astype(np.uint8)).convert("RGB")


def mark_doubts(picture: PIL.Image.Image, path: epath.Path) -> None:
    """Marks an opened image of which not all is used: other pages, transparency, or low bits."""
    mark_pages(picture, path)
    if "transparency" in picture.info:
        doubts.mark("transparent", str(path))
    # Pillow and TensorFlow keep the upper 8 of 16 bits of a color.
    if _has_deep_colors(picture) and max(high for _, high in picture.getextrema()) <= _DARK >> 8:
        doubts.mark("dark", str(path))


def mark_pages(picture: PIL.Image.Image, path: epath.Path) -> None:
    """Marks an opened image with several pages, of which the first is read."""
    if picture.format in _PAGED and getattr(picture, "n_frames", 1) > 1:
        doubts.mark("pages", str(path))


def _has_deep_colors(picture: PIL.Image.Image) -> bool:
    """Tells by the header whether an image has several channels of 16 bits."""
    if len(picture.getbands()) == 1:
        return False
    if picture.format == "TIFF" and _BITS_PER_SAMPLE in picture.tag_v2:
        return max(picture.tag_v2[_BITS_PER_SAMPLE]) > 8
    # The decoder of a PNG file is told the form of its pixels, as "RGB;16B".
    return picture.format == "PNG" and any(";16" in str(tile[3]) for tile in picture.tile)


def is_transparent(alpha: np.ndarray) -> bool:
    """Tells whether an alpha channel hides any pixel."""
    return bool((alpha < _OPAQUE).any())
