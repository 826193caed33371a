"""Reads Virtual KITTI 2: rendered drives with class colors and depth.

Folders: those of its archives vkitti_2.0.3_rgb, _classSegmentation and _depth
(europe.naverlabs.com, Proxy Virtual Worlds), with five scenes, ten variations and two cameras.
Depth has 16 bits, in centimeters. Like the paper's authors, we validate on Scene18.
"""

import functools

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import ExpectedFiles, Layout
from foi_tf.data.convert.readers import depth, labels, pairs
from foi_tf.study.dataset import Dataset

_IMAGES = "{}/*/frames/rgb/Camera_*/rgb_*.jpg"
_LABELS = "{}/*/frames/classSegmentation/Camera_*/classgt_*.png"
_DEPTH = "{}/*/frames/depth/Camera_*/depth_*.png"
_FRAMES = {"Scene01": 447, "Scene02": 233, "Scene06": 270, "Scene18": 339, "Scene20": 837}
_VAL = "Scene18"

CENTIMETERS = depth.DepthCoding(unit=0.01)
COLORS = {
    (210, 0, 200): "Terrain", (90, 200, 255): "Sky", (0, 199, 0): "Tree",
    (90, 240, 0): "Vegetation", (140, 140, 140): "Building", (100, 60, 100): "Road",
    (250, 100, 255): "GuardRail", (255, 255, 0): "TrafficSign",
    (200, 200, 0): "TrafficLight", (255, 130, 0): "Pole", (80, 80, 80): "Misc",
    (160, 60, 60): "Truck", (255, 127, 80): "Car", (0, 139, 139): "Van",
    (0, 0, 0): "Undefined",
}  # fmt: skip


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    colors = functools.partial(labels.load_color_mask, labels.map_codes(COLORS, row))
    meters = functools.partial(depth.load_depth_map, CENTIMETERS)
    annotations = {_LABELS.format("*"): colors, _DEPTH.format("*"): meters}
    splits = {"train": [], "val": []}
    for entry in pairs.find_pairs(raw_dir, _IMAGES.format("*"), annotations):
        splits["val" if entry.id.startswith(_VAL) else "train"].append(entry)
    return splits


LAYOUT = Layout(
    read=_read,
    files=tuple(
        ExpectedFiles(pattern.format(scene), frames * 10 * 2, "val" if scene == _VAL else "train")
        for scene, frames in _FRAMES.items()
        for pattern in (_IMAGES, _LABELS, _DEPTH)
    ),
    home="https://europe.naverlabs.com/research/proxy-virtual-worlds/",
    terms="free download; CC BY-NC-SA 3.0",
)
