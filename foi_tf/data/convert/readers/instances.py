"""Makes the fields of `schema` that objects have in common, whether with boxes or keypoints."""

from collections.abc import Sequence

import numpy as np

# Share of a box that its person or dog covers, for lack of outlines; xtcocotools takes the same
# for MPII. For dogs, it is ours.
COVERED = 0.53


def make_fields(
    corners: Sequence | np.ndarray,
    crowds: Sequence[bool] | None = None,
    areas: Sequence[float] | None = None,
    prefix: str = "box",
) -> dict[str, np.ndarray]:
    """Returns the boxes, areas and crowd flags of an image's objects.

    Args:
      corners: (ymin, xmin, ymax, xmax) of each object, in pixels.
      crowds: whether each object is a crowd; None if none is.
      areas: area of each object in pixels; None for the area of its box.
      prefix: "box" or "keypoint", the start of the fields' names.
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
