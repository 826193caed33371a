"""Writes a tiny tree of CamVid's two folders: 701_StillsRaw_full and LabeledApproved_full."""

import numpy as np

from tests.data.convert.layouts import drawing

_CODES = [(128, 0, 0), (128, 128, 128), (0, 0, 0), (64, 192, 0), (64, 0, 64)]
_MASK = [1, 16, 255, 22, 255]  # Building, Sky, Void, Wall, Tunnel.
_STILLS = {
    "train": ("0001TP_006690", "0006R0_f00930", "0016E5_00901"),
    "val": ("0016E5_07959", "0016E5_08159"),
    "test": ("0001TP_008550", "Seq05VD_f00000"),
}


def write(root):
    for still in sum(_STILLS.values(), ()):
        drawing.photo(root / f"701_StillsRaw_full/{still}.png")
        colors = drawing.stripes(_CODES).astype(np.uint8)
        drawing.save(root / f"LabeledApproved_full/{still}_L.png", colors)
    mask = drawing.stripes(_MASK).astype(np.uint8)
    return {
        split: {still: {"mask": mask} for still in _STILLS[split]} for split in ("train", "val")
    }


def _label(root):
    return root / "LabeledApproved_full/0001TP_006690_L.png"


SPOILS = {
    r"StillsRaw_full/0001TP_cover\.png: CamVid has no still of this name": lambda root: [
        drawing.photo(root / name)
        for name in (
            "701_StillsRaw_full/0001TP_cover.png",
            "LabeledApproved_full/0001TP_cover_L.png",
        )
    ],
    r"0001TP_006690_L\.png: color \(1, 2, 3\) at row 0, column 0": lambda root: drawing.save(
        _label(root), drawing.stripes([(1, 2, 3)]).astype(np.uint8)
    ),
    r"0001TP_006690\.png: has no .*_L\.png": lambda root: _label(root).unlink(),
    r"_L\.png: not a whole image": lambda root: drawing.truncate(_label(root)),
    r"0001TP_006690\.png: mask is 6x9, but its image is 6x8": lambda root: drawing.save(
        _label(root), drawing.stripes(_CODES, (6, 9)).astype(np.uint8)
    ),
    r"_L\.png: must have colors": lambda root: drawing.save(
        _label(root), np.zeros(drawing.SIZE, np.uint8)
    ),
}
