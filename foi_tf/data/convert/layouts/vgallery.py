"""Reads Virtual Gallery: a rendered museum with class colors and depth.

Folders: those of its archives (europe.naverlabs.com/research/3d-vision/virtual-gallery-dataset),
training (six cameras of a robot, in loops) and testing (visitors' photos). Their folders are
lights with loops or occlusions, with frames as in Virtual KITTI 2.
"""

import functools

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts import vkitti2
from foi_tf.data.convert.layouts.layout import Layout, expect_files
from foi_tf.data.convert.readers import depth, labels, pairs
from foi_tf.study.dataset import Dataset

_SPLITS = {"train": "training", "val": "testing"}
_IMAGES = "{}/*/frames/rgb/camera_*/rgb_*.jpg"
_LABELS = "{}/*/frames/classsegmentation/camera_*/classgt_*.png"
_DEPTH = "{}/*/frames/depth/camera_*/depth_*.png"

COLORS = {
    (255, 127, 80): "Wall", (255, 248, 220): "Ceiling", (0, 255, 255): "Sky",
    (189, 183, 107): "Door", (230, 230, 250): "Light", (233, 150, 122): "Floor",
    (80, 80, 80): "Misc", (128, 0, 0): "Painting", (0, 255, 0): "Human",
    (0, 0, 0): "Background",
}  # fmt: skip


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    colors = functools.partial(labels.load_color_mask, labels.map_codes(COLORS, row))
    meters = functools.partial(depth.load_depth_map, vkitti2.CENTIMETERS)
    annotations = {_LABELS: colors, _DEPTH: meters}
    return pairs.find_pairs_of_splits(raw_dir, _SPLITS, _IMAGES, annotations, "{}/")


LAYOUT = Layout(
    read=_read,
    # Six lights: 496 views at four occlusions; five loops of about 245 views of six cameras.
    files=expect_files(_SPLITS, (None, 11_904), (_IMAGES, _LABELS, _DEPTH)),
    home="https://europe.naverlabs.com/research/3d-vision/virtual-gallery-dataset/",
    terms="free download for research; see the license in its archives",
)
