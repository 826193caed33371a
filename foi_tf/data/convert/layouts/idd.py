"""Reads the India Driving Dataset: draws the polygons of IDD Segmentation (part I).

Folders: those of idd-segmentation.tar.gz. The labels are those of its tools (github.com/
AutoNUE/public-code, helpers/anue_labels.py); by their `id`, the paper counts 34 classes and
ignores the rest. Pixels outside all polygons are unlabeled. The label images that the tools
can make are not needed.
"""

import functools

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import TRAIN_VAL, Layout, expect_files
from foi_tf.data.convert.readers import labels, pairs, polygons
from foi_tf.data.records import schema
from foi_tf.study.dataset import Dataset

_IMAGES = "leftImg8bit/{}/*/*_leftImg8bit.png"
_LABELS = "gtFine/{}/*/*_gtFine_polygons.json"


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    names = {name: name for name in (*row.names["segmentation"], *row.ignored)}
    ignore = schema.IGNORE[schema.mask_dtype(row)]
    load = functools.partial(polygons.load_mask, labels.map_codes(names, row), ignore)
    return pairs.find_pairs_of_splits(raw_dir, TRAIN_VAL, _IMAGES, {_LABELS: load})


LAYOUT = Layout(
    read=_read,
    files=expect_files(TRAIN_VAL, (6_993, 981), (_IMAGES, _LABELS)),
    home="https://idd.insaan.iiit.ac.in/dataset/download/",
    terms="registration; research use",
)
