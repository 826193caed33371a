"""Writes ScanNet's tiny tree; masks are read in MSeg's 20 classes, which are alphabetical."""

import numpy as np

from tests.data.convert.layouts import drawing, scannet

# unlabeled, wall, otherprop; then floor, too, scaled to the image.
_MASKS = {
    "000000": drawing.stripes([255, 18, 255]).astype(np.uint8),
    "000100": drawing.stripes([255, 255, 18, 18, 255, 255, 9, 9]).astype(np.uint8),
}


def write(root):
    return {
        split: {name: {"mask": _MASKS[name.split("/")[1]]} for name in examples}
        for split, examples in scannet.write(root).items()
    }


SPOILS = scannet.SPOILS
