"""Writes a tiny tree of ScanNet's 25k frames, with the lists of scenes of its repository."""

import numpy as np

from tests.data.convert.layouts import drawing

_SCENES = {"train": "scene0000_00", "val": "scene0568_00"}
_FRAMES = ("000000", "000100")


def write(root):
    for split, scene in _SCENES.items():
        drawing.write_text(root / f"scannetv2_{split}.txt", f"{scene}\nscene0999_00\n")
        for frame in _FRAMES:
            drawing.photo(root / f"scannet_frames_25k/{scene}/color/{frame}.jpg")
        _save(root, scene, _FRAMES[0], [0, 1, 40])
        _save(root, scene, _FRAMES[1], [0, 1, 40, 2], (3, 4))  # In the depth sensor's size.
    mask = drawing.stripes([255, 1, 40]).astype(np.uint8)
    scaled = drawing.stripes([255, 255, 1, 1, 40, 40, 2, 2]).astype(np.uint8)
    return {
        split: {
            f"{scene}/{frame}": {"mask": value}
            for frame, value in zip(_FRAMES, (mask, scaled), strict=True)
        }
        for split, scene in _SCENES.items()
    }


def _path(root, scene, frame):
    return root / f"scannet_frames_25k/{scene}/label/{frame}.png"


def _save(root, scene, frame, codes, size=drawing.SIZE):
    drawing.save(_path(root, scene, frame), drawing.stripes(codes, size).astype(np.uint8))


def _unlist(root):
    (root / "scannetv2_val.txt").write_text("scene0999_00\n")


SPOILS = {
    r"scene0000_00/label/000100\.png: label 41 at row 0": lambda root: _save(
        root, "scene0000_00", "000100", [41]
    ),
    r"color/000100\.jpg: has no .*label/000100\.png": lambda root: _path(
        root, "scene0568_00", "000100"
    ).unlink(),
    r"color/000000\.jpg: scene0568_00 is in neither scannetv2_train\.txt nor": _unlist,
    r"scannetv2_train\.txt: No such file": lambda root: (root / "scannetv2_train.txt").unlink(),
    r"color/000000\.jpg: mask is 6x9": lambda root: _save(
        root, "scene0000_00", "000000", [1], (6, 9)
    ),
}
