"""Reads segmentation masks: label images masks/{split}/*.png, and classes.json."""

import functools
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert import folder_listing, image_files, raw_files
from foi_tf.data.convert.reader_result import ReaderResult
from foi_tf.data.convert.readers import class_colors, masks_beside, voc_files
from foi_tf.errors import FoiError

_SUFFIXES = raw_files.LABEL_SUFFIXES
_VOC = "SegmentationClass"
_BINARY_NAMES = ("background", "foreground")


def read_folder(raw_dir: epath.Path, colors: str | None = None) -> ReaderResult:
    """Finds the masks of a folder.

    A mask has its image's stem. Its pixels are class ids from 0; the value 255 (65535 in
    16 bits) marks pixels to ignore. With a table of colors, see `class_colors.find_colors`,
    the pixels have the colors of the classes instead. A table beside the names of classes.json
    counts only if the masks are in RGB, or by `colors`. Without masks/, the masks are those of
    a VOC devkit, in SegmentationClass/ with the lists in ImageSets/Segmentation/, or those of
    Roboflow, beside the images, see `masks_beside`.

    Args:
      raw_dir: the raw folder.
      colors: file of the table of colors; None looks for one in the folder.

    Raises:
      FoiError: a folder or classes.json is missing or wrong, or a mask has no image.
    """
    table = class_colors.find_colors(raw_dir, colors)
    if table and not colors and _has_ids(raw_dir):
        table = None
    if table:
        names = table.names
    elif tables := _find_tables_beside(raw_dir):
        names = masks_beside.read_names(tables)
    else:
        names = raw_files.read_class_names(raw_dir / "classes.json")
    load = functools.partial(class_colors.load_mask, table) if table else _load
    return _find_masks(raw_dir, names, load)


def read_binary_folder(raw_dir: epath.Path) -> ReaderResult:
    """Finds masks of a foreground: 0 is the first class, and any one other value the second.

    They lie as those of `read_folder`. The names in classes.json are two; without that file,
    they are "background" and "foreground".

    Raises:
      FoiError: as for `read_folder`, or classes.json has not two names.
    """
    path = raw_dir / "classes.json"
    names = raw_files.read_class_names(path) if path.exists() else _BINARY_NAMES
    if len(names) != len(_BINARY_NAMES):
        raise FoiError(f"{path}: binary masks have two classes, not {len(names)}")
    return _find_masks(raw_dir, names, _load_binary)


def _find_tables_beside(raw_dir: epath.Path) -> list[epath.Path]:
    """Returns Roboflow's tables of classes, unless masks have a folder of their own."""
    if any((raw_dir / name).is_dir() for name in ("masks", _VOC)):
        return []
    return masks_beside.find_tables(raw_dir, folder_listing.list_names(raw_dir))


def _has_ids(raw_dir: epath.Path) -> bool:
    """Tells whether classes.json names the classes and the first mask has one channel."""
    path, root = raw_dir / "classes.json", raw_dir / "masks"
    names = [n for n in folder_listing.list_names(root) if n.lower().endswith(_SUFFIXES)]
    if not path.exists() or not names or not class_colors.has_names(path):
        return False
    return not image_files.is_in_colors(root / names[0])


def _find_masks(raw_dir: epath.Path, names: tuple[str, ...], load: Any) -> ReaderResult:
    folder = "images"
    if not (raw_dir / "masks").is_dir() and (raw_dir / _VOC).is_dir():
        places = voc_files.find_places(raw_dir, (_VOC,), ".png")
        found = voc_files.list_splits(raw_dir, places, "Segmentation")
        folder = places.images
        splits = {
            split: {name: functools.partial(load, path) for name, path in pairs}
            for split, pairs in found.items()
        }
    elif _find_tables_beside(raw_dir):
        folder, splits = "", masks_beside.find_masks(raw_dir, load)
    else:
        splits = raw_files.find_annotation_images(raw_dir, "masks", load)
    return ReaderResult(
        classes={"segmentation": len(names)},
        names={"segmentation": names},
        splits=splits,
        folder=folder,
    )


def _load(path: epath.Path) -> dict[str, Any]:
    try:
        return {"mask": image_files.read_labels(path)}
    except FoiError as error:
        if not (shown := class_colors.describe_colors(path)):
            raise
        raise FoiError(
            f"{path}: has {shown} where class ids belong; say which class has which color, as "
            '{"background": [0, 0, 0], ...} in a file for --colors of foi-prepare'
        ) from error


def _load_binary(path: epath.Path) -> dict[str, Any]:
    values = image_files.read_colors(path, gray=True).max(axis=-1)
    others = np.unique(values[values > 0])
    if len(others) > 1:
        shown = ", ".join(map(str, others[:4].tolist()))
        raise FoiError(
            f"{path}: a binary mask has 0 and one other value, but this one has {len(others)} "
            f"others ({shown}{', ...' if len(others) > 4 else ''}); save it without smooth edges"
        )
    return {"mask": (values > 0).astype(np.uint8)}
