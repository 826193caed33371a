"""Label images: pixels are ids or colors that a publisher's table gives names to."""

import functools
from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

import numpy as np
from etils import epath

from foi_tf.data.convert import raw_files
from foi_tf.data.records import schema
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset

Code = TypeVar("Code", bound=Hashable)
Color = tuple[int, int, int]  # R, G, B.

# Share of an image that may have colors of no class, as at edges that somebody has
# painted or scaled; such pixels are ignored. Ours: with more it is another coding.
_STRAYS = 1e-3


def map_codes(names: Mapping[Code, str], row: Dataset, where: str = "") -> dict[Code, int]:
    """What becomes of each of a publisher's codes: a class of ours, or the ignore label.

    Args:
      names: what the publisher calls them.
      row: `ignored` names go to the ignore label, also where they count as classes.
      where: what gives the names, for errors.

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
                "nor ignored; this is another release than ours"
            )
    return {code: known[name] for code, name in names.items()}


def load_id_mask(table: Mapping[int, int], path: epath.Path) -> dict[str, Any]:
    """Loads a mask from an image of ids of 8 or 16 bits.

    Args:
      table: what `map_codes` says of each id.

    Raises:
      FoiError: the file is broken, has colors, or holds an id that the table lacks.
    """
    return {"mask": ids_to_mask(table, raw_files.read_labels(path), path)}


def ids_to_mask(table: Mapping[int, int], ids: np.ndarray, path: epath.Path) -> np.ndarray:
    """Turns ids [H, W] from 0 into a mask [H, W], as `load_id_mask`."""
    lookup = np.full(max(*table, int(ids.max(initial=0))) + 1, -1, np.int32)
    for code, label in table.items():
        lookup[code] = label
    return _check_known(lookup[ids], lambda at: f"label {ids[at]}", table, path)


def load_color_mask(table: Mapping[Color, int], path: epath.Path) -> dict[str, Any]:
    """Loads a mask from an image of colors.

    Args:
      table: what `map_codes` says of each color; labels up to 255.

    Raises:
      FoiError: the file is broken, or more than a few of its pixels have colors that the
        table lacks.
    """
    return {"mask": colors_to_mask(table, raw_files.read_colors(path), path)}


def colors_to_mask(
    table: Mapping[Color, int], colors: np.ndarray, path: epath.Path, rest: int = -1
) -> np.ndarray:
    """Turns colors [H, W, 3] into a mask [H, W], as `load_color_mask`.

    Args:
      rest: what becomes of colors that the table lacks; -1: they are strays, or an error.
    """
    labels = _make_color_lookup(tuple(table.items()), rest)[_pack_colors(colors)]
    strays = labels < 0
    if 0 < np.count_nonzero(strays) <= _STRAYS * strays.size:
        labels = np.where(strays, schema.IGNORE[_mask_dtype(table)], labels)
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
            f"{path}: {describe((y, x))} at row {y}, column {x} is none of the "
            f"{len(table)} that its publisher lists; replace the file"
        )
    return labels.astype(_mask_dtype(table))


def _mask_dtype(table: Mapping[Any, int]) -> np.dtype:
    return np.dtype(np.uint8 if max(table.values()) <= 255 else np.uint16)
