"""Writes a tiny tree of iSAID: images beside their instances' colors and ids."""

import numpy as np

from tests.data.convert.layouts import drawing

LARGE, SMALL = (820, 810), (790, 830)  # Four tiles; left whole.
_COLORS = [(0, 0, 0), (0, 0, 63), (0, 100, 155), (0, 127, 63)]
_MASK = [255, 1, 15, 7]  # Nothing, ship, harbor, bridge.


def write(root):
    for split, name, size in (
        ("train", "P0002", LARGE),
        ("train", "P0005", SMALL),
        ("val", "P0003", SMALL),
        # The publisher's development kit skips these two.
        ("train", "P1527", LARGE),
        ("val", "P1530", SMALL),
    ):
        stem = root / f"{split}/images/{name}"
        drawing.photo(stem.with_suffix(".png"), size)
        colors = drawing.stripes(_COLORS, size).astype(np.uint8)
        drawing.save(stem.with_name(f"{name}_instance_color_RGB.png"), colors)
        drawing.photo(stem.with_name(f"{name}_instance_id_RGB.png"), size)
    mask = drawing.stripes(_MASK, LARGE).astype(np.uint8)
    tiles = {
        f"P0002_{top}_{top + 800}_{left}_{left + 800}": {
            "mask": mask[top : top + 800, left : left + 800]
        }
        for top in (0, 20)
        for left in (0, 10)
    }
    whole = {"mask": drawing.stripes(_MASK, SMALL).astype(np.uint8)}
    return {"train": tiles | {"P0005": whole}, "val": {"P0003": whole}}


def _label(root):
    return root / "train/images/P0002_instance_color_RGB.png"


SPOILS = {
    r"color_RGB\.png: color \(9, 0, 0\) at row 0, column 0 is not among the 16": lambda root: (
        drawing.save(_label(root), drawing.stripes([(9, 0, 0)], LARGE).astype(np.uint8))
    ),
    r"P0002\.png: has no .*_instance_color_RGB": lambda root: _label(root).unlink(),
    r"color_RGB\.png: not a whole image": lambda root: drawing.truncate(_label(root)),
    r"color_RGB\.png: is 800x800, but its image P0002\.png is 820x810": lambda root: drawing.photo(
        _label(root), (800, 800)
    ),
    r"P0003\.png: not a whole image": lambda root: drawing.truncate(root / "val/images/P0003.png"),
    r"P0003\.png: not a whole image \(unknown format\)": lambda root: (
        root / "val/images/P0003.png"
    ).write_bytes(b"x"),
}
