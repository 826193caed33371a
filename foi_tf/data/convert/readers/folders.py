"""Reads classes from folders of images: images/{split}/{class}/*, or {split}/{class}/*."""

import functools
from collections.abc import Mapping
from typing import Any

from etils import epath

from foi_tf.data.convert import raw_files
from foi_tf.data.convert.reader_result import ReaderResult
from foi_tf.errors import FoiError, unknown_name_error


def read_folder(raw_dir: epath.Path) -> ReaderResult:
    """Finds the images of each class.

    The last folder of an image's path is its class. The classes are the names in
    classes.json, or, without that file, all names of folders, sorted. The splits are found
    as for other formats; without images/, the raw folder itself holds them. Images of other
    splits than train and val need no class.

    Raises:
      FoiError: there is no image, an image is outside the folders of classes, or a folder is
        not a class of classes.json.
    """
    folder = "images" if (raw_dir / "images").is_dir() else ""
    every = raw_files.list_images(raw_dir, folder)
    splits = {name: images for name, images in every.items() if name in raw_files.SPLIT_NAMES}
    labels = {name: _find_class(raw_dir / folder, name) for n in splits.values() for name in n}
    names = _choose_class_names(raw_dir, labels)
    return ReaderResult(
        classes={"classification": len(names)},
        names={"classification": names},
        splits={
            split: {name: functools.partial(_load, names.index(labels[name])) for name in of_split}
            for split, of_split in splits.items()
        },
        folder=folder,
    )


def _find_class(root: epath.Path, name: str) -> str:
    *folders, _ = name.split("/")
    split = raw_files.name_folder_split(folders[0]) if folders else ""
    if not folders or (len(folders) == 1 and split in raw_files.SPLIT_NAMES):
        raise FoiError(f"{root / name}: must be in the folder of a class, as in train/{{class}}")
    return folders[-1]


def _choose_class_names(raw_dir: epath.Path, labels: Mapping[str, str]) -> tuple[str, ...]:
    listed = raw_dir / "classes.json"
    if not listed.exists():
        return tuple(sorted(set(labels.values())))
    names = raw_files.read_class_names(listed)
    for name, label in labels.items():
        if label not in names:
            raise unknown_name_error("class", label, names, where=f"{listed}: {name}")
    return names


def _load(label: int) -> dict[str, Any]:
    return {"label": label}
