"""Writes a tiny tree of Trash-ICRA19: dataset/{train,val,test} with JPEG and VOC's XML."""

import numpy as np

from tests.data.convert.layouts import drawing

_SIZE = (24, 32)
_OBJECTS = [  # Label, xmin, ymin, xmax, ymax.
    ("plastic", 3, 5, 10, 12),
    ("platstic", 1, 1, 4, 8),
    ("timestamp", 1, 1, 30, 3),
    ("rov", 20, 10, 32, 24),
    ("unknown", 2, 2, 5, 5),
    ("bio", 6, 7, 8, 9),
]


def xml(objects):
    """Returns the XML of objects in the publisher's form, without some of its keys."""
    found = "".join(
        f"<object><name>{label}</name><pose>Unspecified</pose><truncated>0</truncated>"
        f"<difficult>0</difficult><bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}</xmax>"
        f"<ymax>{y1}</ymax></bndbox></object>"
        for label, x0, y0, x1, y1 in objects
    )
    return (
        "<annotation verified='yes'><folder>train</folder><size><width>32</width>"
        f"<height>24</height><depth>3</depth></size><segmented>0</segmented>{found}</annotation>"
    )


def write(root):
    for folder in ("train", "val", "test"):
        for stem, objects in (("obj0000_frame0000004", _OBJECTS), ("obj0001_frame1", [])):
            drawing.photo(root / f"dataset/{folder}/{stem}.jpg", _SIZE)
            drawing.write_text(root / f"dataset/{folder}/{stem}.xml", xml(objects))
            drawing.write_text(root / f"dataset/{folder}/{stem}.txt", "0 0.5 0.5 0.1 0.1\n")
    boxes = np.asarray([[4, 2, 12, 10], [0, 0, 8, 4], [9, 19, 24, 32], [6, 5, 9, 8]], np.float32)
    fields = {
        "boxes": boxes,
        "box_labels": np.asarray([0, 0, 2, 1], np.int64),
        "box_areas": np.asarray([64, 32, 195, 9], np.float32),
        "box_crowds": np.zeros(4, np.bool_),
    }
    none = {name: value[:0] for name, value in fields.items()}
    return {
        split: {
            f"{folder}/obj0000_frame0000004": fields,
            f"{folder}/obj0001_frame1": none,
        }
        for split, folder in (("train", "train"), ("val", "test"))
    }


def _xml(root):
    return root / "dataset/train/obj0000_frame0000004.xml"


SPOILS = {
    r"0004\.xml: unknown class 'plastik'; did you mean 'plastic'": lambda root: _xml(
        root
    ).write_text(xml([("plastik", 1, 1, 2, 2)])),
    r"0004\.xml: not whole XML": lambda root: drawing.truncate(_xml(root)),
    r"0004\.jpg: has no .*0004\.xml": lambda root: _xml(root).unlink(),
    r"0004\.jpg: box 0 .* is outside the image": lambda root: _xml(root).write_text(
        xml([("bio", 1, 1, 40, 2)])
    ),
    r"0004\.xml: object 0: bndbox/xmin must be a finite number, not 'x'": lambda root: _xml(
        root
    ).write_text(xml([("bio", "x", 1, 4, 2)])),
}
