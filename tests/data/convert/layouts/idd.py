"""Writes a tiny tree of IDD: leftImg8bit and gtFine by split and drive, with polygons in JSON."""

import json

import numpy as np

from tests.data.convert.layouts import drawing

_NAMES = {"train": ("0/frame0029", "201/frame0299"), "val": ("119/frame1259",)}


def _polygons(objects, size=drawing.SIZE):
    content = {"imgHeight": size[0], "imgWidth": size[1], "objects": []}
    for index, (label, polygon, deleted) in enumerate(objects):
        content["objects"].append(
            {
                "id": index, "label": label, "polygon": polygon, "deleted": deleted,
                "verified": 0, "draw": True, "user": "x", "date": "01-Jan-2018 00:00:00",
            }
        )  # fmt: skip
    return json.dumps(content)


def _box(x0, y0, x1, y1):
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]


def write(root):
    objects = [
        ("road", _box(0, 2, 7, 5), 0),
        ("bicyclegroup", _box(2.0, 3.0, 3.0, 4.0), 0),  # Over the road; a group of them.
        ("sky", _box(0, 0, 7, 1), 1),  # Deleted by its annotator.
        ("train", _box(5, 3, 6, 5), 0),  # Ignored.
        # Skipped by the publisher's tool: fewer than three points, or no label of the list.
        ("pole", [], 0),
        ("sky", [[1, 1]], 0),
        ("sky", [[0, 0], [7, 0]], 0),
        ("rod", _box(0, 0, 7, 5), 0),
    ]
    mask = np.full(drawing.SIZE, 255, np.uint8)
    mask[2:6] = 1
    mask[3:5, 2:4] = 11
    mask[3:6, 5:7] = 255
    expected = {}
    for split, names in _NAMES.items():
        for name in names:
            drawing.photo(root / f"leftImg8bit/{split}/{name}_leftImg8bit.png")
            path = root / f"gtFine/{split}/{name}_gtFine_polygons.json"
            drawing.write_text(path, _polygons(objects))
        expected[split] = {name: {"mask": mask} for name in names}
    return expected


def _labels(root):
    return root / "gtFine/train/0/frame0029_gtFine_polygons.json"


SPOILS = {
    r"polygons\.json: is not JSON": lambda root: drawing.truncate(_labels(root)),
    r"polygons\.json: objects\[0\]: 'polygon' is missing": lambda root: _labels(root).write_text(
        '{"imgHeight": 6, "imgWidth": 8, "objects": [{"label": "road"}]}'
    ),
    r"mask is 9x9, but its image is 6x8": lambda root: _labels(root).write_text(
        _polygons([], (9, 9))
    ),
    r"_leftImg8bit\.png: has no .*polygons\.json": lambda root: _labels(root).unlink(),
}
