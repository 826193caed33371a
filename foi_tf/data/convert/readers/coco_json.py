"""Parses COCO JSON: images, annotations and categories, with boxes of outlines."""

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any

import pydantic
from etils import epath

from foi_tf.data.convert.readers import json_file, outlines
from foi_tf.errors import FoiError


def _parse_id(value: Any) -> Any:
    """Turns an id that is digits in a text into a number."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


_Id = Annotated[int | str, pydantic.BeforeValidator(_parse_id)]
_Flag = Annotated[bool, pydantic.BeforeValidator(lambda value: value or False)]
# An empty list means no box, as null does.
_Box = Annotated[
    tuple[float, float, float, float] | None,
    pydantic.BeforeValidator(lambda value: None if value == [] else value),
]
_Numbers = Annotated[tuple[float, ...], pydantic.BeforeValidator(lambda value: value or ())]


@dataclasses.dataclass(frozen=True, slots=True)
class CocoCategory:
    """Describes a class, or the keypoints of its objects."""

    id: _Id
    name: str
    keypoints: tuple[str, ...] = ()
    flip_pairs: tuple[tuple[int, int], ...] | None = None
    sigmas: tuple[float, ...] = ()
    supercategory: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class CocoImage:
    """Describes an image; height and width in pixels."""

    id: int | str
    file_name: str
    height: Any = None
    width: Any = None


@dataclasses.dataclass(frozen=True, slots=True)
class _CocoAnnotation:
    image_id: int | str
    category_id: _Id
    bbox: _Box = None
    area: float | None = None
    iscrowd: _Flag = False
    keypoints: _Numbers = ()


@dataclasses.dataclass(frozen=True, slots=True)
class _CocoOutline(_CocoAnnotation):
    segmentation: Any = None


@dataclasses.dataclass(frozen=True, slots=True)
class _CocoFile:
    images: list[CocoImage]
    annotations: list[_CocoAnnotation]
    categories: list[CocoCategory]


@dataclasses.dataclass(frozen=True, slots=True)
class _CocoOutlineFile:
    images: list[CocoImage]
    annotations: list[_CocoOutline]
    categories: list[CocoCategory]


def read_boxes(path: epath.Path) -> _CocoFile:
    """Reads a file for its boxes; where one is missing, it is that of the object's outline.

    Raises:
      FoiError: the file is no such JSON, or an object has neither box nor outline.
    """
    content = json_file.read_json(path, _CocoFile, "COCO JSON")
    if all(one.bbox is not None for one in content.annotations):
        return content
    # Outlines take much memory, so they are read only where they are needed.
    outlined = json_file.read_json(path, _CocoOutlineFile, "COCO JSON").annotations
    annotations = [
        dataclasses.replace(one, bbox=_find_box(other, f"{path}: annotations[{index}]"))
        if one.bbox is None
        else one
        for index, (one, other) in enumerate(zip(content.annotations, outlined, strict=True))
    ]
    return dataclasses.replace(content, annotations=annotations)


def read_outlines(path: epath.Path) -> _CocoOutlineFile:
    """Reads a file with the outlines of objects.

    Raises:
      FoiError: the file is no such JSON.
    """
    return json_file.read_json(path, _CocoOutlineFile, "COCO JSON")


def _find_box(one: _CocoOutline, where: str) -> tuple[float, float, float, float]:
    outline = outlines.parse_coco(one.segmentation, where)
    corners = None if outline is None else outlines.find_box(outline)
    if corners is None:
        raise FoiError(
            f"{where}: 'bbox' is missing, and it has no 'segmentation' to take it from; add "
            "one of them or remove the annotation"
        )
    ymin, xmin, ymax, xmax = corners
    return xmin, ymin, xmax - xmin, ymax - ymin


def drop_root_category(contents: Sequence[_CocoFile | _CocoOutlineFile]) -> list[CocoCategory]:
    """Returns the first file's categories, without one that only names the set.

    Roboflow writes such a category first. It has no object, the supercategory "none", and is
    the supercategory of all others.
    """
    categories = contents[0].categories
    if len(categories) < 2:
        return categories
    used = {one.category_id for content in contents for one in content.annotations}
    first, *others = sorted(categories, key=lambda one: (isinstance(one.id, str), one.id))
    if (
        first.supercategory == "none"
        and first.id not in used
        and all(one.supercategory == first.name for one in others)
    ):
        return others
    return categories
