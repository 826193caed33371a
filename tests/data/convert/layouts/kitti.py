"""Writes a tiny tree of KITTI: training/image_2 and training/semantic, with Cityscapes' ids."""

import numpy as np

from tests.data.convert.layouts import drawing

_IDS = [4, 7, 0, 1, 2, 33]
_MASK = [0, 3, 255, 255, 255, 29]  # static, road, three ignored, bicycle.


def write(root):
    for number in (0, 1, 2, 196, 199):
        drawing.photo(root / f"training/image_2/{number:06d}_10.png")
        ids = drawing.stripes(_IDS).astype(np.uint8)
        drawing.save(root / f"training/semantic/{number:06d}_10.png", ids)
        drawing.photo(root / f"training/semantic_rgb/{number:06d}_10.png")
    fields = {"mask": drawing.stripes(_MASK).astype(np.uint8)}
    return {
        "train": dict.fromkeys(("000000", "000002", "000199"), fields),
        "val": dict.fromkeys(("000001", "000196"), fields),
    }


def _label(root):
    return root / "training/semantic/000001_10.png"


SPOILS = {
    r"image_2/cover_10\.png: its name is not a number": lambda root: [
        drawing.photo(root / f"training/{folder}/cover_10.png")
        for folder in ("image_2", "semantic")
    ],
    r"000001_10\.png: label 200": lambda root: drawing.save(
        _label(root), np.full(drawing.SIZE, 200, np.uint8)
    ),
    r"000001_10\.png: has no .*semantic": lambda root: _label(root).unlink(),
    r"no image of kitti's val split": lambda root: [
        (root / f"training/{folder}/{number:06d}_10.png").unlink()
        for folder in ("image_2", "semantic")
        for number in (1, 196)
    ],
}
