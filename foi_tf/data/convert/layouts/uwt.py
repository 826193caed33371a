"""Underwater Trash: Trash-ICRA19, with boxes in VOC's XML.

The folders of trash_ICRA19.zip (conservancy.umn.edu/handle/11299/214366): dataset/train,
val and test, each with NAME.jpg beside NAME.xml. Table 1's 6K and 1,144 images are train
and test; val is left out. Of the labels in the files, three are the publisher's classes;
the list of the others, misspelt ones included, is that of the paper's authors.
"""

import functools

from etils import epath

from foi_tf.data.convert.folder import Entry
from foi_tf.data.convert.layouts.layout import Layout, in_folders
from foi_tf.data.convert.readers import pairs, voc
from foi_tf.study.dataset import Dataset

_SPLITS = {"train": "train", "val": "test"}
_IMAGES, _BOXES = "dataset/{}/*.jpg", "dataset/{}/*.xml"
_ALIASES = {"platstic": "plastic"} | dict.fromkeys(
    (
        "cloth", "fishing", "metal", "paper", "papper", "rubber", "timestamp", "unknown", "wood",
    )
)  # fmt: skip


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[Entry]]:
    load = functools.partial(voc.load, names=row.names["detection"], aliases=_ALIASES)
    return pairs.read_splits(raw_dir, _SPLITS, _IMAGES, {_BOXES: load}, "{}/")


LAYOUT = Layout(
    read=_read,
    files=in_folders(_SPLITS, (5_720, 1_144), (_IMAGES, _BOXES)),
    home="https://conservancy.umn.edu/handle/11299/214366",
    terms="free for academic use; JAMSTEC's permission for commercial use",
)
