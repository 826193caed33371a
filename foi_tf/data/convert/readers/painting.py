"""Paints masks for segmentation from the outlines of objects."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert import image_files
from foi_tf.data.convert.readers import outlines
from foi_tf.data.records import schema
from foi_tf.study.dataset import Size

IGNORED = -1  # Label of outlines whose pixels are ignored.
_BACKGROUND = "background"
_BACKGROUND_NAMES = (_BACKGROUND, "_background_", "__background__")


@dataclasses.dataclass(frozen=True)
class PaintedOutline:
    """Describes an object that is painted.

    Attributes:
      label: its class, or `IGNORED`.
      outline: its pixels.
      level: objects of a higher level cover those of lower ones.
    """

    label: int
    outline: outlines.Outline
    level: int = 0


def add_background(names: Sequence[str]) -> tuple[str, ...]:
    """Puts the background first among the classes of masks; it may be one of them."""
    others = [name for name in names if not is_background(name)]
    return (_BACKGROUND, *others)


def is_background(name: str) -> bool:
    """Tells whether a class is the background by its name."""
    return name.lower() in _BACKGROUND_NAMES


def find_label(names: Sequence[str], name: str) -> int:
    """Returns the class of a name among those of `add_background`."""
    return 0 if is_background(name) else names.index(name)


def load_mask(
    objects: Sequence[PaintedOutline], classes: int, image: epath.Path, where: str
) -> dict[str, Any]:
    """Paints the mask of an image as the field of `schema`.

    Args:
      objects: what is painted.
      classes: number of classes, with the background, which is 0.
      image: the image's file, whose size the mask has.
      where: the annotation file and the image, for error messages.

    Raises:
      FoiError: a file is broken, or run lengths are of another size.
    """
    return {"mask": paint(objects, classes, image_files.read_image_size(image), where)}


def paint(objects: Sequence[PaintedOutline], classes: int, size: Size, where: str) -> np.ndarray:
    """Paints outlines over each other: those to ignore first, then larger before smaller.

    So an object in front of a larger one stays visible. Pixels outside all are background.

    Returns:
      The mask [H, W] of 8 or 16 bits, as `schema` holds it.
    """
    dtype = np.dtype(np.uint8 if classes < schema.IGNORE[np.dtype(np.uint8)] else np.uint16)
    mask = np.zeros(size, dtype)
    parts = [(one, *outlines.find_pixels(one.outline, size, where)) for one in objects]
    parts.sort(
        key=lambda part: (part[0].label != IGNORED, part[0].level, -np.count_nonzero(part[2]))
    )
    for one, area, inside in parts:
        mask[area][inside] = schema.IGNORE[dtype] if one.label == IGNORED else one.label
    return mask
