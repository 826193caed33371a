"""Reads SUN RGB-D: SUNRGBD/, and the 37 classes and the splits in SUNRGBDtoolbox/.

The split is that of the paper's authors, who took it from MSeg: all 5285 training images, and
475 of the 5050 test images (`VAL`). Ids are positions in SUNRGBDMeta.mat, from 1.
"""

import functools
from typing import Any

import h5py
import numpy as np
from etils import epath

from foi_tf.data.convert import image_files
from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import ExpectedFiles, Layout
from foi_tf.data.convert.layouts.sunrgbd_val import VAL
from foi_tf.data.convert.readers import labels, matlab
from foi_tf.errors import FoiError
from foi_tf.files import describe_error
from foi_tf.study.dataset import Dataset

_META = "SUNRGBDtoolbox/Metadata/SUNRGBDMeta.mat"
_LABELS = "SUNRGBDtoolbox/Metadata/SUNRGBD2Dseg.mat"
_SPLITS = "SUNRGBDtoolbox/traintestSUNRGBD/allsplit.mat"
_THEIR_ROOT = "/n/fs/sun3d/data/"  # Start of the publisher's paths.


def _read(root: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    table = labels.map_codes(dict(enumerate(("unlabeled", *row.names["segmentation"]))), row)
    frames = {
        frame.strip("/")
        for frame in matlab.list_items(matlab.load_variable(root / _SPLITS, "alltrain"))
    }
    splits = {"train": [], "val": []}
    for place, meta in enumerate(
        matlab.list_items(matlab.load_variable(root / _META, "SUNRGBDMeta"))
    ):
        where = f"{root / _META}: record {place + 1}"
        image, depth = (_make_relative(meta, name, where) for name in ("rgbpath", "depthpath"))
        is_train = (_THEIR_ROOT + str(epath.Path(image).parent.parent)).strip("/") in frames
        is_val = place + 1 in VAL
        if is_train and is_val:
            raise FoiError(
                f"{where}: is a training image, but MSeg validates on it; replace {_SPLITS}"
            )
        if not is_train and not is_val:
            continue
        splits["train" if is_train else "val"].append(
            FileEntry(
                f"{place + 1:05d}",
                root / image,
                (
                    functools.partial(_load_mask, root / _LABELS, place, table),
                    functools.partial(_load_depth, root / depth),
                ),
            )
        )
    return splits


def _make_relative(meta: Any, name: str, where: str) -> str:
    """Returns a path of the publisher's machine as a path relative to the raw folder."""
    path = "/" + str(matlab.get_field(meta, name, where)).lstrip("/")
    if not path.startswith(_THEIR_ROOT):
        raise FoiError(f"{where}: {name} is '{path}', not below {_THEIR_ROOT}; replace the file")
    return str(epath.Path(path.removeprefix(_THEIR_ROOT)))


def _load_mask(path: epath.Path, place: int, table: dict[int, int]) -> dict[str, Any]:
    try:
        # MATLAB's newest format has columns first, and cells that refer to arrays.
        with path.open("rb") as file, h5py.File(file, "r") as content:
            cells = content["SUNRGBD2Dseg"]["seglabel"]
            ids = content[cells[place, 0]][:].T
    except (OSError, KeyError, ValueError) as error:
        reason = describe_error(error)
        raise FoiError(f"{path}: record {place + 1}: cannot be read ({reason})") from error
    return {"mask": labels.ids_to_mask(table, ids.astype(np.uint8), path)}


def _load_depth(path: epath.Path) -> dict[str, Any]:
    stored = image_files.read_labels(path)
    if stored.dtype != np.uint16:
        raise FoiError(f"{path}: depth must have 16 bits, not 8; replace the file")
    # As in read3dPoints.m of the toolbox, bits are rotated, and depth is at most 8 meters.
    millimeters = (stored >> 3) | (stored << 13)
    return {"depth": np.minimum(millimeters.astype(np.float32) / 1000, np.float32(8))}


LAYOUT = Layout(
    read=_read,
    files=(
        ExpectedFiles(_META, 1),
        ExpectedFiles(_LABELS, 1),
        ExpectedFiles(_SPLITS, 1),
        # By camera. The 3389 frames of xtion/ are not counted, since they are in folders of
        # different depths; they are read, since _META names them.
        *(
            ExpectedFiles(f"SUNRGBD/{camera}/*/*/{kind}/*.{suffix}", count)
            for camera, count in (("kv1", 2_003), ("kv2", 3_784), ("realsense", 1_159))
            for kind, suffix in (("image", "jpg"), ("depth_bfx", "png"))
        ),
    ),
    home="https://rgbd.cs.princeton.edu/ (SUNRGBD.zip and SUNRGBDtoolbox.zip)",
    terms="free download for research; cite Song et al. 2015 and the three datasets within",
)
