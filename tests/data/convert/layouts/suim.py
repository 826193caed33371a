"""Writes a tiny tree of SUIM: train_val and TEST, each with JPEG images and BMP masks."""

import numpy as np

from tests.data.convert.layouts import drawing

_SIZE = (30, 40)
_COLORS = [(0, 0, 0), (0, 0, 255), (255, 255, 0), (255, 250, 255)]
_MASK = [255, 1, 6, 7]  # Water (ignored), divers, fish, sea-floor (not quite white).


def write(root):
    expected = {}
    for split, folder, names in (
        ("train", "train_val", ("d_r_58_", "f_r_829_")),
        ("val", "TEST", ("d_r_47_",)),
    ):
        for name in names:
            drawing.photo(root / f"{folder}/images/{name}.jpg", _SIZE)
            # This mask is larger than its image, as some are.
            size = (31, 43) if name == "f_r_829_" else _SIZE
            colors = drawing.stripes(_COLORS, size).astype(np.uint8)
            drawing.save(root / f"{folder}/masks/{name}.bmp", colors)
        mask = drawing.stripes(_MASK, _SIZE).astype(np.uint8)
        expected[split] = {name: {"mask": mask} for name in names}
    # TEST holds masks of each class, too, which are passed over.
    drawing.save(root / "TEST/masks/FV/d_r_47_.bmp", np.zeros(_SIZE, np.uint8))
    return expected


def _mask(root):
    return root / "train_val/masks/d_r_58_.bmp"


SPOILS = {
    r"d_r_58_\.bmp: must have colors": lambda root: drawing.save(
        _mask(root), np.zeros(_SIZE, np.uint8).astype(bool)
    ),
    r"d_r_58_\.jpg: has no .*d_r_58_\.bmp": lambda root: _mask(root).unlink(),
    r"d_r_58_\.bmp: not a whole image": lambda root: drawing.truncate(_mask(root)),
    r"d_r_58_\.jpg: mask is 60x80, but its image is 30x40": lambda root: drawing.photo(
        _mask(root), (60, 80)
    ),
}
