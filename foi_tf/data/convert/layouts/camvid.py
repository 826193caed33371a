"""Reads CamVid: stills with color-coded labels.

Folders: those of the publisher's two archives (mi.eng.cam.ac.uk/research/projects/VideoRec/
CamVid). The colors are those of its label_colors.txt; the labels of NAME.png are NAME_L.png.
The splits are those of the SegNet tutorial (github.com/alexgkendall/SegNet-Tutorial): 367
training, 101 validation and 233 test stills, as Table 1 counts. `_choose_split` gives them
as ranges of frames; test stills are left out.
"""

import functools
import re

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import ExpectedFiles, Layout
from foi_tf.data.convert.readers import labels, pairs
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset

_STILLS = "701_StillsRaw_full/*.png"
_LABELS = "LabeledApproved_full/*_L.png"
_NAME = re.compile(r"(0001TP|0006R0|0016E5|Seq05VD)_f?(\d+)")

COLORS = {
    (64, 128, 64): "Animal", (192, 0, 128): "Archway", (0, 128, 192): "Bicyclist",
    (0, 128, 64): "Bridge", (128, 0, 0): "Building", (64, 0, 128): "Car",
    (64, 0, 192): "CartLuggagePram", (192, 128, 64): "Child",
    (192, 192, 128): "Column_Pole", (64, 64, 128): "Fence", (128, 0, 192): "LaneMkgsDriv",
    (192, 0, 64): "LaneMkgsNonDriv", (128, 128, 64): "Misc_Text",
    (192, 0, 192): "MotorcycleScooter", (128, 64, 64): "OtherMoving",
    (64, 192, 128): "ParkingBlock", (64, 64, 0): "Pedestrian", (128, 64, 128): "Road",
    (128, 128, 192): "RoadShoulder", (0, 0, 192): "Sidewalk", (192, 128, 128): "SignSymbol",
    (128, 128, 128): "Sky", (64, 128, 192): "SUVPickupTruck", (0, 0, 64): "TrafficCone",
    (0, 64, 64): "TrafficLight", (192, 64, 128): "Train", (128, 128, 0): "Tree",
    (192, 128, 192): "Truck_Bus", (64, 0, 64): "Tunnel", (192, 192, 0): "VegetationMisc",
    (0, 0, 0): "Void", (64, 192, 0): "Wall",
}  # fmt: skip


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    load = functools.partial(labels.load_color_mask, labels.map_codes(COLORS, row))
    splits = {"train": [], "val": [], "test": []}
    for entry in pairs.find_pairs(raw_dir, _STILLS, {_LABELS: load}):
        splits[_choose_split(entry)].append(entry)
    return {split: splits[split] for split in ("train", "val")}


def _choose_split(entry: FileEntry) -> str:
    parts = _NAME.fullmatch(entry.id)
    if not parts:
        raise FoiError(f"{entry.path}: CamVid has no still of this name; remove it")
    sequence, frame = parts[1], int(parts[2])
    if sequence == "Seq05VD" or (sequence == "0001TP" and frame >= 8550):
        return "test"
    return "val" if sequence == "0016E5" and 7959 <= frame <= 8159 else "train"


LAYOUT = Layout(
    read=_read,
    files=(ExpectedFiles(_STILLS, 701), ExpectedFiles(_LABELS, 701)),
    home="http://mi.eng.cam.ac.uk/research/projects/VideoRec/CamVid/",
    terms="free for research; cite Brostow et al. 2008, 2009",
)
