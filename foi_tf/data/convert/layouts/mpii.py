"""Reads MPII Human Pose: images/ and the one large annotation file of its release.

Table 1 counts the publisher's 7K test images as validation, but their joints are not
public. Ours: we validate on a part of the annotated training images, the frames of whole
videos.
"""

import functools
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert import image_files
from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import ExpectedFiles, Layout
from foi_tf.data.convert.readers import instances, matlab
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset
from foi_tf.study.grid import choose_subset

_FILE = "mpii_human_pose_v1_u12_2/mpii_human_pose_v1_u12_1.mat"
# Share of the videos to validate on; ours, about the share of the usual validation images
# (Tompson et al. 2015: 2729 of 17,408).
_HELD_OUT = 0.157
_HEIGHT = 200  # Height of a person of scale 1, in pixels.


def _read(root: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    path = root / _FILE
    release = matlab.load_variable(path, "RELEASE")
    images, chosen = (
        matlab.list_items(matlab.get_field(release, name, str(path)))
        for name in ("annolist", "img_train")
    )
    videos, entries = [], {}
    for index, (image, is_train) in enumerate(zip(images, chosen, strict=True)):
        where = f"{path}: image {index + 1}"
        people = matlab.list_items(matlab.get_field(image, "annorect", where))
        people = [_read_person(one, row.classes["keypoints"], where) for one in people]
        if not is_train or not any(marks[:, 2].any() for marks, _ in people):
            continue
        name = str(matlab.get_field(matlab.get_field(image, "image", where), "name", where))
        # The file has three more records than images; the first record of an image counts.
        if name in entries:
            continue
        # All frames of unknown videos count as one video.
        videos.append(str(matlab.get_field(image, "vididx", where)))
        file = root / "images" / name
        load = functools.partial(_load, file, people)
        entries[name] = FileEntry(epath.Path(name).stem, file, (load,))
    every = sorted(set(videos))
    held_out = frozenset(choose_subset(every, max(1, round(len(every) * _HELD_OUT))))
    splits = {"train": [], "val": []}
    for video, entry in zip(videos, entries.values(), strict=True):
        splits["val" if video in held_out else "train"].append(entry)
    return splits


def _read_person(person: Any, keypoints: int, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns a person's keypoints [K, 3] and box [4] in pixels from 0, not yet clipped.

    The publisher has no boxes. Ours: the box surrounds the joints and the rectangle of the
    head. For a person without joints, it is a square of the person's scale around the rough
    position; without that, it is empty.
    """
    marks = np.zeros((keypoints, 3), np.float32)
    for point in matlab.list_items(getattr(_get_optional(person, "annopoints"), "point", ())):
        number = int(matlab.get_field(point, "id", where))
        if not 0 <= number < keypoints:
            raise FoiError(f"{where}: joint id {number} is not below {keypoints}; replace the file")
        # 0 or "0" means hidden. Joints of the head have no visibility, or []; they are visible.
        hidden = str(_get_optional(point, "is_visible")) == "0"
        marks[number] = *_read_position(point, where), 1 if hidden else 2
    spread = list(marks[marks[:, 2] > 0, :2])
    head = [_get_optional(person, name) for name in ("y1", "x1", "y2", "x2")]
    rough, scale = _get_optional(person, "objpos"), _get_optional(person, "scale")
    if spread and None not in head:
        spread += list(np.asarray(head, np.float32).reshape(2, 2) - 0.5)
    elif not spread and None not in (rough, scale):
        center, half = np.asarray(_read_position(rough, where)), float(scale) * _HEIGHT / 2
        spread = [center - half, center + half]
    spread = np.asarray(spread or np.zeros((1, 2)), np.float32)
    return marks, np.concatenate([spread.min(0), spread.max(0)])


def _get_optional(struct: Any, name: str) -> Any:
    """Returns a field, or None if it is absent or []."""
    value = getattr(struct, name, None)
    return None if matlab.is_empty(value) else value


def _read_position(struct: Any, where: str) -> tuple[float, float]:
    """Returns the (y, x) of a pixel's center; the file's indices are from 1."""
    # Converted to float, since MATLAB stores a whole number in the smallest type that holds it.
    y, x = (float(matlab.get_field(struct, name, where)) for name in ("y", "x"))
    return y - 0.5, x - 0.5


def _load(file: epath.Path, people: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, Any]:
    size = image_files.read_image_size(file)
    clipped = [(marks, box.clip(0, 2 * size)) for marks, box in people]
    kept = [(marks, box) for marks, box in clipped if (box[2:] > box[:2]).all()]
    keypoints = people[0][0].shape
    fields = instances.make_fields([box for _, box in kept], prefix="keypoint")
    fields["keypoint_areas"] *= np.float32(instances.COVERED)
    marks = np.asarray([marks for marks, _ in kept], np.float32).reshape(-1, *keypoints)
    return fields | {"keypoints": marks}


LAYOUT = Layout(
    read=_read,
    files=(ExpectedFiles(_FILE, 1), ExpectedFiles("images/*.jpg", 24_984)),
    home="http://human-pose.mpi-inf.mpg.de/ (mpii_human_pose_v1.tar.gz and its annotations)",
    terms="Simplified BSD license of the annotations; images for research only",
)
