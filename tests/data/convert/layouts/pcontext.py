"""Writes a tiny tree of PASCAL-Context: label maps in .mat files, VOC2010's images and lists."""

import numpy as np

from tests.data.convert.layouts import drawing, matlab

# aeroplane, bag, wood, accordion (not among the 59), not labeled, person.
_CODES, _CLASSES = [2, 9, 458, 1, 0, 284], [1, 2, 59, 255, 255, 37]
_STEMS = {"train": ("2008_000002", "2008_000003"), "val": ("2008_000007",)}
_VOC = "VOCdevkit/VOC2010"


def write(root):
    for split, stems in _STEMS.items():
        drawing.write_text(root / _VOC / f"ImageSets/Main/{split}.txt", "\n".join(stems) + "\n")
        for stem in stems:
            drawing.photo(root / _VOC / f"JPEGImages/{stem}.jpg")
            _save(root, stem, drawing.stripes(_CODES))
    mask = drawing.stripes(_CLASSES).astype(np.uint8)
    return {split: {stem: {"mask": mask} for stem in stems} for split, stems in _STEMS.items()}


def _save(root, stem, labels):
    matlab.save(root / f"trainval/{stem}.mat", LabelMap=labels.astype(np.uint16))


def _mat(root):
    return root / "trainval/2008_000002.mat"


SPOILS = {
    r"2008_000002\.mat: label 460 at row 0, column 0": lambda root: _save(
        root, "2008_000002", drawing.stripes([460])
    ),
    r"2008_000002\.mat: No such file": lambda root: _mat(root).unlink(),
    r"2008_000002\.mat: not a whole \.mat file": lambda root: drawing.truncate(_mat(root)),
    r"2008_000002\.mat: has no variable LabelMap": lambda root: matlab.save(_mat(root), Map=[1]),
    r"2008_000002\.jpg: mask is 6x9": lambda root: _save(
        root, "2008_000002", drawing.stripes(_CODES, (6, 9))
    ),
    r"pcontext: no image of pcontext's val split": lambda root: drawing.write_text(
        root / _VOC / "ImageSets/Main/val.txt", "\n"
    ),
    r"Main/val\.txt: lists 2008_000007 twice": lambda root: drawing.write_text(
        root / _VOC / "ImageSets/Main/val.txt", "2008_000007\n2008_000007\n"
    ),
}
