"""Reads segmentation masks: label images masks/{split}/*.png, and classes.json."""

from typing import Any

from etils import epath

from foi_tf.data.convert import image_files, raw_files
from foi_tf.data.convert.reader_result import ReaderResult


def read_folder(raw_dir: epath.Path) -> ReaderResult:
    """Finds the masks of a folder.

    A mask has its image's stem. Its pixels are class ids from 0; the value 255 (65535 in
    16 bits) marks pixels to ignore.

    Raises:
      FoiError: a folder or classes.json is missing or wrong, or a mask has no image.
    """
    names = raw_files.read_class_names(raw_dir / "classes.json")
    return ReaderResult(
        classes={"segmentation": len(names)},
        names={"segmentation": names},
        splits=raw_files.find_annotation_images(raw_dir, "masks", _load),
    )


def _load(path: epath.Path) -> dict[str, Any]:
    return {"mask": image_files.read_labels(path)}
