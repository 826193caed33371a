"""Draws masks from JSON files of labeled polygons, in the format of Cityscapes."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw
from etils import epath

from foi_tf.data.convert.readers import json_file
from foi_tf.errors import FoiError, unknown_name_error


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
    """Draws a mask like the publishers' tools: later polygons cover earlier ones; outlines count.

    An unknown label that ends in "group" means a group of the class before that ending.

    Args:
      table: the class of each label, at most 255, or the ignore label.
      rest: the class of pixels outside all polygons.
      path: the JSON file.

    Raises:
      FoiError: the file is broken, a label is unknown, or a polygon has less than two points.
    """
    content = json_file.read_json(path, _PolygonFile, "polygons in JSON")
    picture = PIL.Image.new("L", (content.imgWidth, content.imgHeight), rest)
    draw = PIL.ImageDraw.Draw(picture)
    for index, one in enumerate(content.objects):
        if one.deleted:
            continue
        label = one.label if one.label in table else one.label.removesuffix("group")
        if label not in table:
            raise unknown_name_error("label", one.label, table, where=f"{path}: object {index}")
        if len(one.polygon) < 2:
            raise FoiError(
                f"{path}: object {index}: its polygon must have two points or more, not "
                f"{len(one.polygon)}; remove the object"
            )
        draw.polygon(one.polygon, fill=table[label])
    return {"mask": np.asarray(picture)}
