"""Guesses from wrong annotations which mistake they are, to name the remedy in an error."""

import numpy as np

from foi_tf.study.dataset import Size

_MANY = 16  # A mask with more values that are no classes was photographed or compressed; ours.


def explain_boxes(boxes: np.ndarray, size: Size) -> str:
    """Says what boxes that are not all inside their image look like; "" without a guess.

    Args:
      boxes: [N, 4] (ymin, xmin, ymax, xmax) as they were read.
      size: (height, width) of the image.
    """
    corners, ends = boxes[:, :2], boxes[:, 2:]
    limit = np.asarray(size, np.float32) + 0.5
    if (ends <= corners).all(axis=1).any() and (corners + ends <= limit).all():
        return "as if width and height stood where the second corner belongs"
    sides = ends - corners
    if (corners >= -0.5).all() and ((sides > corners) & (sides <= limit)).all():
        return "as if the second corner stood where width and height belong"
    half = np.tile(sides / 2, 2)
    for sign, text in (
        (-1, "their center stood where the corner"),
        (1, "their corner stood where the center"),
    ):
        moved = boxes + sign * half
        if (ends > corners).all() and (moved >= -0.5).all() and (moved[:, 2:] <= limit).all():
            return f"as if {text} belongs"
    turned = boxes[:, [1, 0, 3, 2]]
    if (turned >= -0.5).all() and (turned[:, 2:] <= limit).all() and (ends > corners).all():
        return "as if x and y were swapped, or the image was turned after it was annotated"
    if (boxes >= -0.5).all() and (ends > corners).all():
        return "as if the boxes belonged to a larger version of the image"
    return ""


def explain_labels(labels: np.ndarray, classes: int) -> str:
    """Says what the values of a mask that are no classes look like, or what to do about them.

    Args:
      labels: values of the mask without those that are ignored.
      classes: number of classes.
    """
    values = np.unique(labels)
    wrong = values[values >= classes]
    if len(wrong) > _MANY:
        return f"it has {len(wrong)} such values, as a mask that was compressed, scaled or colored"
    if values.min() >= 1 and values.max() == classes:
        return "its lowest is 1: if its ids count from 1, subtract 1, or name a class 0"
    return "name a class for it, or correct the mask"


def explain_size(annotation: Size, size: Size) -> str:
    """Says why an annotation has another (height, width) than its image; "" without a guess."""
    if annotation == size[::-1]:
        return "one of the two was turned by 90 degrees (EXIF?); turn it back"
    return ""
