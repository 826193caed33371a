"""Reads ADE20K as in the scene parsing challenge: ADEChallengeData2016, ids of 150 classes."""

import functools

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import ExpectedFiles, Layout
from foi_tf.data.convert.readers import labels, pairs
from foi_tf.study.dataset import Dataset

_ROOT = "ADEChallengeData2016"
_FOLDERS = {"train": "training/ADE_train_", "val": "validation/ADE_val_"}


def _read(root: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    # Ids are the lines of objectInfo150.txt, from 1; 0 marks everything else.
    table = labels.map_codes(dict(enumerate(("other", *row.names["segmentation"]))), row)
    load = functools.partial(labels.load_id_mask, table)
    return {
        split: pairs.find_pairs(
            root,
            f"{_ROOT}/images/{folder}*.jpg",
            {f"{_ROOT}/annotations/{folder}*.png": load},
            prefix=f"{split}/",
        )
        for split, folder in _FOLDERS.items()
    }


LAYOUT = Layout(
    read=_read,
    files=tuple(
        ExpectedFiles(f"{_ROOT}/{part}/{_FOLDERS[split]}*.{suffix}", count, split)
        for split, count in (("train", 20_210), ("val", 2_000))
        for part, suffix in (("images", "jpg"), ("annotations", "png"))
    ),
    home="http://sceneparsing.csail.mit.edu/ (ADEChallengeData2016.zip)",
    terms="non-commercial research and education; software and annotations BSD-3",
)
