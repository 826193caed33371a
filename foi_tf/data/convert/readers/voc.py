"""Reads boxes from XML files as those of VOC: a devkit's folders, or XML beside the images."""

import functools
import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from etils import epath

from foi_tf.data.convert import raw_files
from foi_tf.data.convert.reader_result import ReaderResult
from foi_tf.data.convert.readers import instances, voc_files, xml_file
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study.dataset import Size


class _VocObject(NamedTuple):
    label: str
    box: tuple[float, float, float, float]
    difficult: bool


def read_folder(raw_dir: epath.Path) -> ReaderResult:
    """Finds the boxes of a devkit's folder, as VOC2007, or of one that tools export.

    `voc_files` says where images and XML files may lie. Without lists, the folders of the
    images make the splits, as for other formats.

    The lists train.txt and val.txt are the splits. Without train.txt, train holds the images
    of trainval.txt that are not in val. Without val.txt, test.txt is val; so trainval.txt and
    test.txt alone make the usual splits of VOC 2007. Without any list, all images are train.

    Corners in the XML count pixels from 1 and include the last pixel; they become half-open
    from 0. Some writers count from 0, so a corner at 0 stays at 0. Objects marked `difficult`
    become crowds, which training and evaluation ignore. Parts of objects are ignored. The
    classes are the names in classes.json, or, without that file, all names found, sorted.

    Raises:
      FoiError: a folder or a listed file is missing, an image is in two splits, or an XML
        file is broken or lacks an element.
    """
    places = voc_files.find_places(raw_dir)
    splits: dict[str, dict[str, tuple[epath.Path, list[_VocObject]]]] = {}
    sizes: dict[str, Size] = {}
    for split, pairs in voc_files.list_splits(raw_dir, places, "Main").items():
        splits[split] = {}
        for name, path in pairs:
            root = xml_file.read_xml(path)
            splits[split][name] = path, _parse_objects(root, path)
            if size := _parse_size(root):
                sizes[name] = size
    names = _choose_class_names(raw_dir, splits)
    return ReaderResult(
        classes={"detection": len(names)},
        names={"detection": names},
        splits={
            split: {
                image: functools.partial(_load, objects, names)
                for image, (_, objects) in of_split.items()
            }
            for split, of_split in splits.items()
        },
        folder=places.images,
        sizes=sizes,
    )


def load_boxes(
    path: epath.Path, names: Sequence[str], aliases: Mapping[str, str | None] | None = None
) -> dict[str, Any]:
    """Loads the boxes of one XML file by the rules of `read_folder`.

    Args:
      path: the XML file.
      names: names of the classes.
      aliases: the class of each other name of objects; None leaves such objects out.

    Raises:
      FoiError: as for `read_folder`, or an object has an unknown name.
    """
    aliases = {name: name for name in names} | dict(aliases or {})
    objects = []
    for one in _parse_objects(xml_file.read_xml(path), path):
        if one.label not in aliases:
            raise unknown_name_error("class", one.label, aliases, where=str(path))
        if label := aliases[one.label]:
            objects.append(one._replace(label=label))
    return _load(objects, names)


def _parse_size(root: ET.Element) -> Size | None:
    """Returns the (height, width) that the file says; some writers leave them 0."""
    sides = [(root.findtext(f"size/{name}") or "").strip() for name in ("height", "width")]
    if not all(side.isdecimal() and int(side) > 0 for side in sides):
        return None
    height, width = map(int, sides)
    return height, width


def _parse_objects(root: ET.Element, path: epath.Path) -> list[_VocObject]:
    objects = []
    for index, element in enumerate(root.findall("object")):
        where = f"{path}: object {index}"
        ymin, xmin, ymax, xmax = (
            _read_number(element, f"bndbox/{name}", where)
            for name in ("ymin", "xmin", "ymax", "xmax")
        )
        objects.append(
            _VocObject(
                label=_read_text(element, "name", where),
                box=(ymin - (ymin != 0), xmin - (xmin != 0), ymax, xmax),
                difficult=(element.findtext("difficult") or "0").strip() == "1",
            )
        )
    return objects


def _read_text(element: ET.Element, name: str, where: str) -> str:
    text = (element.findtext(name) or "").strip()
    if not text:
        raise FoiError(f"{where}: lacks {name}; add it or remove the object")
    return text


def _read_number(element: ET.Element, name: str, where: str) -> float:
    text = _read_text(element, name, where)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise FoiError(f"{where}: {name} must be a finite number, not '{text}'")
    return number


def _choose_class_names(raw_dir: epath.Path, splits: Mapping[str, Mapping]) -> tuple[str, ...]:
    path_of = {
        one.label: path
        for of_split in splits.values()
        for path, objects in of_split.values()
        for one in objects
    }
    listed = raw_dir / "classes.json"
    if not listed.exists():
        if not path_of:
            raise FoiError(f"{raw_dir}/Annotations: no file has an object")
        return tuple(sorted(path_of))
    names = raw_files.read_class_names(listed)
    for label, path in path_of.items():
        if label not in names:
            raise unknown_name_error("class", label, names, where=str(path))
    return names


def _load(objects: Sequence[_VocObject], names: Sequence[str]) -> dict[str, Any]:
    labels = np.asarray([names.index(one.label) for one in objects], np.int64)
    crowds = [one.difficult for one in objects]
    return instances.make_fields([one.box for one in objects], crowds) | {"box_labels": labels}
