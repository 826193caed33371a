"""Writes a tiny tree of Cityscapes: leftImg8bit and gtFine, by split and city."""

import numpy as np

from tests.data.convert.layouts import drawing

_IDS = [7, 0, 26, 3, 33, 1]
_MASK = [6, 255, 25, 255, 32, 1]  # road, unlabeled, car, out of roi, bicycle, ego vehicle.
_NAMES = {
    "train": ("aachen/aachen_000000_000019", "zurich/zurich_000121_000019"),
    "val": ("frankfurt/frankfurt_000000_000294",),
}


def write(root):
    expected = {}
    for split, names in _NAMES.items():
        for name in names:
            drawing.photo(root / f"leftImg8bit/{split}/{name}_leftImg8bit.png")
            # Beside the ids lie colors, instances and polygons, which are passed over.
            drawing.photo(root / f"gtFine/{split}/{name}_gtFine_color.png")
            ids = drawing.stripes(_IDS).astype(np.uint8)
            drawing.save(root / f"gtFine/{split}/{name}_gtFine_labelIds.png", ids)
        mask = drawing.stripes(_MASK).astype(np.uint8)
        expected[split] = {name: {"mask": mask} for name in names}
    return expected


def _label(root):
    return root / "gtFine/train/aachen/aachen_000000_000019_gtFine_labelIds.png"


SPOILS = {
    r"labelIds\.png: label 34 at row 0, column 0 is not among the 34": lambda root: drawing.save(
        _label(root), np.full(drawing.SIZE, 34, np.uint8)
    ),
    r"_leftImg8bit\.png: has no .*labelIds\.png": lambda root: _label(root).unlink(),
    r"labelIds\.png: not a whole image": lambda root: drawing.truncate(_label(root)),
    r"mask is 6x7, but its image is 6x8": lambda root: drawing.save(
        _label(root), np.full((6, 7), 7, np.uint8)
    ),
    r"labelIds\.png: must have one channel": lambda root: drawing.photo(_label(root)),
}
