"""Reads annotations off a painted scene; all come from its one buffer of part numbers."""

import numpy as np

from foi_tf.miniworld.labels import LabelMap, make_label_table
from foi_tf.miniworld.painter import SUPERSAMPLING, Joint, Painter
from foi_tf.miniworld.shading import compute_inverse_depths

# Instances that cover a smaller share of the image are not annotated (ours): 12 pixels of
# 128 x 128.
MIN_AREA = 12 / 128**2


def find_visible_parts(painter: Painter) -> np.ndarray:
    """Returns the number of the part at each pixel of the image: intp [H, W]."""
    return painter.parts[1::SUPERSAMPLING, 1::SUPERSAMPLING].astype(np.intp)


def make_mask(painter: Painter, labels: LabelMap) -> np.ndarray:
    """Returns the class id of each pixel: uint8 [H, W], 255 = ignore."""
    classes = make_label_table(labels)[np.asarray(painter.kinds)]
    return classes.take(find_visible_parts(painter))


def make_depth(painter: Painter) -> np.ndarray:
    """Returns the depth of each pixel in meters: float32 [H, W], 0 = unknown (infinite)."""
    inverse = compute_inverse_depths(painter, painter.parts.astype(np.intp))
    inverse = inverse[1::SUPERSAMPLING, 1::SUPERSAMPLING]
    # The center of a pixel on the rim of a steep face may lie beyond the face, where its plane
    # is much farther or nearer.
    least, most = np.asarray(painter.inverse_depths, np.float32).T[3:]
    seen = find_visible_parts(painter)
    inverse = np.clip(inverse, least.take(seen), most.take(seen))
    known = inverse > 1e-4  # Nothing is farther than 10 km.
    return np.divide(1.0, inverse, out=np.zeros_like(inverse), where=known)


def find_owners(painter: Painter) -> np.ndarray:
    """Returns the number of the instance at each pixel: intp [H, W], 0 = none."""
    return np.asarray(painter.owners).take(find_visible_parts(painter))


def make_boxes(painter: Painter, labels: LabelMap) -> dict[str, np.ndarray]:
    """Returns the boxes of all instances that have a class, with labels, areas and crowds.

    The boxes are tight around the visible pixels. See `miniworld.render` for the fields.
    """
    numbers = {kind: i for i, kinds in enumerate(labels.values()) for kind in kinds}
    wanted = [i for i, it in enumerate(painter.instances) if i and it.kind in numbers]
    found = _find_extents(painter, wanted)
    return {
        "boxes": np.array([box for _, box, _ in found], np.float32).reshape(-1, 4),
        "box_labels": np.array([numbers[painter.instances[i].kind] for i, _, _ in found], np.int64),
        "box_areas": np.array([area for _, _, area in found], np.float32),
        "box_crowds": np.zeros(len(found), bool),
    }


def make_keypoints(
    painter: Painter, kinds: tuple[str, ...], order: list[int]
) -> dict[str, np.ndarray]:
    """Returns the keypoints of all figures of some kinds, with boxes, areas and crowds.

    Args:
      kinds: the kinds of instances that are annotated.
      order: the indices of the joints in `Instance.joints`, in the dataset's order.

    Figures without a joint in the image are left out.
    """
    wanted = [i for i, it in enumerate(painter.instances) if it.kind in kinds and it.joints]
    parts = find_visible_parts(painter)
    kept, figures = [], []
    for number, box, area in _find_extents(painter, wanted):
        joints = painter.instances[number].joints
        figure = [_make_keypoint(painter, parts, joints[i]) for i in order]
        if any(v > 0 for _, _, v in figure):
            kept.append((box, area))
            figures.append(figure)
    return {
        "keypoints": np.array(figures, np.float32).reshape(-1, len(order), 3),
        "keypoint_boxes": np.array([box for box, _ in kept], np.float32).reshape(-1, 4),
        "keypoint_areas": np.array([area for _, area in kept], np.float32),
        "keypoint_crowds": np.zeros(len(kept), bool),
    }


def _make_keypoint(painter: Painter, parts: np.ndarray, joint: Joint) -> tuple[float, float, int]:
    """Returns the (y, x, visibility) of a joint.

    It is visible (2) if a pixel at or next to it shows a part that owns the joint.
    """
    height, width = parts.shape
    y, x = joint.y * height, joint.x * height
    row, column = int(y // 1), int(x // 1)
    if not (0 <= row < height and 0 <= column < width):
        return 0.0, 0.0, 0
    around = parts[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    seen = not joint.owners.isdisjoint(around.ravel().tolist())
    return y, x, 2 if seen else 1


def _find_extents(painter: Painter, wanted: list[int]) -> list[tuple[int, tuple, int]]:
    """Returns (instance, (ymin, xmin, ymax, xmax), area) of those that show enough pixels."""
    seen = find_owners(painter)
    areas = np.bincount(seen.ravel(), minlength=len(painter.instances))
    least = MIN_AREA * seen.size
    found = []
    for number in wanted:
        if areas[number] < least:
            continue
        shown = seen == number
        rows, columns = np.flatnonzero(shown.any(1)), np.flatnonzero(shown.any(0))
        box = rows[0], columns[0], rows[-1] + 1, columns[-1] + 1
        found.append((number, box, int(areas[number])))
    return found
