"""Boxes in COCO JSON: annotations/{split}.json, `file_name` relative to images/."""

import functools
import json
from collections import defaultdict
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data import raw
from foi_tf.errors import FoiError


def read(raw_dir: epath.Path) -> raw.Raw:
    """Finds the boxes of a folder.

    Categories become classes 0, 1, ... in the order of their ids, which may have gaps;
    all splits must agree on them. An image that the JSON lists without annotations
    has no objects.

    Raises:
      FoiError: a file is missing or no such JSON, or an annotation is wrong.
    """
    root = raw_dir / "annotations"
    if not root.is_dir():
        raise FoiError(f"{root}: no such directory; it must hold annotations/{{split}}.json")
    categories, splits = None, {}
    for split, images in raw.images(raw_dir).items():
        path = root / f"{split}.json"
        if not path.exists():
            continue
        content = _parse(path)
        found = {entry["id"]: entry["name"] for entry in content["categories"]}
        if categories not in (None, found):
            raise FoiError(f"{path}: its categories differ from those of another split")
        categories = found
        splits[split] = _loaders(content, path, frozenset(images), sorted(categories))
    if not splits:
        raise FoiError(f"{root}: no {{split}}.json for any split of images/")
    names = tuple(categories[key] for key in sorted(categories))
    return raw.Raw(classes={"detection": len(names)}, names={"detection": names}, splits=splits)


def _parse(path: epath.Path) -> dict[str, Any]:
    try:
        content = json.loads(raw.read_bytes(path))
    except ValueError as error:
        raise FoiError(f"{path}: not JSON ({error})") from error
    missing = {"images", "annotations", "categories"} - set(content)
    if missing:
        raise FoiError(f"{path}: not COCO JSON, it lacks {', '.join(sorted(missing))}")
    return content


def _loaders(
    content: dict[str, Any], path: epath.Path, images: frozenset[str], categories: list[int]
) -> dict[str, raw.Loader]:
    objects = defaultdict(list)
    for annotation in content["annotations"]:
        objects[annotation["image_id"]].append(annotation)
    loaders = {}
    for image in content["images"]:
        name = image["file_name"]
        if name not in images:
            raise FoiError(f"{path}: image {image['id']}: no file images/{name}")
        loaders[name] = functools.partial(
            _boxes, objects.pop(image["id"], []), categories, f"{path}: {name}"
        )
    if objects:
        raise FoiError(
            f"{path}: annotations of image_id {next(iter(objects))}, which is not listed"
        )
    return loaders


def _boxes(annotations: list[dict], categories: list[int], where: str) -> dict[str, Any]:
    boxes, labels, areas, crowds = [], [], [], []
    for annotation in annotations:
        if annotation["category_id"] not in categories:
            raise FoiError(f"{where}: unknown category_id {annotation['category_id']}")
        x, y, width, height = annotation["bbox"]
        boxes.append((y, x, y + height, x + width))
        labels.append(categories.index(annotation["category_id"]))
        areas.append(annotation.get("area", width * height))
        crowds.append(bool(annotation.get("iscrowd", 0)))
    return {
        "boxes": np.asarray(boxes, np.float32).reshape(-1, 4),
        "box_labels": np.asarray(labels, np.int64),
        "box_areas": np.asarray(areas, np.float32),
        "box_crowds": np.asarray(crowds, np.bool_),
    }
