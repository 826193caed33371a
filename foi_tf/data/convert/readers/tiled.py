"""Finds and loads tiles of huge images and of their color-coded labels."""

import dataclasses
import functools
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert import image_files, windows
from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.readers import labels, pairs
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Size


@dataclasses.dataclass(frozen=True)
class TileCoding:
    """Describes the meaning of the pixels of images and labels.

    Attributes:
      table: the class of each color of the labels, as `labels.map_codes` returns it.
      rest: the class of colors that the table lacks; -1 makes them an error.
      image: turns the pixels [H, W, 3] of a tile into RGB. None if they are RGB already;
        files of whole images then keep their bytes.
    """

    table: Mapping[labels.Color, int]
    rest: int = -1
    image: Callable[[np.ndarray], np.ndarray] | None = None


def find_tiles(
    raw_dir: epath.Path,
    images: str,
    masks: str,
    coding: TileCoding,
    prefix: str = "",
    skipped: Collection[str] = (),
) -> list[FileEntry]:
    """Finds the tiles of all images of a pattern; reads the headers of the files.

    A tile's id is its image's id (see `pairs.find_pairs`) with top, bottom, left and right.

    Args:
      raw_dir, images, prefix: as for `pairs.find_pairs`.
      masks: a pattern of label images, with the wildcards of `images`.
      coding: the meaning of the pixels.
      skipped: ids of images that are left out.

    Raises:
      FoiError: as for `pairs.find_pairs`, or a label image differs from its image in size.
    """
    entries = []
    for parts, path in pairs.match_files(raw_dir, images).items():
        name = prefix + "/".join(parts)
        if name in skipped:
            continue
        mask = raw_dir / pairs.fill_pattern(masks, parts)
        pairs.check_annotation_exists(mask, path)
        size, found = image_files.read_image_size(path), image_files.read_image_size(mask)
        if size != found:
            raise FoiError(
                f"{mask}: is {found[0]}x{found[1]}, but its image {path.name} is "
                f"{size[0]}x{size[1]}; replace one of them"
            )
        mapped = windows.is_mapped(path) and windows.is_mapped(mask)
        for window in windows.list_tiles(size):
            top, left, bottom, right = window
            whole = window == (0, 0, *size)
            keep = whole and coding.image is None
            entries.append(
                FileEntry(
                    name if whole else f"{name}_{top}_{bottom}_{left}_{right}",
                    path,
                    (functools.partial(_load_mask, mask, window, coding),),
                    None if keep else functools.partial(_load_image, path, window, coding),
                    None if whole or mapped else path,
                )
            )
    return entries


def _load_image(
    path: epath.Path, window: windows.Window, coding: TileCoding
) -> tuple[np.ndarray, Size]:
    pixels = windows.read_window(path, window)
    if coding.image:
        pixels = coding.image(pixels)
    return pixels, pixels.shape[:2]


def _load_mask(path: epath.Path, window: windows.Window, coding: TileCoding) -> dict[str, Any]:
    colors = windows.read_window(path, window)
    return {"mask": labels.colors_to_mask(coding.table, colors, path, coding.rest)}
