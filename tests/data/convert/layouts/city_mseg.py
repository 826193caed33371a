"""Writes Cityscapes' tiny tree; masks are read in MSeg's universal classes."""

import numpy as np

from tests.data.convert.layouts import city, drawing

# road, unlabeled, car, out of roi, bicycle, ego vehicle.
_MASK = drawing.stripes([1, 255, 13, 255, 12, 255]).astype(np.uint8)


def write(root):
    return {
        split: {name: {"mask": _MASK} for name in examples}
        for split, examples in city.write(root).items()
    }


SPOILS = city.SPOILS
