"""Draws masks from JSON files of labeled polygons, in the format of Cityscapes."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw
from etils import epath

from foi_tf.data.convert.readers import json_file
from foi_tf.progress import warn

_CORNERS = 3  # Fewest corners of a polygon that is drawn, as in AutoNUE's json2labelImg.py.


@dataclasses.dataclass(frozen=True)
class _LabeledPolygon:
    label: str
    polygon: list[tuple[float, float]]  # x, y.
    deleted: bool = False


@dataclasses.dataclass(frozen=True)
class _PolygonFile:
    imgHeight: int  # noqa: N815 The publisher's key.
    imgWidth: int  # noqa: N815
    objects: list[_LabeledPolygon]


def load_mask(table: Mapping[str, int], rest: int, path: epath.Path) -> dict[str, Any]:
    """Draws a mask as AutoNUE's json2labelImg.py does.

    Later polygons cover earlier ones, and outlines count. An unknown label that ends in "group"
    means a group of the class before that ending. Deleted objects, polygons of fewer than three
    points and objects of other unknown labels are skipped, the last with a warning.

    Args:
      table: the class of each label, at most 255, or the ignore label.
      rest: the class of pixels outside all polygons.
      path: the JSON file.

    Raises:
      FoiError: the file is broken.
    """
    content = json_file.read_json(path, _PolygonFile, "polygons in JSON")
    picture = PIL.Image.new("L", (content.imgWidth, content.imgHeight), rest)
    draw = PIL.ImageDraw.Draw(picture)
    for index, one in enumerate(content.objects):
        if one.deleted or len(one.polygon) < _CORNERS:
            continue
        label = one.label if one.label in table else one.label.removesuffix("group")
        if label not in table:
            warn(f"{path}: object {index}: unknown label '{one.label}'; the object is left out")
            continue
        draw.polygon(one.polygon, fill=table[label])
    return {"mask": np.asarray(picture)}
