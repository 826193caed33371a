"""Reads SUIM: underwater images with color-coded BMP masks.

Folders: those of SUIM.zip (irvlab.cs.umn.edu/resources/suim-dataset), train_val and TEST, each
with images and masks. In masks, red, green and blue are each on or off, which makes eight
classes. Like the publisher's code (github.com/xahidbuffon/SUIM), we split the channels at
their middle. Some masks are a few rows or columns larger than their image; the surplus is cut
off at the bottom and at the right.
"""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert import image_files
from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import Layout, expect_files
from foi_tf.data.convert.readers import labels, pairs
from foi_tf.study.dataset import Dataset

_SPLITS = {"train": "train_val", "val": "TEST"}
_IMAGES, _MASKS = "{}/images/*.jpg", "{}/masks/*.bmp"
_SURPLUS = 0.1  # Share of an image's side by which a mask may be larger; ours.

COLORS = {
    (0, 0, 0): "background", (0, 0, 255): "HD: Human divers",
    (0, 255, 0): "PF: Plants/sea-grass", (0, 255, 255): "WR: Wrecks/ruins",
    (255, 0, 0): "RO: Robots/instruments", (255, 0, 255): "RI: Reefs and invertebrates",
    (255, 255, 0): "FV: Fish and vertebrates",
    (255, 255, 255): "SR: Sand/sea-floor (& rocks)",
}  # fmt: skip


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    load = functools.partial(_load, labels.map_codes(COLORS, row))
    return pairs.find_pairs_of_splits(raw_dir, _SPLITS, _IMAGES, {_MASKS: load})


def _load(table: Mapping[labels.Color, int], path: epath.Path) -> dict[str, Any]:
    colors = image_files.read_colors(path)
    size = image_files.read_image_size(path.parent.parent / "images" / f"{path.stem}.jpg")
    surplus = [mask - image for mask, image in zip(colors.shape[:2], size, strict=True)]
    if all(0 <= more <= _SURPLUS * side for more, side in zip(surplus, size, strict=True)):
        colors = colors[: size[0], : size[1]]
    switched = np.where(colors > 127, np.uint8(255), np.uint8(0))
    return {"mask": labels.colors_to_mask(table, switched, path)}


LAYOUT = Layout(
    read=_read,
    files=expect_files(_SPLITS, (1_525, 110), (_IMAGES, _MASKS)),
    home="https://irvlab.cs.umn.edu/resources/suim-dataset",
    terms="free download for research; cite Islam et al. 2020",
)
