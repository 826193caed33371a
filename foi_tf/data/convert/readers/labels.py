"""Turns label images, whose pixels are a publisher's ids or colors, into masks of our classes."""

import functools
from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

import numpy as np
from etils import epath

from foi_tf.data.convert import image_files
from foi_tf.data.records import schema
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset

Code = TypeVar("Code", bound=Hashable)
Color = tuple[int, int, int]  # R, G, B.

# Share of an image's pixels that may have unknown colors, as at painted or scaled edges; such
# pixels are ignored. With more of them, the image has other colors. Ours.
_STRAYS = 1e-3


def map_codes(names: Mapping[Code, str], row: Dataset, where: str = "") -> dict[Code, int]:
    """Maps each of a publisher's codes (ids, colors or names) to our class or the ignore label.

    Args:
      names: the publisher's name of each code.
      row: the dataset's row, whose names are the classes. Its `ignored` names map to the
        ignore label, also where they count as classes.
      where: source of the names, for error messages.

    Raises:
      FoiError: a name is neither a class nor ignored.
    """
    classes = row.names["segmentation"]
    ignore = schema.IGNORE[schema.mask_dtype(row)]
    known = {name: index for index, name in enumerate(classes)}
    known |= dict.fromkeys(row.ignored, ignore)
    for code, name in names.items():
        if name not in known:
            raise FoiError(
                f"{where or row.id}: label {code}, '{name}', is neither a class of {row.id} "
                "nor ignored; foi-prepare --check says where to get the release that is read"
            )
    return {code: known[name] for code, name in names.items()}


def load_id_mask(table: Mapping[int, int], path: epath.Path) -> dict[str, Any]:
    """Loads a mask from an image of ids of 8 or 16 bits.

    Args:
      table: the class of each id, as `map_codes` returns it.
      path: the image.

    Raises:
      FoiError: the file is broken, has colors, or holds an id that the table lacks.
    """
    return {"mask": ids_to_mask(table, image_files.read_labels(path), path)}


def ids_to_mask(table: Mapping[int, int], ids: np.ndarray, path: epath.Path) -> np.ndarray:
    """Turns ids [H, W] from 0 into a mask [H, W], like `load_id_mask`."""
    lookup = np.full(max(*table, int(ids.max(initial=0))) + 1, -1, np.int32)
    for code, label in table.items():
        lookup[code] = label
    return _check_known(lookup[ids], lambda at: f"label {ids[at]}", table, path)


def load_color_mask(table: Mapping[Color, int], path: epath.Path) -> dict[str, Any]:
    """Loads a mask from an image of colors.

    Args:
      table: the class of each color, as `map_codes` returns it, up to 255.
      path: the image.

    Raises:
      FoiError: the file is broken, or more than a share of 0.001 of its pixels have colors
        that the table lacks.
    """
    return {"mask": colors_to_mask(table, image_files.read_colors(path), path)}


def colors_to_mask(
    table: Mapping[Color, int], colors: np.ndarray, path: epath.Path, rest: int = -1
) -> np.ndarray:
    """Turns colors [H, W, 3] into a mask [H, W], like `load_color_mask`.

    Args:
      table: the class of each color.
      colors: the pixels.
      path: the image, for error messages.
      rest: class of the colors that the table lacks; -1 ignores a few such pixels and
        refuses more.
    """
    labels = _make_color_lookup(tuple(table.items()), rest)[_pack_colors(colors)]
    strays = labels < 0
    if 0 < np.count_nonzero(strays) <= _STRAYS * strays.size:
        labels = np.where(strays, np.int32(schema.IGNORE[_choose_dtype(table)]), labels)
    return _check_known(labels, lambda at: f"color {tuple(map(int, colors[at]))}", table, path)


@functools.lru_cache(maxsize=2)  # 32 MiB each.
def _make_color_lookup(items: tuple[tuple[Color, int], ...], rest: int) -> np.ndarray:
    lookup = np.full(1 << 24, rest, np.int16)
    for code, label in items:
        lookup[_pack_colors(np.asarray(code))] = label
    return lookup


def _pack_colors(colors: np.ndarray) -> np.ndarray:
    red, green, blue = np.moveaxis(colors.astype(np.int32), -1, 0)
    return (red << 16) | (green << 8) | blue


def _check_known(labels: np.ndarray, describe, table: Mapping, path: epath.Path) -> np.ndarray:
    if labels.min(initial=0) < 0:
        y, x = np.argwhere(labels < 0)[0]
        raise FoiError(
            f"{path}: {describe((y, x))} at row {y}, column {x} is not among the "
            f"{len(table)} that its publisher lists; replace the file"
        )
    return labels.astype(_choose_dtype(table))


def _choose_dtype(table: Mapping[Any, int]) -> np.dtype:
    return np.dtype(np.uint8 if max(table.values()) <= 255 else np.uint16)
