"""Images with annotation files of a like name: leftImg8bit/*_a.png beside gtFine/*_b.png.

In a pattern of paths, `*` stands for a part of one name and each `?` for one character.
"""

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.errors import FoiError


def find_pairs(
    raw_dir: epath.Path,
    images: str,
    annotations: Mapping[str, Callable[[epath.Path], dict[str, Any]]],
    prefix: str = "",
) -> list[FileEntry]:
    """Finds the images of a pattern and the annotation files that belong to them.

    Args:
      images: a pattern of paths below `raw_dir`.
      annotations: by a pattern, whose `*` stand for the same parts as the wildcards of
        the image's, what loads such a file as fields of `schema`.
      prefix: of the ids, before the image's parts, which a slash divides.

    Returns:
      Entries in the order of their ids.

    Raises:
      FoiError: there is no such image, or one lacks an annotation file.
    """
    entries = []
    for parts, path in match_files(raw_dir, images).items():
        loaders = []
        for pattern, load in annotations.items():
            annotation = raw_dir / fill_pattern(pattern, parts)
            check_annotation_exists(annotation, path)
            loaders.append(functools.partial(load, annotation))
        entries.append(FileEntry(prefix + "/".join(parts), path, tuple(loaders)))
    return entries


def find_pairs_of_splits(
    raw_dir: epath.Path,
    folders: Mapping[str, str],
    images: str,
    annotations: Mapping[str, Callable[[epath.Path], dict[str, Any]]],
    prefix: str = "",
) -> dict[str, list[FileEntry]]:
    """As `find_pairs`, for each split.

    Args:
      folders: by split, what stands for the {} in patterns and prefix.
    """
    return {
        split: find_pairs(
            raw_dir,
            images.format(folder),
            {pattern.format(folder): load for pattern, load in annotations.items()},
            prefix.format(folder),
        )
        for split, folder in folders.items()
    }


def check_annotation_exists(annotation: epath.Path, image: epath.Path) -> None:
    """Checks that an image's annotation file exists.

    Raises:
      FoiError: it does not.
    """
    if not annotation.exists():
        raise FoiError(f"{image}: has no {annotation}; restore it or remove the image")


def match_files(raw_dir: epath.Path, pattern: str) -> dict[tuple[str, ...], epath.Path]:
    """The files of a pattern by what its wildcards stand for in their paths, sorted.

    Raises:
      FoiError: there are none.
    """
    form = re.escape(pattern).replace(r"\*", "([^/]*)")
    form = re.compile(re.sub(r"(\\\?)+", lambda run: f"([^/]{{{len(run[0]) // 2}}})", form))
    found = {}
    for path in raw_dir.glob(pattern):
        if parts := form.fullmatch(path.relative_to(raw_dir).as_posix()):
            found[parts.groups()] = path
    if not found:
        raise FoiError(f"{raw_dir}: has no {pattern}; foi-prepare --check says what belongs there")
    return dict(sorted(found.items()))


def fill_pattern(pattern: str, parts: tuple[str, ...]) -> str:
    """Puts parts, in their order, where a pattern has `*`."""
    return pattern.replace("*", "{}").format(*parts)
