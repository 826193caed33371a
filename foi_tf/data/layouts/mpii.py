"""MPII Human Pose: images/ and the one big annotation file of its release.

The publisher withholds the joints of its test images, which Table 1 counts as its 7K of
validation; so does the release. Ours: of the annotated training images, the frames of
whole videos are held out.
"""

import functools
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data import raw
from foi_tf.data.folder import Entry
from foi_tf.data.layouts.layout import Files, Layout
from foi_tf.data.readers import matlab
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset
from foi_tf.study.grid import subset

_FILE = "mpii_human_pose_v1_u12_2/mpii_human_pose_v1_u12_1.mat"
# Share of the videos; ours, about that of the usual validation images (Tompson et al. 2015:
# 2729 of 17,408).
_HELD_OUT = 0.157
_HEIGHT = 200  # Pixels of a person of scale 1.
# Share of its box that a person covers, where no outline says so: as xtcocotools has it.
_COVERED = 0.53


def _read(root: epath.Path, row: Dataset) -> dict[str, list[Entry]]:
    path = root / _FILE
    release = matlab.load(path, "RELEASE")
    images, chosen = (
        matlab.items(matlab.field(release, name, str(path))) for name in ("annolist", "img_train")
    )
    videos, entries = [], []
    for index, (image, is_train) in enumerate(zip(images, chosen, strict=True)):
        where = f"{path}: image {index + 1}"
        people = [one for one in matlab.items(image.annorect) if hasattr(one, "_fieldnames")]
        if not is_train or not any(_points(person) for person in people):
            continue
        name = str(matlab.field(image.image, "name", where))
        file = root / "images" / name
        load = functools.partial(_load, file, people, row.classes["keypoints"], f"{path}: {name}")
        video = matlab.field(image, "vididx", where)
        videos.append(f"video {video}")
        entries.append(Entry(epath.Path(name).stem, file, (load,)))
    if not entries:
        raise FoiError(f"{path}: no training image with joints in it; replace it")
    every = sorted(set(videos))
    held_out = frozenset(subset(every, max(1, round(len(every) * _HELD_OUT))))
    splits = {"train": [], "val": []}
    for video, entry in zip(videos, entries, strict=True):
        splits["val" if video in held_out else "train"].append(entry)
    return splits


def _points(person: Any) -> list[Any]:
    """A person's labelled joints; none of one who is only seen."""
    points = getattr(getattr(person, "annopoints", None), "point", None)
    return [] if points is None else list(matlab.items(points))


def _load(file: epath.Path, people: list[Any], keypoints: int, where: str) -> dict[str, Any]:
    size = raw.read_size(file)
    joints, boxes = [], []
    for number, person in enumerate(people):
        marks = _joints(_points(person), keypoints, f"{where}: person {number + 1}")
        box = _box(person, marks)
        if box is None:
            continue
        box = box.clip(0, 2 * size)
        if (box[2:] > box[:2]).all():
            joints.append(marks)
            boxes.append(box)
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    sides = boxes[:, 2:] - boxes[:, :2]
    return {
        "keypoints": np.asarray(joints, np.float32).reshape(-1, keypoints, 3),
        "keypoint_boxes": boxes,
        "keypoint_areas": sides[:, 0] * sides[:, 1] * np.float32(_COVERED),
        "keypoint_crowds": np.zeros(len(boxes), np.bool_),
    }


def _joints(points: list[Any], keypoints: int, where: str) -> np.ndarray:
    marks = np.zeros((keypoints, 3), np.float32)
    for point in points:
        number = int(matlab.field(point, "id", where))
        if not 0 <= number < keypoints:
            raise FoiError(f"{where}: joint id {number} is not below {keypoints}; replace it")
        # Joints of the head have no visibility, or an empty one: they were all seen.
        seen = getattr(point, "is_visible", 1)
        hidden = not matlab.is_empty(seen) and int(seen) == 0
        # MATLAB counts pixels from 1.
        marks[number] = point.y - 1, point.x - 1, 1 if hidden else 2
    return marks


def _box(person: Any, marks: np.ndarray) -> np.ndarray | None:
    """(ymin, xmin, ymax, xmax), or None where nothing tells.

    The publisher has no boxes. Ours: around joints and head rectangle; of a person without
    joints, the square of the person's scale around the rough position.
    """
    labelled = marks[marks[:, 2] > 0, :2]
    if len(labelled):
        head = [getattr(person, name, np.empty(0)) for name in ("y1", "x1", "y2", "x2")]
        if not any(map(matlab.is_empty, head)):
            corners = np.asarray(head, np.float32).reshape(2, 2) - 1
            labelled = np.concatenate([labelled, corners])
        return np.concatenate([labelled.min(0), labelled.max(0)])
    position, scale = (getattr(person, name, np.empty(0)) for name in ("objpos", "scale"))
    if matlab.is_empty(position) or matlab.is_empty(scale):
        return None
    centre = np.asarray([position.y - 1, position.x - 1], np.float32)
    half = np.float32(scale * _HEIGHT / 2)
    return np.concatenate([centre - half, centre + half])


LAYOUT = Layout(
    read=_read,
    files=(Files(_FILE, 1), Files("images/*.jpg", 24_984)),
    home="http://human-pose.mpi-inf.mpg.de/ (mpii_human_pose_v1.tar.gz and its annotations)",
    terms="Simplified BSD licence of the annotations; images for research only",
)
