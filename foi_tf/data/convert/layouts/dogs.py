"""Reads StanfordExtra: keypoints for the images and lists of Stanford Dogs."""

import dataclasses
import functools
from typing import Any

import numpy as np
import pycocotools.mask
from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import ExpectedFiles, Layout
from foi_tf.data.convert.readers import instances, json_file, matlab
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset

# The paper used version 1; the later release is called "v12".
_JSON = "StanfordExtra_v1*.json"
_LISTS = {"train": "train_list.mat", "val": "test_list.mat"}


@dataclasses.dataclass(frozen=True, slots=True)
class _Dog:
    """Holds one record: an image and its dog; coordinates are (x, y) pixels from 0."""

    img_path: str
    img_width: int
    img_height: int
    joints: list[tuple[float, float, float]]
    img_bbox: tuple[float, float, float, float]
    seg: str


def _read(root: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    versions = sorted(root.glob(_JSON))
    if not versions:
        raise FoiError(f"{root}: has no {_JSON}; request it from the publisher")
    path = versions[0]
    dogs = {dog.img_path: dog for dog in json_file.read_json(path, list[_Dog], "StanfordExtra")}
    splits = {split: _read_list(root / name) for split, name in _LISTS.items()}
    if stray := sorted(set(dogs) - {image for listed in splits.values() for image in listed}):
        raise FoiError(
            f"{path}: {stray[0]} is in neither {' nor '.join(_LISTS.values())}; replace the lists"
        )
    keypoints = row.classes["keypoints"]
    return {
        split: [
            FileEntry(
                image.removesuffix(".jpg"),
                root / "Images" / image,
                (functools.partial(_load, dogs[image], keypoints, f"{path}: {image}"),),
            )
            for image in listed
            if image in dogs  # Not all of the 20,580 images have keypoints.
        ]
        for split, listed in splits.items()
    }


def _read_list(path: epath.Path) -> list[str]:
    return [str(name) for name in matlab.list_items(matlab.load_variable(path, "file_list"))]


def _load(dog: _Dog, keypoints: int, where: str) -> dict[str, Any]:
    if len(dog.joints) < keypoints:
        raise FoiError(f"{where}: has {len(dog.joints)} joints, not 24; replace the file")
    joints = np.asarray(dog.joints[:keypoints], np.float32)[:, [1, 0, 2]]
    # (0, 0, 0) is a joint without annotation, (x, y, 0) a hidden and (x, y, 1) a visible one.
    annotated = joints[:, :2].any(1)
    joints[:, 2] += annotated
    joints[annotated, :2] += 0.5  # From the index of a pixel to the coordinates of its center.
    x, y, width, height = dog.img_bbox
    box = np.asarray([y, x, y + height, x + width], np.float32)
    size = [dog.img_height, dog.img_width]
    box = box.clip(0, 2 * size)
    area = _measure_area(dog, box, where)
    fields = instances.make_fields([box], areas=[area], prefix="keypoint")
    return fields | {"keypoints": joints[None]}


def _measure_area(dog: _Dog, box: np.ndarray, where: str) -> float:
    """Measures a dog's area in pixels: of its outline or, without one, a share of its box.

    The publisher's reader (github.com/benjiebob/WLDO) takes an empty text for no outline.
    """
    if not dog.seg:
        return float(np.prod(box[2:] - box[:2])) * instances.COVERED
    size = [dog.img_height, dog.img_width]
    area = pycocotools.mask.area({"size": size, "counts": dog.seg.encode()})
    if not 0 < area <= dog.img_height * dog.img_width:
        raise FoiError(
            f"{where}: seg is not the run-length code of a part of the image; replace it"
        )
    return float(area)


LAYOUT = Layout(
    read=_read,
    files=(
        ExpectedFiles(_JSON, 1),
        ExpectedFiles(_LISTS["train"], 1, "train"),
        ExpectedFiles(_LISTS["val"], 1, "val"),
        ExpectedFiles("Images/*/*.jpg", 20_580),
    ),
    home=(
        "http://vision.stanford.edu/aditya86/ImageNetDogs/ (images.tar, lists.tar) and "
        "https://github.com/benjiebob/StanfordExtra (the JSON, by its form)"
    ),
    terms="images for non-commercial research as ImageNet's; the JSON on its publisher's form",
)
