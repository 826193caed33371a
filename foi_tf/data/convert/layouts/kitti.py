"""Reads KITTI: semantic segmentation 2015, with Cityscapes' label ids.

Folders: those of data_semantics.zip (www.cvlibs.net/datasets/kitti/eval_semseg.php). The
test labels are not public, so the 200 training images are split. Like the paper's authors,
we validate on the 50 images that MSeg lists (github.com/mseg-dataset/mseg-api,
dataset_lists/kitti-34).
"""

import functools

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts import city
from foi_tf.data.convert.layouts.layout import ExpectedFiles, Layout
from foi_tf.data.convert.readers import labels, pairs
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset

_IMAGES = "training/image_2/*_10.png"
_LABELS = "training/semantic/*_10.png"
_VAL = frozenset(
    (
        1, 3, 7, 8, 20, 22, 24, 25, 26, 30, 37, 43, 49, 50, 52, 57, 60, 61, 63, 68, 71, 72,
        76, 79, 86, 96, 101, 115, 121, 128, 129, 131, 133, 134, 137, 139, 140, 141, 142, 144,
        146, 149, 156, 157, 169, 175, 178, 190, 192, 196,
    )
)  # fmt: skip


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    load = functools.partial(labels.load_id_mask, labels.map_codes(city.IDS, row))
    splits = {"train": [], "val": []}
    for entry in pairs.find_pairs(raw_dir, _IMAGES, {_LABELS: load}):
        if not entry.id.isdecimal():
            raise FoiError(
                f"{entry.path}: its name is not a number, as KITTI's are; rename or remove it"
            )
        splits["val" if int(entry.id) in _VAL else "train"].append(entry)
    return splits


LAYOUT = Layout(
    read=_read,
    files=(ExpectedFiles(_IMAGES, 200), ExpectedFiles(_LABELS, 200)),
    home="https://www.cvlibs.net/datasets/kitti/eval_semseg.php?benchmark=semantics2015",
    terms="registration; CC BY-NC-SA 3.0",
)
