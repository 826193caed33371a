"""Objects as fields of `schema`: what all formats say of them, whatever they are."""

from collections.abc import Sequence

import numpy as np


def make_fields(
    corners: Sequence | np.ndarray,
    crowds: Sequence[bool] | None = None,
    areas: Sequence[float] | None = None,
    prefix: str = "box",
) -> dict[str, np.ndarray]:
    """The boxes, areas and crowds of an image's objects.

    Args:
      corners: (ymin, xmin, ymax, xmax) of each, in pixels.
      crowds: None: none of them is one.
      areas: pixels of each; None: those of its box.
      prefix: "box" or "keypoint".
    """
    boxes = np.asarray(corners, np.float32).reshape(-1, 4)
    sides = boxes[:, 2:] - boxes[:, :2]
    areas = sides[:, 0] * sides[:, 1] if areas is None else np.asarray(areas, np.float32)
    crowds = np.zeros(len(boxes), np.bool_) if crowds is None else np.asarray(crowds, np.bool_)
    return {
        "boxes" if prefix == "box" else f"{prefix}_boxes": boxes,
        f"{prefix}_areas": areas,
        f"{prefix}_crowds": crowds,
    }
