"""Reads Underwater Trash: Trash-ICRA19, with boxes in VOC's XML.

Folders: those of trash_ICRA19.zip (conservancy.umn.edu/handle/11299/214366), dataset/train, val
and test, each with NAME.jpg beside NAME.xml. Table 1's 6K and 1,144 images are train and test;
val is left out. Three of the labels in the files are the publisher's classes. The list of the
other labels, with misspelled ones, is that of the paper's authors.
"""

import functools

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import Layout, expect_files
from foi_tf.data.convert.readers import pairs, voc
from foi_tf.study.dataset import Dataset

_SPLITS = {"train": "train", "val": "test"}
_IMAGES, _BOXES = "dataset/{}/*.jpg", "dataset/{}/*.xml"
_ALIASES = {"platstic": "plastic"} | dict.fromkeys(
    (
        "cloth", "fishing", "metal", "paper", "papper", "rubber", "timestamp", "unknown", "wood",
    )
)  # fmt: skip


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    load = functools.partial(voc.load_boxes, names=row.names["detection"], aliases=_ALIASES)
    return pairs.find_pairs_of_splits(raw_dir, _SPLITS, _IMAGES, {_BOXES: load}, "{}/")


LAYOUT = Layout(
    read=_read,
    files=expect_files(_SPLITS, (5_720, 1_144), (_IMAGES, _BOXES)),
    home="https://conservancy.umn.edu/handle/11299/214366",
    terms="free for academic use; JAMSTEC's permission for commercial use",
)
