"""Writes a tiny tree of ISPRS: TIFF files of two cities, some of them uncompressed."""

import numpy as np
import PIL.Image

from tests.data.convert.layouts import drawing

SIZE = (810, 800)  # Two tiles, one below the other.
_POTSDAM, _VAIHINGEN = "top_potsdam_2_10", "top_mosaic_09cm_area1"
_COMPLETE = "Vaihingen/ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE"
# Row by row: tree, car, clutter, a color at an edge, buildings.
_COLORS = [(0, 255, 0), (255, 255, 0), (255, 0, 0), (0, 252, 3), (0, 0, 255)]
_MASK = [4, 5, 255, 255, 2]


def _tiff(path, pixels, compression):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(pixels).save(path, compression=compression)


def pixels():
    """Returns an image [H, W, 3] whose values tell rows and channels apart."""
    rows = np.broadcast_to(np.arange(SIZE[0])[:, None] % 100, SIZE)
    return np.stack([rows, rows + 50, rows + 99], -1).astype(np.uint8)


def write(root):
    codes = drawing.stripes(_COLORS, SIZE[::-1]).astype(np.uint8).swapaxes(0, 1)
    mask = drawing.stripes(_MASK, SIZE[::-1]).astype(np.uint8).T
    potsdam, vaihingen = root / "Potsdam", root / "Vaihingen"
    _tiff(potsdam / f"2_Ortho_RGB/{_POTSDAM}_RGB.tif", pixels(), None)
    _tiff(potsdam / f"5_Labels_all/{_POTSDAM}_label.tif", codes, "tiff_lzw")
    _tiff(vaihingen / f"top/{_VAIHINGEN}.tif", pixels(), "tiff_lzw")
    _tiff(root / _COMPLETE / f"{_VAIHINGEN}.tif", codes, None)
    return {
        split: {
            f"{name}_{top}_{top + 800}_0_800": {"mask": mask[top : top + 800]} for top in (0, 10)
        }
        for split, name in (("train", "potsdam_2_10"), ("val", "vaihingen_1"))
    }


SPOILS = {
    r"2_10_RGB\.tif: not a whole image": lambda root: drawing.truncate(
        root / f"Potsdam/2_Ortho_RGB/{_POTSDAM}_RGB.tif"
    ),
    r"2_10_label\.tif: is 820x800, but its image top_potsdam_2_10_RGB\.tif is 810x800": (
        lambda root: _tiff(
            root / f"Potsdam/5_Labels_all/{_POTSDAM}_label.tif",
            np.zeros((820, 800, 3), np.uint8),
            None,
        )
    ),
    r"2_10_RGB\.tif: has no .*5_Labels_all": lambda root: (
        root / f"Potsdam/5_Labels_all/{_POTSDAM}_label.tif"
    ).unlink(),
    r"has no Vaihingen/top/top_mosaic_09cm_area\*\.tif; foi-prepare --check": lambda root: (
        root / f"Vaihingen/top/{_VAIHINGEN}.tif"
    ).unlink(),
    r"area1\.tif: not a whole image": lambda root: (
        root / f"Vaihingen/top/{_VAIHINGEN}.tif"
    ).write_bytes(b"II"),
    r"area1\.tif: must have colors": lambda root: _tiff(
        root / _COMPLETE / f"{_VAIHINGEN}.tif", np.zeros(SIZE, np.uint8), None
    ),
}
