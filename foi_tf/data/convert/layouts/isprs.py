"""Reads ISPRS: tiles of Potsdam for training and of Vaihingen for validation.

Folders: those of the two archives of the 2D semantic labeling contest (www.isprs.org/
education/benchmarks/UrbanSemLab), each below its city's name: 2_Ortho_RGB and 5_Labels_all
of Potsdam; top and the complete ground truth of Vaihingen. The labels have six colors.
Clutter is ignored, and so are the other colors that occur at some edges.

Potsdam has the channels red, green, blue; Vaihingen has infrared, red, green. Like the
paper's authors, we keep the channels of both, red and green, and put their mean in place of
blue. The published channel statistics are those of such images.
"""

import functools

import numpy as np
from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import ExpectedFiles, Layout
from foi_tf.data.convert.readers import labels, tiled
from foi_tf.data.records import schema
from foi_tf.study.dataset import Dataset

_POTSDAM = (
    "Potsdam/2_Ortho_RGB/top_potsdam_*_RGB.tif",
    "Potsdam/5_Labels_all/top_potsdam_*_label.tif",
)
_VAIHINGEN = (
    "Vaihingen/top/top_mosaic_09cm_area*.tif",
    "Vaihingen/ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE/top_mosaic_09cm_area*.tif",
)
_RED_GREEN = {"train": (0, 1), "val": (1, 2)}  # Indices of the channels red and green.

COLORS = {
    (255, 255, 255): "impervious_surfaces", (0, 0, 255): "building",
    (0, 255, 255): "low_vegetation", (0, 255, 0): "tree", (255, 255, 0): "car",
    (255, 0, 0): "clutter and unmatched colours",
}  # fmt: skip


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    table = labels.map_codes(COLORS, row)
    ignore = schema.IGNORE[schema.mask_dtype(row)]
    splits = {}
    for split, (images, masks), city in (
        ("train", _POTSDAM, "potsdam_"),
        ("val", _VAIHINGEN, "vaihingen_"),
    ):
        mix = functools.partial(_mix, *_RED_GREEN[split])
        splits[split] = tiled.find_tiles(
            raw_dir, images, masks, tiled.TileCoding(table, ignore, mix), city
        )
    return splits


def _mix(red: int, green: int, pixels: np.ndarray) -> np.ndarray:
    both = pixels[..., [red, green]]
    mean = both.mean(axis=-1, keepdims=True).astype(np.uint8)
    return np.concatenate([both, mean], axis=-1)


LAYOUT = Layout(
    read=_read,
    files=tuple(
        ExpectedFiles(pattern, count, split)
        for split, patterns, count in (("train", _POTSDAM, 38), ("val", _VAIHINGEN, 33))
        for pattern in patterns
    ),
    home="https://www.isprs.org/education/benchmarks/UrbanSemLab/default.aspx",
    terms="on request; research, with acknowledgement of the data's providers",
)
