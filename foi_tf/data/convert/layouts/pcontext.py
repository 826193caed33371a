"""Reads PASCAL-Context: trainval/*.mat for the images and the main lists of VOC2010."""

import functools
from collections.abc import Sequence
from typing import Any

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import ExpectedFiles, Layout
from foi_tf.data.convert.readers import labels, lists, matlab
from foi_tf.study.dataset import Dataset

_VOC = "VOCdevkit/VOC2010"
_LABELS = 460  # The 459 ids of labels.txt, from 1, and 0 for unlabeled pixels.
# Ids in labels.txt of its 59 most frequent classes, in the order of our names; both are
# alphabetical (59_labels.txt names the 59, some in other words).
_IDS = (
    2, 9, 18, 19, 22, 23, 25, 31, 33, 34, 44, 45, 46, 59, 65, 68, 72, 80, 85, 98, 104, 105, 113,
    115, 144, 158, 159, 162, 187, 189, 207, 220, 232, 258, 259, 260, 284, 295, 296, 308, 324, 326,
    347, 349, 354, 355, 360, 366, 368, 397, 415, 416, 420, 424, 427, 440, 445, 454, 458,
)  # fmt: skip


def _read(root: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    return find_splits(root, row, row.names["segmentation"][1:])


def find_splits(
    root: epath.Path, row: Dataset, classes: Sequence[str]
) -> dict[str, list[FileEntry]]:
    """Finds the entries of both splits.

    Args:
      root: the raw folder.
      row: the dataset's row, which has a class of the background or ignores it.
      classes: names of the 59 most frequent classes, in the order of their ids.
    """
    names = dict.fromkeys(range(_LABELS), "background")
    names |= dict(zip(_IDS, classes, strict=True))
    table = labels.map_codes(names, row)
    return {split: _find_entries(root, split, table) for split in ("train", "val")}


def _find_entries(root: epath.Path, split: str, table: dict[int, int]) -> list[FileEntry]:
    stems = lists.read_list(root / _VOC / f"ImageSets/Main/{split}.txt")
    return [
        FileEntry(
            stem,
            root / _VOC / f"JPEGImages/{stem}.jpg",
            (functools.partial(_load_mask, table, root / f"trainval/{stem}.mat"),),
        )
        for stem in stems
    ]


def _load_mask(table: dict[int, int], path: epath.Path) -> dict[str, Any]:
    return {"mask": labels.ids_to_mask(table, matlab.load_variable(path, "LabelMap"), path)}


LAYOUT = Layout(
    read=_read,
    files=(
        ExpectedFiles(f"{_VOC}/ImageSets/Main/train.txt", 1, "train"),
        ExpectedFiles(f"{_VOC}/ImageSets/Main/val.txt", 1, "val"),
        ExpectedFiles(f"{_VOC}/JPEGImages/*.jpg", 11_321),
        ExpectedFiles("trainval/*.mat", 10_103),
    ),
    home="https://cs.stanford.edu/~roozbeh/pascal-context/ and the VOC2010 trainval archive",
    terms="free download; VOC images are Flickr's, for research under its terms of use",
)
