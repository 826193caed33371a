"""Writes BDD's tiny tree; masks are read in MSeg's universal classes."""

import numpy as np

from tests.data.convert.layouts import bdd, drawing

_MASK = [1, 255, 13, 12]  # road, unlabeled, car, bicycle: places among the 19 universal classes.


def write(root):
    return {
        split: {
            name.removeprefix(f"10k/{split}/"): {"mask": drawing.stripes(_MASK).astype(np.uint8)}
            for name, fields in examples.items()
            if "mask" in fields
        }
        for split, examples in bdd.write(root).items()
    }


SPOILS = {
    r"7d2f7975-train\.png: label 19": lambda root: drawing.save(
        root / "labels/sem_seg/masks/train/7d2f7975-train.png", np.full(drawing.SIZE, 19, np.uint8)
    ),
}
