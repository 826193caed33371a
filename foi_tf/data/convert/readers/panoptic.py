"""Reads COCO's panoptic masks: PNG files of segment ids and a JSON file of their classes."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert import image_files
from foi_tf.data.convert.reader_result import Loader
from foi_tf.data.convert.readers import json_file, labels
from foi_tf.data.records import schema
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset

_NOTHING = 0  # Id of pixels outside all segments.


@dataclasses.dataclass(frozen=True, slots=True)
class _PanopticCategory:
    id: int
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class _PanopticImage:
    id: int
    file_name: str


@dataclasses.dataclass(frozen=True, slots=True)
class _PanopticSegment:
    id: int
    category_id: int


@dataclasses.dataclass(frozen=True, slots=True)
class _PanopticAnnotation:
    image_id: int
    file_name: str
    segments_info: list[_PanopticSegment]


@dataclasses.dataclass(frozen=True, slots=True)
class _PanopticFile:
    images: list[_PanopticImage]
    annotations: list[_PanopticAnnotation]
    categories: list[_PanopticCategory]


def read_file(
    path: epath.Path,
    folder: epath.Path,
    row: Dataset,
    classes: Mapping[str, str] | None = None,
) -> dict[str, Loader]:
    """Reads one JSON file.

    Args:
      path: the JSON file.
      folder: the folder of the PNG files.
      row: the dataset's row; its segmentation classes are the names of the categories, in
        any order.
      classes: class of each category, by name, where the names of categories are no classes.

    Returns:
      By the image's file name, a function that loads its mask of classes. Segments of one
      class are merged, and pixels outside all segments are ignored.

    Raises:
      FoiError: the file is missing or is no such JSON, or has a category that the row lacks.
    """
    content = json_file.read_json(path, _PanopticFile, "COCO panoptic JSON")
    names = {one.id: (classes or {}).get(one.name, one.name) for one in content.categories}
    table = labels.map_codes(names, row, str(path))
    dtype = schema.mask_dtype(row)
    table[_NOTHING] = schema.IGNORE[dtype]
    images = {image.id: image.file_name for image in content.images}
    loaders = {}
    for one in content.annotations:
        if one.image_id not in images:
            raise FoiError(
                f"{path}: has an annotation of image_id {one.image_id}, but does not list it in "
                "'images'"
            )
        loaders[images[one.image_id]] = functools.partial(
            _load_mask, folder / one.file_name, one.segments_info, table, path, dtype
        )
    return loaders


def _load_mask(
    png: epath.Path,
    segments: list[_PanopticSegment],
    table: Mapping[int, int],
    path: epath.Path,
    dtype: np.dtype,
) -> dict[str, Any]:
    category = {one.id: one.category_id for one in segments} | {_NOTHING: _NOTHING}
    red, green, blue = np.moveaxis(image_files.read_colors(png).astype(np.int32), -1, 0)
    ids, places = np.unique(red + 256 * green + 256**2 * blue, return_inverse=True)
    for one in ids.tolist():
        if one not in category:
            raise FoiError(f"{png}: segment {one} is not in {path}; take both from one release")
        if category[one] not in table:
            raise FoiError(
                f"{path}: {png.name}: category_id {category[one]} is not in 'categories'"
            )
    classes = np.asarray([table[category[one]] for one in ids.tolist()], dtype)
    return {"mask": classes[places].reshape(red.shape)}
