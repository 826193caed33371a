"""Writes a tiny tree of Mapillary Vistas 1.2: images, palette labels and config.json."""

import json

import numpy as np

from foi_tf.study.registry import DATASETS
from tests.data.convert.layouts import drawing

_IDS = [0, 13, 65, 64]
_MASK = [1, 14, 255, 65]  # Bird, Road, Unlabeled, Ego Vehicle.
_READABLE = [*DATASETS["mapillary"].names["segmentation"][1:], "Unlabeled"]


def config(readable=_READABLE):
    """Returns the publisher's list of labels, without some of its keys."""
    rows = [
        {"name": f"x--{name.lower()}", "readable": name, "color": [1, 2, 3], "evaluate": True}
        for name in readable
    ]
    return json.dumps({"version": 1.1, "mapping": "public", "labels": rows})


def write(root, folder="labels"):
    drawing.write_text(root / "config.json", config())
    expected = {}
    for split, place in (("train", "training"), ("val", "validation")):
        names = [f"{split}_MyvhkmO8Vt7nqGUsMIjg", f"{split}_0035fkbjWljhaftpVM37-g"]
        for name in names:
            drawing.photo(root / f"{place}/images/{name}.jpg")
            ids = drawing.stripes(_IDS).astype(np.uint8)
            drawing.save(root / f"{place}/{folder}/{name}.png", ids, [*range(256)] * 3)
        mask = drawing.stripes(_MASK).astype(np.uint8)
        expected[split] = {name: {"mask": mask} for name in names}
    return expected


def _label(root):
    return root / "training/labels/train_MyvhkmO8Vt7nqGUsMIjg.png"


SPOILS = {
    r"MIjg\.png: label 66 at row 0": lambda root: drawing.save(
        _label(root), np.full(drawing.SIZE, 66, np.uint8)
    ),
    r"MIjg\.jpg: has no .*labels/train_": lambda root: _label(root).unlink(),
    r"MIjg\.png: not a whole image": lambda root: drawing.truncate(_label(root)),
    r"config\.json: label 1, 'Dragon', is neither a class of mapillary": lambda root: (
        root / "config.json"
    ).write_text(config(["Bird", "Dragon"])),
    r"config\.json: No such file": lambda root: (root / "config.json").unlink(),
    r"config\.json: labels\[0\]: 'readable' is missing": lambda root: (
        root / "config.json"
    ).write_text('{"labels": [{"name": "animal--bird"}]}'),
}
