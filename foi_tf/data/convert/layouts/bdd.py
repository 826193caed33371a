"""Reads Berkeley Deep Drive: masks of its 10K images, boxes of its 100K (Table 1, footnote b).

Folders: those of its archives since 2020 (doc.bdd100k.com/download.html), which are 10K
Images, Semantic Segmentation, 100K Images and Detection 2020 Labels. The 10K and the 100K
images overlap in part. Their splits differ, so they stay separate images here.

Masks hold the 19 train ids of Cityscapes, and 255 elsewhere. Boxes are in Scalabel's format,
in pixels. The authors of the paper read the release of 2018, which has other names for some
of the ten classes. The evaluation of Detection 2020 ignores the classes that it adds to
these ten; their objects become crowds.
"""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import TRAIN_VAL, ExpectedFiles, Layout, expect_files
from foi_tf.data.convert.readers import instances, json_file, labels, pairs
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study.dataset import Dataset

IMAGES_10K, MASKS = "images/10k/{}/*.jpg", "labels/sem_seg/masks/{}/*.png"
_IMAGES_100K, _BOXES = "images/100k/{}/*.jpg", "labels/det_20/det_{}.json"
_BOXES_2018 = "labels/bdd100k_labels_images_{}.json"

_NAMES_2018 = {"person": "pedestrian", "motor": "motorcycle", "bike": "bicycle"}
_CROWDS = {"other person": "pedestrian", "other vehicle": "car", "trailer": "truck"}


@dataclasses.dataclass(frozen=True, slots=True)  # Slots, since there are 1.3 million.
class _BddBox:
    x1: float
    y1: float
    x2: float
    y2: float


@dataclasses.dataclass(frozen=True, slots=True)
class _BddLabel:
    category: str
    box2d: _BddBox | None = None  # None for lanes and drivable areas.


@dataclasses.dataclass(frozen=True)
class _BddFrame:
    name: str
    labels: list[_BddLabel] | None = None


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    ids = dict(enumerate(row.names["segmentation"][1:]))
    load = functools.partial(labels.load_id_mask, labels.map_codes(ids | {255: "background"}, row))
    return {
        split: [
            *pairs.find_pairs(
                raw_dir,
                IMAGES_10K.format(split),
                {MASKS.format(split): load},
                f"10k/{split}/",
            ),
            *_find_boxes(raw_dir, split, row.names["detection"]),
        ]
        for split in ("train", "val")
    }


def _find_boxes(raw_dir: epath.Path, split: str, names: Sequence[str]) -> list[FileEntry]:
    path = raw_dir / _BOXES.format(split)
    if not path.exists() and (raw_dir / _BOXES_2018.format(split)).exists():
        path = raw_dir / _BOXES_2018.format(split)
    images = {
        f"{stem}.jpg": image
        for (stem,), image in pairs.match_files(raw_dir, _IMAGES_100K.format(split)).items()
    }
    entries = {}
    for frame in json_file.read_json(path, list[_BddFrame], "BDD100K's list of frames"):
        if frame.name not in images:
            raise FoiError(f"{path}: {frame.name}: there is no such file in images/100k/{split}")
        if frame.name in entries:
            raise FoiError(f"{path}: {frame.name} is listed twice; remove one")
        load = functools.partial(_load, frame, names, f"{path}: {frame.name}")
        stem = frame.name.removesuffix(".jpg")
        entries[frame.name] = FileEntry(f"100k/{split}/{stem}", images[frame.name], (load,))
    return [entries[name] for name in sorted(entries)]


def _load(frame: _BddFrame, names: Sequence[str], where: str) -> dict[str, Any]:
    known = {name: name for name in names} | _NAMES_2018 | _CROWDS
    boxes, indices, crowds = [], [], []
    for label in frame.labels or ():
        box = label.box2d
        # Boxes without width or height are left out.
        if box is None or box.x1 == box.x2 or box.y1 == box.y2:
            continue
        if label.category not in known:
            raise unknown_name_error("category", label.category, known, where=where)
        boxes.append((box.y1, box.x1, box.y2, box.x2))
        indices.append(names.index(known[label.category]))
        crowds.append(label.category in _CROWDS)
    return instances.make_fields(boxes, crowds) | {"box_labels": np.asarray(indices, np.int64)}


LAYOUT = Layout(
    read=_read,
    files=(
        *expect_files(TRAIN_VAL, (7_000, 1_000), (IMAGES_10K, MASKS)),
        *expect_files(TRAIN_VAL, (70_000, 10_000), [_IMAGES_100K]),
        *(
            ExpectedFiles(
                _BOXES.format(split), 1, split, ExpectedFiles(_BOXES_2018.format(split), 1, split)
            )
            for split in TRAIN_VAL
        ),
    ),
    home="http://bdd-data.berkeley.edu/ (10K and 100K Images, Semantic Segmentation, Detection)",
    terms="registration; research and education",
)
