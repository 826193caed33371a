"""Writes a tiny tree of ADE20K, ADEChallengeData2016: images and id images of two splits."""

import numpy as np

from tests.data.convert.layouts import drawing

_ROOT = "ADEChallengeData2016"
_FILES = {
    "train": ("training/ADE_train_00000001", "training/ADE_train_00000002"),
    "val": ("validation/ADE_val_00000001",),
}


def write(root):
    for name in sum(_FILES.values(), ()):
        drawing.photo(root / f"{_ROOT}/images/{name}.jpg")
        _save(root, name, [0, 1, 150])
    mask = drawing.stripes([255, 0, 149]).astype(np.uint8)
    return {
        split: {f"{split}/{name[-8:]}": {"mask": mask} for name in names}
        for split, names in _FILES.items()
    }


def _path(root, name):
    return root / f"{_ROOT}/annotations/{name}.png"


def _save(root, name, codes, size=drawing.SIZE):
    drawing.save(_path(root, name), drawing.stripes(codes, size).astype(np.uint8))


_FIRST = _FILES["train"][0]
SPOILS = {
    r"ADE_train_00000001\.png: label 151 at row 0, column 1": lambda root: _save(
        root, _FIRST, [0, 151]
    ),
    r"ADE_train_00000001\.jpg: has no .*00000001\.png": lambda root: _path(root, _FIRST).unlink(),
    r"ADE_train_00000001\.png: not a whole image": lambda root: drawing.truncate(
        _path(root, _FIRST)
    ),
    r"ADE_train_00000001\.jpg: mask is 6x9": lambda root: _save(root, _FIRST, [0, 1], (6, 9)),
}
