"""Images with annotation files of a like name: leftImg8bit/*_a.png beside gtFine/*_b.png."""

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

from etils import epath

from foi_tf.data.folder import Entry
from foi_tf.errors import FoiError


def read(
    raw_dir: epath.Path,
    images: str,
    annotations: Mapping[str, Callable[[epath.Path], dict[str, Any]]],
    prefix: str = "",
) -> list[Entry]:
    """Finds the images of a pattern and the annotation files that belong to them.

    Args:
      images: a pattern of paths below `raw_dir`; `*` stands for a part of one name.
      annotations: by a pattern with as many `*`, which stand for the same parts as in the
        image's path, what loads such a file as fields of `schema`.
      prefix: of the ids, before the image's parts, which a slash divides.

    Returns:
      Entries in the order of their ids.

    Raises:
      FoiError: there is no such image, or one lacks an annotation file.
    """
    entries = []
    for parts, path in matches(raw_dir, images).items():
        loaders = []
        for pattern, load in annotations.items():
            annotation = raw_dir / fill(pattern, parts)
            if not annotation.exists():
                raise FoiError(f"{path}: has no {annotation}; restore it or remove the image")
            loaders.append(functools.partial(load, annotation))
        entries.append(Entry(prefix + "/".join(parts), path, tuple(loaders)))
    return entries


def matches(raw_dir: epath.Path, pattern: str) -> dict[tuple[str, ...], epath.Path]:
    """The files of a pattern by what `*` stands for in their paths, sorted.

    Raises:
      FoiError: there are none.
    """
    form = re.compile(re.escape(pattern).replace(r"\*", "([^/]*)"))
    found = {}
    for path in raw_dir.glob(pattern):
        if parts := form.fullmatch(path.relative_to(raw_dir).as_posix()):
            found[parts.groups()] = path
    if not found:
        raise FoiError(
            f"{raw_dir}: holds no {pattern}; foi-prepare --check says what belongs there"
        )
    return dict(sorted(found.items()))


def fill(pattern: str, parts: tuple[str, ...]) -> str:
    """Puts parts, in their order, where a pattern has `*`."""
    return pattern.replace("*", "{}").format(*parts)
