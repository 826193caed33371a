"""Reads LabelMe's JSON files: boxes, and masks for segmentation."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert import folder_listing, image_lookup, raw_files
from foi_tf.data.convert.reader_result import ReaderResult
from foi_tf.data.convert.readers import json_file, labelme_bitmap, object_files, outlines
from foi_tf.errors import FoiError

_CIRCLE = 32  # Corners of the polygon that stands for a circle; ours.
_IGNORED = "__ignore__"  # LabelMe's label of what is to be ignored.


@dataclasses.dataclass(frozen=True)
class _LabelMeShape:
    label: str
    points: list[tuple[float, float]]
    shape_type: str | None = "polygon"
    mask: str | None = None


@dataclasses.dataclass(frozen=True)
class _LabelMeFile:
    shapes: list[_LabelMeShape]
    imagePath: str  # noqa: N815 The publisher's key.
    imageHeight: Any = None  # noqa: N815
    imageWidth: Any = None  # noqa: N815


def read_folder(raw_dir: epath.Path) -> ReaderResult:
    """Finds the boxes of a folder, those of polygons, rectangles, circles and masks.

    A JSON file lies beside its image, or anywhere in the raw folder. Its image is the one of
    its own path, or else of its `imagePath`; `imageData` is ignored. The folders of the images
    make the splits, as for other formats. The classes are the names in classes.json, or,
    without that file, all labels found, sorted; the label __ignore__ makes a crowd, which
    training and evaluation ignore. Points and lines are left out, with a warning. Images
    without a JSON file are left out; a JSON file without shapes is of an image without
    objects.

    Raises:
      FoiError: a file is no such JSON, has no image, or the label is not in classes.json.
    """
    return object_files.to_boxes(raw_dir, _read_files(raw_dir))


def read_masks_folder(raw_dir: epath.Path) -> ReaderResult:
    """Finds the masks of a folder that the outlines make, as those of `coco_masks`.

    Pixels of __ignore__ are ignored.

    Raises:
      FoiError: as for `read_folder`.
    """
    return object_files.to_masks(raw_dir, _read_files(raw_dir))


def _read_files(raw_dir: epath.Path) -> object_files.ObjectFiles:
    folder = "images" if (raw_dir / "images").is_dir() else ""
    every = folder_listing.list_names(raw_dir)
    paths = [n for n in every if n.lower().endswith(".json") and not _is_table(n)]
    if not paths:
        raise FoiError(f"{raw_dir}: no such file as *.json of LabelMe, beside the images")
    splits = raw_files.list_images(raw_dir, folder)
    split_of = {name: split for split, names in splits.items() for name in names}
    by_stem = {raw_files.stem(name): name for name in split_of}
    folders = {name.rpartition("/")[0] for name in split_of}
    lookup = image_lookup.ImageLookup(split_of, raw_dir / folder)
    found = object_files.ObjectFiles(folder, {}, {})
    for one in paths:
        path = raw_dir / one
        content = json_file.read_json(path, _LabelMeFile, "JSON of LabelMe")
        stem = raw_files.stem(one.removeprefix(f"{folder}/") if folder else one)
        near = one.split("/")[:-1]
        name = by_stem.get(stem) or lookup.find(content.imagePath, near, str(path))
        here = stem.rpartition("/")[0]
        if name and here in folders and name.rpartition("/")[0] != here:
            name = None  # Beside images, a file is for one of them.
        if name is None:
            written = content.imagePath.replace("\\", "/")
            raw_files.refuse_unread_type([path.parent / written, raw_dir / written], str(path))
            raise FoiError(
                f"{path}: its image '{content.imagePath}' is not in {raw_dir / folder}; add the "
                "image or remove the file"
            )
        size = (content.imageHeight, content.imageWidth)
        found.add(split_of[name], name, path, _parse_shapes(content.shapes, path), size)
    return found


def _is_table(name: str) -> bool:
    return name.rpartition("/")[2].lower() in ("classes.json", "depth.json")


def _parse_shapes(
    shapes: Sequence[_LabelMeShape], path: epath.Path
) -> list[object_files.FoundObject]:
    objects = []
    for index, shape in enumerate(shapes):
        where = f"{path}: shapes[{index}]"
        if not shape.label.strip():
            raise FoiError(f"{where}: has no label; give one or remove it")
        outlined = _OUTLINES.get(shape.shape_type or "polygon")
        outline = None
        if shape.shape_type == "mask":
            outline = labelme_bitmap.parse_bitmap(shape.mask, shape.points, where)
        elif outlined is not None:
            outline = outlines.make_polygons([outlined(shape.points, where)], where)
        label = shape.label.strip()
        objects.append(object_files.FoundObject(label, outline, ignored=label == _IGNORED))
    return objects


def _outline_polygon(points: Sequence[tuple[float, float]], where: str) -> Any:
    del where
    return points


def _outline_rectangle(points: Sequence[tuple[float, float]], where: str) -> Any:
    if len(points) == 4:  # Newer versions store all corners.
        return points
    if len(points) != 2:
        raise FoiError(f"{where}: a rectangle must have 2 or 4 points, not {len(points)}")
    (x0, y0), (x1, y1) = points
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def _outline_circle(points: Sequence[tuple[float, float]], where: str) -> Any:
    if len(points) != 2:
        raise FoiError(f"{where}: a circle must have 2 points, not {len(points)}")
    (x, y), edge = points
    radius = math.dist((x, y), edge)
    angles = np.linspace(0, 2 * math.pi, _CIRCLE, endpoint=False)
    return np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=1)


_OUTLINES: dict[str, Callable[..., Any]] = {
    "polygon": _outline_polygon,
    "rectangle": _outline_rectangle,
    "rotation": _outline_polygon,
    "circle": _outline_circle,
}
