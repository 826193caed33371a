"""Reads masks for segmentation from the outlines of YOLO's label files."""

import functools
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert import image_files
from foi_tf.data.convert.reader_result import ReaderResult
from foi_tf.data.convert.readers import outlines, painting, yolo
from foi_tf.data.convert.readers.yolo_config import YoloConfig
from foi_tf.errors import FoiError


def read_folder(raw_dir: epath.Path) -> ReaderResult:
    """Finds the outlines of a folder, in the layouts of `yolo.read_folder`.

    The classes are "background" and then those of the folder. Pixels outside all outlines are
    background, and smaller objects cover larger ones. An image without labels is all
    background.

    Raises:
      FoiError: as for `yolo.read_folder`; or a line is a box, which does not tell the pixels
        of its object.
    """
    kind, folder, splits = yolo.find_files(raw_dir)
    if kind.keypoints:
        raise FoiError(f"{raw_dir}: has poses, and no outlines; read it with --format=yolo")
    names = painting.add_background(kind.names)
    return ReaderResult(
        classes={"segmentation": len(names)},
        names={"segmentation": names},
        splits={
            split: {
                name: functools.partial(_load, raw_dir / folder / name, path, kind)
                for name, path in of_split.items()
            }
            for split, of_split in splits.items()
        },
        folder=folder,
    )


def _load(image: epath.Path, path: epath.Path, kind: YoloConfig) -> dict[str, Any]:
    names, size = painting.add_background(kind.names), image_files.read_image_size(image)
    objects = []
    for row, where in yolo.read_rows(path, kind):
        if not yolo.is_outline(row, kind):
            raise FoiError(
                f"{where}: is a box, not an outline, so it does not tell the pixels of its object; "
                "export outlines, or read boxes with --format=yolo"
            )
        corners = np.asarray(row[1:], np.float64).reshape(-1, 2) * (size[1], size[0])
        outline = outlines.make_polygons([corners], where)
        label = painting.find_label(names, kind.names[int(row[0])])
        objects.append(painting.PaintedOutline(label, outline))
    return {"mask": painting.paint(objects, len(names), size, str(path))}
