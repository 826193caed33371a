"""Finds the masks that Roboflow exports beside the images: NAME_mask.png and _classes.csv."""

import csv
import functools
from collections.abc import Callable, Collection, Sequence
from typing import Any

from etils import epath

from foi_tf.data.convert import folder_listing, raw_files, text_files
from foi_tf.data.convert.reader_result import Loader
from foi_tf.errors import FoiError

TABLE = "_classes.csv"
_END = "_mask.png"
_FIRST_COLUMN = "pixel value"  # Tables of classes of whole images begin with "filename".


def find_tables(root: epath.Path, names: Sequence[str]) -> list[epath.Path]:
    """Returns the tables that name the classes of such masks.

    Args:
      names: paths of the files of the raw folder.
    """
    paths = [root / name for name in names if name.rpartition("/")[2] == TABLE]
    return [path for path in paths if _read_table(path)[0][:1] == [_FIRST_COLUMN]]


def read_names(tables: Sequence[epath.Path]) -> tuple[str, ...]:
    """Returns the names of the classes, which all tables must share.

    Raises:
      FoiError: they differ, or are not numbered from 0.
    """
    found = {}
    for path in tables:
        rows = _read_table(path)[1:]
        if [row[0] for row in rows] != [str(i) for i in range(len(rows))] or not rows:
            raise FoiError(
                f"{path}: must list the pixel values 0, 1, 2 and so on, each with its class"
            )
        found[path] = tuple(row[1] for row in rows)
    first = tables[0]
    for path, names in found.items():
        if names != found[first]:
            raise FoiError(f"{path}: its classes differ from those of {first}; list the same")
    return found[first]


def find_masks(
    raw_dir: epath.Path, load: Callable[[epath.Path], dict[str, Any]]
) -> dict[str, dict[str, Loader]]:
    """Finds the masks by split and image; images without a mask are left out.

    Raises:
      FoiError: a mask has no image, or there is no mask.
    """
    splits = raw_files.list_images(raw_dir, "")
    images = {raw_files.stem(n): n for names in splits.values() for n in names if not is_mask(n)}
    every = folder_listing.list_names(raw_dir)
    masks = {name.removesuffix(_END): name for name in every if is_mask(name)}
    for stem, name in masks.items():
        if stem not in images:
            raise raw_files.missing_image_error(raw_dir / name, raw_dir, "", stem)
    found: dict[str, dict[str, Loader]] = {}
    for split, names in splits.items():
        for name in names:
            stem = raw_files.stem(name)
            if not is_mask(name) and stem in masks:
                path = raw_dir / masks[stem]
                found.setdefault(split, {})[name] = functools.partial(load, path)
    if not found:
        raise FoiError(f"{raw_dir}: no *{_END} lies beside an image")
    return found


def is_mask(name: str) -> bool:
    """Tells whether a file is a mask by its name."""
    return name.endswith(_END)


def is_mask_of(name: str, images: Collection[str]) -> bool:
    """Tells whether a file is the mask of one of some images, which are given without suffix."""
    return is_mask(name) and name.removesuffix(_END) in images


def _read_table(path: epath.Path) -> list[list[str]]:
    try:
        rows = list(csv.reader(text_files.read_text(path).splitlines()))
    except csv.Error as error:
        raise FoiError(f"{path}: not a table in CSV ({error}); export it anew") from error
    found = [[cell.strip() for cell in row] for row in rows if row]
    if not found or any(len(row) < 2 for row in found):
        return [[]]
    return [[found[0][0].lower(), *found[0][1:]], *found[1:]]
