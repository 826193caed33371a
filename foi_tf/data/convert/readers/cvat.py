"""Reads "CVAT for images 1.1", an annotations.xml: boxes, and masks for segmentation."""

import math
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert import folder_listing, image_lookup, raw_files
from foi_tf.data.convert.reader_result import ReaderResult
from foi_tf.data.convert.readers import object_files, outlines, xml_file
from foi_tf.errors import FoiError

_ELLIPSE = 32  # Corners of the polygon that stands for an ellipse; ours.
_WITHOUT_AREA = ("points", "polyline", "cuboid", "skeleton")
_SPLITS = {name: split for split, names in raw_files.SPLIT_NAMES.items() for name in names}


def read_folder(raw_dir: epath.Path) -> ReaderResult:
    """Finds the boxes of a folder, those of boxes, polygons, ellipses and masks.

    The images that annotations.xml lists are below images/, or below the raw folder. Their
    `subset` makes the splits (Train, Validation), or else their folders do. The classes are
    the labels of the project, in its order, or the names in classes.json. Points, lines and
    tags are left out, with a warning. An image without objects has none.

    Raises:
      FoiError: the file is missing or no such XML, or lists an image that is missing.
    """
    return object_files.to_boxes(raw_dir, _read_files(raw_dir))


def read_masks_folder(raw_dir: epath.Path) -> ReaderResult:
    """Finds the masks of a folder that the outlines make.

    They are those of `coco_masks`, but an object of a higher z-order covers others.

    Raises:
      FoiError: as for `read_folder`.
    """
    return object_files.to_masks(raw_dir, _read_files(raw_dir))


def _read_files(raw_dir: epath.Path) -> object_files.ObjectFiles:
    paths = [
        raw_dir / name
        for name in folder_listing.list_names(raw_dir)
        if name.rpartition("/")[2].lower() == "annotations.xml"
    ]
    if not paths:
        raise FoiError(f"{raw_dir / 'annotations.xml'}: no such file; export 'CVAT for images 1.1'")
    folder = "images" if (raw_dir / "images").is_dir() else ""
    split_of = {
        name: split
        for split, names in raw_files.list_images(raw_dir, folder).items()
        for name in names
    }
    lookup = image_lookup.ImageLookup(split_of, raw_dir / folder)
    roots = {path: xml_file.read_xml(path) for path in paths}
    names = dict.fromkeys(
        (label.text or "").strip()
        for root in roots.values()
        for label in root.iterfind("meta//labels/label/name")
    )
    found = object_files.ObjectFiles(folder, {}, {}, tuple(names))
    for path, root in roots.items():
        if root.find("track") is not None:
            raise FoiError(f"{path}: has tracks of a video; export 'CVAT for images 1.1' instead")
        if root.tag != "annotations" or root.find("image") is None:
            raise FoiError(f"{path}: lists no image; export 'CVAT for images 1.1'")
        near = path.relative_to(raw_dir).parts[:-1]
        for image in root.iterfind("image"):
            _add_image(image, path, near, lookup, split_of, found)
    return found


def _add_image(
    image: ET.Element,
    path: epath.Path,
    near: tuple[str, ...],
    lookup: image_lookup.ImageLookup,
    split_of: dict[str, str],
    found: object_files.ObjectFiles,
) -> None:
    written, subset = image.get("name", ""), image.get("subset", "").lower()
    where = f"{path}: image '{written}'"
    name = lookup.find(written, [subset, *near], where)
    if name is None:
        raw_files.refuse_unread_type([path.parent / found.folder / written], where)
        raise FoiError(f"{where}: is missing; export with images, or put it into images/")
    size = tuple(int(s) if (s := image.get(k, "")).isdecimal() else 0 for k in ("height", "width"))
    objects = []
    for index, element in enumerate(one for one in image if one.tag != "tag"):
        objects.append(_parse_object(element, f"{where}: object {index}"))
    split = _SPLITS.get(subset, subset if subset == "test" else split_of[name])
    found.add(split, name, path, objects, size)


def _parse_object(element: ET.Element, where: str) -> object_files.FoundObject:
    label = element.get("label", "").strip()
    if not label:
        raise FoiError(f"{where}: has no label; give one or remove it")
    outline = None
    if element.tag in _OUTLINES:
        outline = _OUTLINES[element.tag](element, where)
    elif element.tag not in _WITHOUT_AREA:
        raise FoiError(f"{where}: <{element.tag}> is no shape that is read; remove it")
    level = int(_read_number(element, "z_order", where)) if element.get("z_order") else 0
    return object_files.FoundObject(label, outline, level=level)


def _read_number(element: ET.Element, key: str, where: str) -> float:
    try:
        number = float(element.get(key, ""))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise FoiError(f"{where}: {key} must be a finite number, not '{element.get(key, '')}'")
    return number


def _outline_box(element: ET.Element, where: str) -> outlines.Outline | None:
    keys = ("xtl", "ytl", "xbr", "ybr")
    left, top, right, bottom = (_read_number(element, key, where) for key in keys)
    corners = np.asarray([(left, top), (right, top), (right, bottom), (left, bottom)])
    if element.get("rotation"):  # Degrees, clockwise around the center.
        angle = math.radians(_read_number(element, "rotation", where))
        center, turn = corners.mean(axis=0), np.asarray([math.cos(angle), math.sin(angle)])
        x, y = (corners - center).T
        turned = np.stack([x * turn[0] - y * turn[1], x * turn[1] + y * turn[0]], axis=1)
        corners = center + turned
    return outlines.make_polygons([corners], where)


def _outline_polygon(element: ET.Element, where: str) -> outlines.Outline | None:
    try:
        pairs = [pair.split(",") for pair in element.get("points", "").split(";")]
        points = [(float(x), float(y)) for x, y in pairs]
    except ValueError as error:
        raise FoiError(f"{where}: 'points' must be x,y;x,y;...") from error
    return outlines.make_polygons([points], where)


def _outline_ellipse(element: ET.Element, where: str) -> outlines.Outline | None:
    x, y, rx, ry = (_read_number(element, key, where) for key in ("cx", "cy", "rx", "ry"))
    angles = np.linspace(0, 2 * math.pi, _ELLIPSE, endpoint=False)
    corners = np.stack([x + rx * np.cos(angles), y + ry * np.sin(angles)], axis=1)
    return outlines.make_polygons([corners], where)


def _outline_mask(element: ET.Element, where: str) -> outlines.Outline | None:
    left, top, width, height = (
        int(_read_number(element, key, where)) for key in ("left", "top", "width", "height")
    )
    words = element.get("rle", "").replace(",", " ").split()
    counts: Any = [int(word) for word in words] if all(w.isdecimal() for w in words) else None
    runs = outlines.make_runs((height, width), counts, where, by_column=False, corner=(top, left))
    return outlines.Outline(runs=runs)


_OUTLINES: dict[str, Callable[[ET.Element, str], outlines.Outline | None]] = {
    "box": _outline_box,
    "polygon": _outline_polygon,
    "ellipse": _outline_ellipse,
    "mask": _outline_mask,
}
