"""ScanNet's 25k frames: scannet_frames_25k/SCENE/{color,label}, ids of NYU's 40 classes."""

import functools

from etils import epath

from foi_tf.data.folder import Entry
from foi_tf.data.layouts.layout import Files, Layout
from foi_tf.data.readers import labels, lists, pairs
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset

_FRAMES = "scannet_frames_25k"
_LISTS = {"train": "scannetv2_train.txt", "val": "scannetv2_val.txt"}


def _read(root: epath.Path, row: Dataset) -> dict[str, list[Entry]]:
    table = labels.codes(dict(enumerate(row.names["segmentation"])), row)
    load = functools.partial(labels.of_ids, table)
    entries = pairs.read(root, f"{_FRAMES}/*/color/*.jpg", {f"{_FRAMES}/*/label/*.png": load})
    splits = {split: frozenset(lists.read(root / path)) for split, path in _LISTS.items()}
    for entry in entries:
        scene = entry.id.split("/")[0]
        if not any(scene in scenes for scenes in splits.values()):
            raise FoiError(
                f"{entry.path}: {scene} is in neither {' nor '.join(_LISTS.values())}; "
                "frames of test scenes have no labels, remove them"
            )
    return {
        split: [entry for entry in entries if entry.id.split("/")[0] in scenes]
        for split, scenes in splits.items()
    }


LAYOUT = Layout(
    read=_read,
    files=(
        Files(_LISTS["train"], 1, "train"),
        Files(_LISTS["val"], 1, "val"),
        Files(f"{_FRAMES}/*/color/*.jpg", 24_902),
        Files(f"{_FRAMES}/*/label/*.png", 24_902),
    ),
    home=(
        "http://www.scan-net.org/ (tasks/scannet_frames_25k.zip; the lists are in "
        "https://github.com/ScanNet/ScanNet, Tasks/Benchmark)"
    ),
    terms="signed terms of use, by an academic e-mail address; non-commercial research",
)
