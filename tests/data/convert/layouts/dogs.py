"""Writes a tiny tree of Stanford Dogs' images and lists, and StanfordExtra's JSON."""

import json

import numpy as np
import pycocotools.mask

from tests.data.convert.layouts import drawing, matlab

_CHIHUAHUA = "n02085620-Chihuahua/n02085620"
_IMAGES = {
    "train": (f"{_CHIHUAHUA}_10074.jpg", f"{_CHIHUAHUA}_11140.jpg"),
    "val": (f"{_CHIHUAHUA}_2650.jpg",),
}
_WITHOUT = f"{_CHIHUAHUA}_10131.jpg"  # In the lists, and not in the JSON.
# Seen at (x, y) = (2.5, 1), hidden at (3, 0), not annotated.
_JOINTS = [[2.5, 1.0, 1.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]


def write(root):
    for split, images in _IMAGES.items():
        listed = [*images, _WITHOUT] if split == "train" else images
        for image in listed:
            drawing.photo(root / "Images" / image)
        matlab.save(
            root / {"train": "train_list.mat", "val": "test_list.mat"}[split],
            file_list=matlab.cells(listed),
            annotation_list=matlab.cells([name.removesuffix(".jpg") for name in listed]),
            labels=np.ones((len(listed), 1), np.uint8),
        )
    _save(root, [record(image) for images in _IMAGES.values() for image in images])
    joints = np.zeros((1, 20, 3), np.float32)
    joints[0, :2] = (1.5, 3, 2), (0.5, 3.5, 1)
    dog = {
        "keypoints": joints,
        "keypoint_boxes": np.asarray([[1, 2, 5, 8]], np.float32),
        "keypoint_areas": np.asarray([12], np.float32),
        "keypoint_crowds": [False],
    }
    return {
        split: {image.removesuffix(".jpg"): dog for image in images}
        for split, images in _IMAGES.items()
    }


def record(image, **changes):
    """Returns one dog, whose box (x, y, width, height) ends a pixel outside the image."""
    mask = np.zeros(drawing.SIZE, np.uint8)
    mask[1:4, 2:6] = 1
    code = pycocotools.mask.encode(np.asfortranarray(mask))["counts"].decode()
    return {
        "img_path": image, "img_width": 8, "img_height": 6,
        "joints": [*_JOINTS, *([[0.0, 0.0, 0.0]] * 21)],
        "img_bbox": [2, 1, 7, 4], "is_multiple_dogs": False, "seg": code,
    } | changes  # fmt: skip


def _save(root, records):
    drawing.write_text(root / "StanfordExtra_v1.json", json.dumps(records))


def _lacking(root):
    broken = record(_IMAGES["val"][0])
    del broken["img_bbox"]
    _save(root, [broken])


SPOILS = {
    r"StanfordExtra_v1\.json: is not JSON": lambda root: drawing.truncate(
        root / "StanfordExtra_v1.json"
    ),
    r"StanfordExtra_v1\.json: \[0\]: 'img_bbox' is missing": _lacking,
    r"v1\.json: .*_2650\.jpg: has 3 joints, not 24": lambda root: _save(
        root, [record(_IMAGES["train"][0]), record(_IMAGES["val"][0], joints=_JOINTS)]
    ),
    r"v1\.json: n02085620-Chihuahua/other\.jpg is in neither": lambda root: _save(
        root, [record("n02085620-Chihuahua/other.jpg")]
    ),
    r"v1\.json: .*_2650\.jpg: seg is not the run-length code": lambda root: _save(
        root, [record(_IMAGES["train"][0]), record(_IMAGES["val"][0], seg="0")]
    ),
    r"has no StanfordExtra_v1\*\.json": lambda root: (root / "StanfordExtra_v1.json").unlink(),
    r"test_list\.mat: has no variable file_list": lambda root: matlab.save(
        root / "test_list.mat", labels=[1]
    ),
    r"_10074\.jpg: not a whole image": lambda root: drawing.truncate(
        root / "Images" / _IMAGES["train"][0]
    ),
}
