"""Reads boxes from a VOC devkit's folders: Annotations/, JPEGImages/ and ImageSets/Main/."""

import functools
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from etils import epath

from foi_tf.data.convert import folder_listing, raw_files, text_files
from foi_tf.data.convert.reader_result import ReaderResult
from foi_tf.data.convert.readers import instances, lists
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.files import describe_error
from foi_tf.study.dataset import Size

_IMAGES = "JPEGImages"
# The declaration at the start of an XML file, with its encoding.
_ENCODING = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*(["'])([\w.:-]+)\1[^>]*\?>""")
_PARSED_ENCODINGS = frozenset({b"utf-8", b"utf-16", b"us-ascii", b"iso-8859-1"})


class _VocObject(NamedTuple):
    label: str
    box: tuple[float, float, float, float]
    difficult: bool


def read_folder(raw_dir: epath.Path) -> ReaderResult:
    """Finds the boxes of a devkit's folder, as VOC2007.

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
    folder = raw_dir / _IMAGES
    if not folder.is_dir():
        raise FoiError(f"{folder}: no such directory; it must hold the images")
    files = {path.stem: path for path in folder_listing.list_files(folder)}
    images = {s: p for s, p in files.items() if p.suffix.lower() in raw_files.IMAGE_SUFFIXES}
    splits: dict[str, dict[str, tuple[epath.Path, list[_VocObject]]]] = {}
    sizes: dict[str, Size] = {}
    for split, stems in _list_splits(raw_dir).items():
        splits[split] = {}
        for stem in stems:
            path = raw_dir / "Annotations" / f"{stem}.xml"
            if stem not in images:
                raise FoiError(
                    f"{path}: there is no image {_IMAGES}/{stem}.* for it; add or remove one"
                )
            root, name = _read_xml(path), str(images[stem].relative_to(folder))
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
        folder=_IMAGES,
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
    for one in _parse_objects(_read_xml(path), path):
        if one.label not in aliases:
            raise unknown_name_error("class", one.label, aliases, where=str(path))
        if label := aliases[one.label]:
            objects.append(one._replace(label=label))
    return _load(objects, names)


def _list_splits(raw_dir: epath.Path) -> dict[str, list[str]]:
    found = {}
    for name in ("train", "val", "trainval", "test"):
        path = raw_dir / "ImageSets" / "Main" / f"{name}.txt"
        if path.exists():
            found[name] = lists.read_list(path)
    if not found:
        root = raw_dir / "Annotations"
        every = [
            path.stem for path in folder_listing.list_files(root) if path.suffix.lower() == ".xml"
        ]
        if not every:
            raise FoiError(f"{root}: holds no *.xml, and there are no lists in ImageSets/Main")
        return {"train": every}
    val = found.get("val", found.get("test", []))
    beyond = [stem for stem in found.get("trainval", []) if stem not in frozenset(val)]
    train = found.get("train", beyond)
    if shared := sorted(set(train) & set(val)):
        raise FoiError(
            f"{raw_dir}/ImageSets/Main: {shared[0]} is in both train and val; remove one"
        )
    return {split: stems for split, stems in (("train", train), ("val", val)) if stems}


def _read_xml(path: epath.Path) -> ET.Element:
    try:
        return ET.fromstring(_decode_declared(text_files.read_bytes(path), path))
    except ET.ParseError as error:
        raise FoiError(f"{path}: not whole XML ({error}); replace or remove it") from error


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


def _decode_declared(data: bytes, path: epath.Path) -> bytes | str:
    """Decodes XML of an encoding that the parser lacks, as GB2312; leaves other XML as it is."""
    declared = _ENCODING.match(data)
    if not declared or declared[2].lower() in _PARSED_ENCODINGS:
        return data
    name = declared[2].decode()
    try:
        text = data.decode(name)
    except (LookupError, UnicodeDecodeError) as error:
        raise FoiError(
            f"{path}: says that its encoding is {name}, but {describe_error(error)}; "
            "save it as UTF-8"
        ) from error
    return text[declared.end() :]


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
