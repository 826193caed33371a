"""Reads ScanNet's 25k frames: scannet_frames_25k/SCENE/{color,label}, ids of NYU's 40 classes."""

import functools
from collections.abc import Mapping
from typing import Any

import cv2
from etils import epath

from foi_tf.data.convert import image_files
from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import ExpectedFiles, Layout
from foi_tf.data.convert.readers import labels, lists, pairs
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset

_FRAMES = "scannet_frames_25k"
# The sensor gives colors in 1296 x 968 pixels and depth in 640 x 480, of the same view. Labels
# of the other size are scaled if the aspect ratios differ by no more than this share; ours.
_SAME_SHAPE = 0.01
_LISTS = {"train": "scannetv2_train.txt", "val": "scannetv2_val.txt"}


def _read(root: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    return find_splits(root, row, dict(enumerate(row.names["segmentation"])))


def find_splits(
    root: epath.Path, row: Dataset, names: Mapping[int, str]
) -> dict[str, list[FileEntry]]:
    """Finds the entries of both splits.

    Args:
      root: the raw folder.
      row: the dataset's row.
      names: our name of each of the publisher's ids, 0 to 40.

    Raises:
      FoiError: a file is missing, or a scene is in no list.
    """
    table = labels.map_codes(names, row)
    load = functools.partial(_load, table)
    entries = pairs.find_pairs(root, f"{_FRAMES}/*/color/*.jpg", {f"{_FRAMES}/*/label/*.png": load})
    splits = {split: frozenset(lists.read_list(root / path)) for split, path in _LISTS.items()}
    for entry in entries:
        scene = entry.id.split("/")[0]
        if not any(scene in scenes for scenes in splits.values()):
            raise FoiError(
                f"{entry.path}: {scene} is in neither {' nor '.join(_LISTS.values())}; "
                "frames of test scenes have no labels; remove them"
            )
    return {
        split: [entry for entry in entries if entry.id.split("/")[0] in scenes]
        for split, scenes in splits.items()
    }


def _load(table: dict[int, int], path: epath.Path) -> dict[str, Any]:
    mask = labels.load_id_mask(table, path)["mask"]
    height, width = image_files.read_image_size(path.parent.parent / "color" / f"{path.stem}.jpg")
    if abs(mask.shape[0] / mask.shape[1] * width / height - 1) <= _SAME_SHAPE:
        mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return {"mask": mask}


LAYOUT = Layout(
    read=_read,
    files=(
        ExpectedFiles(_LISTS["train"], 1, "train"),
        ExpectedFiles(_LISTS["val"], 1, "val"),
        ExpectedFiles(f"{_FRAMES}/*/color/*.jpg", 24_902),
        ExpectedFiles(f"{_FRAMES}/*/label/*.png", 24_902),
    ),
    home=(
        "http://www.scan-net.org/ (tasks/scannet_frames_25k.zip; the lists are in "
        "https://github.com/ScanNet/ScanNet, Tasks/Benchmark)"
    ),
    terms="signed terms of use, by an academic e-mail address; non-commercial research",
)
