"""Segmentation as folders of label images: masks/{split}/*.png and classes.json."""

import functools
import json
from typing import Any

from etils import epath

from foi_tf.data import raw
from foi_tf.errors import FoiError


def read(raw_dir: epath.Path) -> raw.Raw:
    """Finds the masks of a folder.

    A mask has its image's stem, class ids from 0, and 255 (65535 in 16 bits) where a
    pixel is to be ignored.

    Raises:
      FoiError: a folder or classes.json is missing or wrong, or a mask has no image.
    """
    names = _class_names(raw_dir / "classes.json")
    root = raw_dir / "masks"
    if not root.is_dir():
        raise FoiError(f"{root}: no such directory; masks belong into masks/train, masks/val")
    splits = {}
    for split, images in raw.images(raw_dir).items():
        by_stem = {str(epath.Path(image).with_suffix("")): image for image in images}
        found = {}
        for path in raw.files_below(root / split):
            if path.suffix.lower() != ".png":
                continue
            stem = str(path.relative_to(root).with_suffix(""))
            if stem not in by_stem:
                raise FoiError(f"{path}: has no image images/{stem}.*")
            found[by_stem[stem]] = functools.partial(_load, path)
        if found:
            splits[split] = found
    if not splits:
        raise FoiError(f"{root}: no *.png in masks/{{split}} for any split of images/")
    return raw.Raw(
        classes={"segmentation": len(names)}, names={"segmentation": names}, splits=splits
    )


def _load(path: epath.Path) -> dict[str, Any]:
    return {"mask": raw.read_labels(path)}


def _class_names(path: epath.Path) -> tuple[str, ...]:
    try:
        names = json.loads(raw.read_bytes(path))["classes"]
    except (ValueError, KeyError, TypeError) as error:
        raise FoiError(f'{path}: must read {{"classes": ["name", ...]}}') from error
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise FoiError(f"{path}: 'classes' must be a list of names")
    return tuple(names)
