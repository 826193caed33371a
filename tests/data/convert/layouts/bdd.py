"""Writes a tiny tree of BDD100K: images/10k with masks, images/100k with boxes."""

import json

import numpy as np

from tests.data.convert.layouts import drawing

_IDS = [0, 255, 13, 18]
_MASK = [1, 255, 14, 19]  # road, not labeled, car, bicycle.


def _frame(name, *labels):
    """Returns a frame in Scalabel's format; each label is a category and x1, y1, x2, y2."""
    return {
        "name": name,
        "attributes": {"weather": "clear", "timeofday": "daytime", "scene": "highway"},
        "timestamp": 10000,
        "labels": [
            {
                "id": str(index), "category": category,
                "attributes": {"occluded": False, "truncated": False},
                "box2d": dict(zip(("x1", "y1", "x2", "y2"), box, strict=True)),
            }
            for index, (category, box) in enumerate(labels)
        ],
    }  # fmt: skip


_FRAMES = [
    _frame("b1c66a42-6f7d68ca.jpg", ("car", (1.5, 2, 4, 5)), ("other person", (0, 0, 2, 3))),
    _frame("a0.jpg", ("pedestrian", (3, 1, 3, 2)), ("traffic sign", (0.25, 0, 8, 6))),
    {"name": "c.jpg", "timestamp": 10000},
]
_BOXES = {
    "b1c66a42-6f7d68ca": ([[2, 1.5, 5, 4], [0, 0, 3, 2]], [2, 0], [7.5, 6], [False, True]),
    "a0": ([[0, 0.25, 6, 8]], [9], [46.5], [False]),  # The other box has no width.
    "c": (np.zeros((0, 4)), [], [], []),
}


def write(root):
    expected = {}
    for split in ("train", "val"):
        stem = f"7d2f7975-{split}"
        drawing.photo(root / f"images/10k/{split}/{stem}.jpg")
        ids = drawing.stripes(_IDS).astype(np.uint8)
        drawing.save(root / f"labels/sem_seg/masks/{split}/{stem}.png", ids)
        expected[split] = {f"10k/{split}/{stem}": {"mask": drawing.stripes(_MASK).astype(np.uint8)}}
        for frame in _FRAMES:
            drawing.photo(root / f"images/100k/{split}/{frame['name']}")
        drawing.write_text(root / f"labels/det_20/det_{split}.json", json.dumps(_FRAMES))
        for name, (boxes, labels, areas, crowds) in _BOXES.items():
            expected[split][f"100k/{split}/{name}"] = {
                "boxes": np.asarray(boxes, np.float32),
                "box_labels": np.asarray(labels, np.int64),
                "box_areas": np.asarray(areas, np.float32),
                "box_crowds": np.asarray(crowds, np.bool_),
            }
    return expected


def _json(root):
    return root / "labels/det_20/det_train.json"


def _replace(root, *frames):
    _json(root).write_text(json.dumps(frames))


SPOILS = {
    r"det_train\.json: a0\.jpg: unknown category 'cat'; did you mean 'car'": lambda root: _replace(
        root, _frame("a0.jpg", ("cat", (0, 0, 1, 1)))
    ),
    r"det_train\.json: x\.jpg: there is no such file in .*100k/train": lambda root: _replace(
        root, _frame("x.jpg")
    ),
    r"det_train\.json: a0\.jpg is listed twice": lambda root: _replace(
        root, _frame("a0.jpg"), _frame("a0.jpg")
    ),
    r"a0\.jpg: box 0 .* is outside the image": lambda root: _replace(
        root, _frame("a0.jpg", ("car", (0, 0, 9, 1)))
    ),
    r"a0\.jpg: box 0 .* is empty": lambda root: _replace(
        root, _frame("a0.jpg", ("car", (4, 0, 2, 1)))
    ),
    r"det_train\.json: \[0\].*'name' is missing": lambda root: _replace(root, {"labels": []}),
    r"det_train\.json: is not JSON": lambda root: drawing.truncate(_json(root)),
    r"det_train\.json: No such file": lambda root: _json(root).unlink(),
    r"7d2f7975-train\.png: label 19": lambda root: drawing.save(
        root / "labels/sem_seg/masks/train/7d2f7975-train.png", np.full(drawing.SIZE, 19, np.uint8)
    ),
    r"7d2f7975-train\.jpg: not a whole image": lambda root: drawing.truncate(
        root / "images/10k/train/7d2f7975-train.jpg"
    ),
}
