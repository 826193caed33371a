"""Reads Cityscapes: fine annotations as images of label ids.

Folders: those of leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip. The 34 ids, 0 to
33, are those of cityscapesScripts (github.com/mcordts/cityscapesScripts, helpers/labels.py);
the license plate's id -1 is never drawn. KITTI has the same ids.
"""

import functools

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import TRAIN_VAL, Layout, expect_files
from foi_tf.data.convert.readers import labels, pairs
from foi_tf.study.dataset import Dataset

IDS = dict(
    enumerate(
        (
            "unlabeled", "ego vehicle", "rectification border", "out of roi", "static",
            "dynamic", "ground", "road", "sidewalk", "parking", "rail track", "building",
            "wall", "fence", "guard rail", "bridge", "tunnel", "pole", "polegroup",
            "traffic light", "traffic sign", "vegetation", "terrain", "sky", "person",
            "rider", "car", "truck", "bus", "caravan", "trailer", "train", "motorcycle",
            "bicycle",
        )
    )
)  # fmt: skip

IMAGES = "leftImg8bit/{}/*/*_leftImg8bit.png"
LABELS = "gtFine/{}/*/*_gtFine_labelIds.png"


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    load = functools.partial(labels.load_id_mask, labels.map_codes(IDS, row))
    return pairs.find_pairs_of_splits(raw_dir, TRAIN_VAL, IMAGES, {LABELS: load})


LAYOUT = Layout(
    read=_read,
    files=expect_files(TRAIN_VAL, (2_975, 500), (IMAGES, LABELS)),
    home="https://www.cityscapes-dataset.com/downloads/",
    terms="registration; non-commercial research; no redistribution",
)
