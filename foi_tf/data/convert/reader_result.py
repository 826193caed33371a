"""Defines what the reader of a format returns: the annotations of a raw folder, not yet loaded."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from foi_tf.study.dataset import Size

# Loads the annotations of one image as fields of `schema`.
Loader = Callable[[], dict[str, Any]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReaderResult:
    """Holds what one format says about a raw folder.

    Attributes:
      classes, names, flip_pairs, sigmas, depth_range: as in `study.dataset.Dataset`.
      splits: by split and by the image's path (relative to `folder`), a function that
        loads the image's annotations.
      folder: path of the images, relative to the raw folder.
      sizes: (height, width) that the annotations say of an image, by its path, where they do.
    """

    classes: Mapping[str, int]
    splits: Mapping[str, Mapping[str, Loader]]
    names: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    flip_pairs: tuple[tuple[int, int], ...] = ()
    sigmas: tuple[float, ...] = ()
    depth_range: tuple[float, float] | None = None
    folder: str = "images"
    sizes: Mapping[str, Size] = dataclasses.field(default_factory=dict)
