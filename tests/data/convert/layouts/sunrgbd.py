"""Writes a tiny tree of SUN RGB-D: SUNRGBD/ with its four cameras, and SUNRGBDtoolbox/."""

import h5py
import numpy as np

from tests.data.convert.layouts import drawing, matlab

_THEIRS = "/n/fs/sun3d/data/"
_FRAMES = (  # In the order of SUNRGBDMeta.mat, where the test images come first.
    ("SUNRGBD/kv2/kinect2data/000002_2014-05-26_14-23-37", "0000103"),
    ("SUNRGBD/realsense/lg/2014_10_26-16_17_28-1311000073", "0000027"),
    ("SUNRGBD/kv1/NYUdata/NYU0003", "NYU0003"),
    ("SUNRGBD/xtion/sun3ddata/brown_bm_1/brown_bm_1/0000001-000000037333", "000001"),
)
_TRAIN = (2, 3)  # MSeg validates on the first of the other images.
_MILLIMETERS, _METERS = [0, 369, 1500, 8192, 9000], [0, 0.369, 1.5, 8, 8]
_TOOLBOX = "SUNRGBDtoolbox"


def write(root):
    metas = []
    for folder, name in _FRAMES:
        drawing.photo(root / folder / f"image/{name}.jpg")
        _save_depth(root, folder, name, _MILLIMETERS)
        metas.append(
            {
                "sequenceName": folder, "groundtruth3DBB": matlab.EMPTY, "K": np.eye(3),
                # The publisher's paths sometimes begin, or go on, with two slashes.
                "depthpath": f"{_THEIRS}{folder}//depth_bfx/{name}.png",
                "rgbpath": f"/{_THEIRS}{folder}/image/{name}.jpg",
                "depthname": f"{name}.png", "rgbname": f"{name}.jpg", "sensorType": "kv2",
                "valid": 1,
            }
        )  # fmt: skip
    _save_meta(root, metas)
    _save_split(root, _TRAIN)
    _save_labels(root, [0, 1, 37])
    fields = {
        "mask": drawing.stripes([255, 0, 36]).astype(np.uint8),
        "depth": drawing.stripes(_METERS).astype(np.float32),
    }
    return {"train": {"00003": fields, "00004": fields}, "val": {"00001": fields}}


def _save_split(root, train):
    folders = [_THEIRS + folder for folder, _ in _FRAMES]
    matlab.save(
        root / _TOOLBOX / "traintestSUNRGBD/allsplit.mat",
        alltrain=matlab.cells([folders[i] for i in train], (1, -1)),
        alltest=matlab.cells(folders[:2], (1, -1)),
        trainvalsplit={"train": matlab.cells(folders[2:3])},
    )


def _meta(root):
    return root / _TOOLBOX / "Metadata/SUNRGBDMeta.mat"


def _save_meta(root, records):
    matlab.save(_meta(root), SUNRGBDMeta=matlab.structs(*records))


def _save_labels(root, codes, size=drawing.SIZE):
    """Writes labels in MATLAB's version 7.3: columns first, cells that refer to arrays."""
    path = root / _TOOLBOX / "Metadata/SUNRGBD2Dseg.mat"
    labels = drawing.stripes(codes, size).astype(np.uint8)
    with h5py.File(path, "w") as file:
        arrays = [
            file.create_dataset(f"#refs#/{name}", data=labels.T) for name in "abcd"[: len(_FRAMES)]
        ]
        for name in ("seglabel", "seglabelall"):
            cells = file.create_dataset(f"SUNRGBD2Dseg/{name}", (len(_FRAMES), 1), h5py.ref_dtype)
            for index, array in enumerate(arrays):
                cells[index, 0] = array.ref


def _save_depth(root, folder, name, millimeters, dtype=np.uint16):
    depth = drawing.stripes(millimeters).astype(dtype)
    if dtype == np.uint16:
        depth = (depth << 3) | (depth >> 13)  # The toolbox rotates the bits back.
    drawing.save(root / folder / f"depth_bfx/{name}.png", depth)


def _no_labels(root):
    path = root / _TOOLBOX / "Metadata/SUNRGBD2Dseg.mat"
    with h5py.File(path, "w") as file:
        file.create_dataset("other", data=[1])


SPOILS = {
    r"SUNRGBD2Dseg\.mat: label 38 at row 0": lambda root: _save_labels(root, [38]),
    r"SUNRGBD2Dseg\.mat: record 3: cannot be read": lambda root: drawing.truncate(
        root / _TOOLBOX / "Metadata/SUNRGBD2Dseg.mat"
    ),
    r"SUNRGBD2Dseg\.mat: record 3: cannot be read .*SUNRGBD2Dseg": _no_labels,
    r"NYU0003\.jpg: mask is 6x9": lambda root: _save_labels(root, [1], (6, 9)),
    r"NYU0003\.png: depth must have 16 bits": lambda root: _save_depth(
        root, *_FRAMES[2], [200], np.uint8
    ),
    r"NYU0003\.png: No such file": lambda root: (
        root / _FRAMES[2][0] / "depth_bfx/NYU0003.png"
    ).unlink(),
    r"SUNRGBDMeta\.mat: record 1: rgbpath is '/home/x', not below": lambda root: _save_meta(
        root, [{"rgbpath": "/home/x", "depthpath": "/home/y"}]
    ),
    r"SUNRGBDMeta\.mat: record 1: has no field depthpath": lambda root: _save_meta(
        root, [{"rgbpath": f"{_THEIRS}SUNRGBD/kv1/a/b/image/c.jpg"}]
    ),
    r"SUNRGBDMeta\.mat: record 1: is a training image, but MSeg validates on it": lambda root: (
        _save_split(root, (0, 2, 3))
    ),
    r"SUNRGBDMeta\.mat: not a whole \.mat": lambda root: drawing.truncate(_meta(root)),
}
