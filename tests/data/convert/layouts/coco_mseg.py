"""Writes COCO's tiny tree; panoptic masks are read in MSeg's universal classes."""

import json

import numpy as np

from tests.data.convert.layouts import coco, drawing

# person, person, rug_floormat (COCO's rug-merged), nothing: places among 122 universal classes.
_MASK = drawing.stripes([79, 79, 106, 255]).astype(np.uint8)


def write(root):
    return {
        split: {name: {"mask": _MASK} for name in examples}
        for split, examples in coco.write(root).items()
    }


def _rename(root):
    path = root / "annotations/panoptic_train2017.json"
    content = json.loads(path.read_text())
    content["categories"][0]["name"] = "man"
    path.write_text(json.dumps(content))


SPOILS = {
    r"panoptic_train2017\.json: label 1, 'man', is neither a class of coco_mseg": _rename,
    r"panoptic_train2017\.json: there is no file train2017/0+285\.jpg": lambda root: (
        root / "train2017/000000000285.jpg"
    ).unlink(),
    r"annotations/panoptic_val2017\.json: No such file": lambda root: (
        root / "annotations/panoptic_val2017.json"
    ).unlink(),
}
