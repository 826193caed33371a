"""Underwater Trash: Trash-ICRA19, with boxes in VOC's XML.

The folders of trash_ICRA19.zip (conservancy.umn.edu/handle/11299/214366): dataset/train,
val and test, each with NAME.jpg beside NAME.xml. Table 1's 6K and 1,144 images are train
and test; val is left out. Of the labels in the files, three are the publisher's classes;
the list of the others, misspelt ones included, is that of the paper's authors.
"""

import functools

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import Layout, files_of_splits
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
    files=files_of_splits(_SPLITS, (5_720, 1_144), (_IMAGES, _BOXES)),
    home="https://conservancy.umn.edu/handle/11299/214366",
    terms="free for academic use; JAMSTEC's permission for commercial use",
)
