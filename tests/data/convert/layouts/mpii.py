"""Writes a tiny tree of MPII Human Pose: images/ and the annotation file, with unset fields."""

import numpy as np

from tests.data.convert.layouts import drawing, matlab
from tests.data.convert.layouts.matlab import EMPTY

_FILE = "mpii_human_pose_v1_u12_2/mpii_human_pose_v1_u12_1.mat"
# Frames of five videos, of which one is held out: which one is pinned, so that it stays.
_VIDEOS = {"015601864": 1, "015599452": 2, "015599453": 2, "005808361": 3, "086617615": 4,
           "060111501": 5}  # fmt: skip
_HELD_OUT = 4
_TEST = "040348287"


def write(root):
    for name in (*_VIDEOS, _TEST):
        drawing.photo(root / f"images/{name}.jpg")
    _save(root)
    people = {
        "keypoints": np.zeros((3, 16, 3), np.float32),
        # Around joints and head; and the squares of persons who are only seen, in the image.
        "keypoint_boxes": np.asarray(
            [[0, 1.5, 5.5, 6.5], [1.5, 2.5, 6, 8], [0, 0, 6, 8]], np.float32
        ),
        "keypoint_areas": np.asarray([27.5, 24.75, 48], np.float32) * 0.53,
        "keypoint_crowds": [False] * 3,
    }
    people["keypoints"][0, [0, 9, 10]] = [5.5, 3.5, 2], [1.5, 3, 2], [2.5, 6.5, 1]
    return {
        split: {
            name: people
            for name, video in _VIDEOS.items()
            if (video == _HELD_OUT) == (split == "val")
        }
        for split in ("train", "val")
    }


def _points(**changes):
    joints = [
        {"x": 4.0, "y": 6.0, "id": 0, "is_visible": "1"},
        {"x": 7.0, "y": 3.0, "id": 10, "is_visible": "0"},
        {"x": 3.5, "y": 2.0, "id": 9, "is_visible": EMPTY},  # Joints of the head have none.
    ]
    return {"point": matlab.structs(joints[0] | changes, *joints[1:])}


def _person(**changes):
    head = {"x1": 2, "y1": np.uint8(0), "x2": 4, "y2": 3}
    position = {"objpos": {"x": 5, "y": 5}, "scale": 0.03}
    return head | {"annopoints": _points()} | position | changes


def _save(root, lacking="", **changes):
    """Writes the file without a field of all images, or with changes to the first person."""
    seen = _person(annopoints=EMPTY, objpos={"x": 6, "y": 5}, scale=0.03)
    large = seen | {"scale": np.uint8(3)}  # Whole numbers come in the fewest bytes.
    unknown = dict.fromkeys(seen, EMPTY) | {"x1": 1, "x2": 2, "y1": 1, "y2": 2}
    records = []
    for index, (name, video) in enumerate(_VIDEOS.items()):
        people = [_person(**(changes if index == 0 else {})), seen, large, unknown]
        records.append(
            {"image": {"name": f"{name}.jpg"}, "annorect": matlab.structs(*people),
             "frame_sec": 11, "vididx": video}
        )  # fmt: skip
    positions = [{"scale": 3.0, "objpos": {"x": 4, "y": 4}}]
    test = {"annorect": matlab.structs(*positions), "vididx": 6}
    none = {"annorect": EMPTY, "image": {"name": "no_people.jpg"}}
    again = {"annorect": matlab.structs(_person())}
    records += [records[0] | {"image": {"name": f"{_TEST}.jpg"}} | test]
    records += [records[0] | none, records[0] | again]
    for record in records:
        record.pop(lacking, None)
    flags = [1] * len(_VIDEOS) + [0, 1, 1]
    release = {
        "annolist": matlab.structs(*records),
        "img_train": np.asarray([flags]),
        "version": "12",
        "single_person": matlab.cells([EMPTY] * len(flags)),
        "act": matlab.structs(*[{"act_name": "curling", "cat_name": "sports", "act_id": 1}] * 9),
        "video_list": matlab.cells([f"v{i}" for i in range(6)], (1, -1)),
    }
    matlab.save(root / _FILE, RELEASE=release)


SPOILS = {
    r"u12_1\.mat: image 1: joint id 16 is not below 16": lambda root: _save(
        root, annopoints=_points(id=16)
    ),
    r"u12_1\.mat: not a whole \.mat file": lambda root: drawing.truncate(root / _FILE),
    r"u12_1\.mat: has no variable RELEASE": lambda root: matlab.save(root / _FILE, other=1),
    r"u12_1\.mat: has no field annolist": lambda root: matlab.save(
        root / _FILE, RELEASE={"version": 12}
    ),
    r"u12_1\.mat: image 1: has no field vididx": lambda root: _save(root, "vididx"),
    r"u12_1\.mat: image 1: has no field annorect": lambda root: _save(root, "annorect"),
    r"u12_1\.mat: image 1: has no field x": lambda root: _save(
        root, annopoints={"point": matlab.structs({"id": 1, "y": 2})}
    ),
    r"015601864\.jpg: No such file": lambda root: (root / "images/015601864.jpg").unlink(),
    r"015601864\.jpg: not a whole image": lambda root: drawing.truncate(
        root / "images/015601864.jpg"
    ),
}
