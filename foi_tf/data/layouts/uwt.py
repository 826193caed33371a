"""Underwater Trash: Trash-ICRA19, with boxes in VOC's XML.

The folders of trash_ICRA19.zip (conservancy.umn.edu/handle/11299/214366): dataset/train,
val and test, each with NAME.jpg beside NAME.xml. Table 1's 6K and 1,144 images are train
and test; val is left out. Of the labels in the files, three are the publisher's classes;
the list of the others, misspelt ones included, is that of the paper's authors.
"""

import functools

from etils import epath

from foi_tf.data.folder import Entry
from foi_tf.data.layouts.layout import Files, Layout
from foi_tf.data.readers import pairs, voc
from foi_tf.study.dataset import Dataset

_SPLITS = {"train": "train", "val": "test"}
_ALIASES = {"platstic": "plastic"} | dict.fromkeys(
    (
        "cloth", "fishing", "metal", "paper", "papper", "rubber", "timestamp", "unknown", "wood",
    )
)  # fmt: skip


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[Entry]]:
    load = functools.partial(voc.load, names=row.names["detection"], aliases=_ALIASES)
    return {
        split: pairs.read(
            raw_dir, f"dataset/{folder}/*.jpg", {f"dataset/{folder}/*.xml": load}, f"{folder}/"
        )
        for split, folder in _SPLITS.items()
    }


LAYOUT = Layout(
    read=_read,
    files=tuple(
        Files(f"dataset/{folder}/*.{suffix}", count, split)
        for (split, folder), count in zip(_SPLITS.items(), (5_720, 1_144), strict=True)
        for suffix in ("jpg", "xml")
    ),
    home="https://conservancy.umn.edu/handle/11299/214366",
    terms="free for academic use; JAMSTEC's permission for commercial use",
)
