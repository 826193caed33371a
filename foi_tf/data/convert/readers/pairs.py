"""Finds images and the annotation files of matching names: leftImg8bit/*_a.png, gtFine/*_b.png.

In a pattern of paths, `*` matches a part of one name, and each `?` matches one character.
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
      raw_dir: the raw folder.
      images: a pattern of paths relative to `raw_dir`.
      annotations: by pattern, a function that loads such a file as fields of `schema`. Each
        `*` of the pattern is replaced by the text that the image's wildcard matches.
      prefix: start of the ids; the texts that the wildcards match follow, joined by slashes.

    Returns:
      Entries in the order of their ids.

    Raises:
      FoiError: there is no such image, or an image lacks an annotation file.
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
    """Does the same as `find_pairs` for each split.

    Args:
      raw_dir, images, annotations, prefix: as for `find_pairs`, with {} for the folder.
      folders: by split, the folder that replaces {}.
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
      FoiError: the file is missing.
    """
    if not annotation.exists():
        raise FoiError(f"{image}: has no {annotation}; restore it or remove the image")


def match_files(raw_dir: epath.Path, pattern: str) -> dict[tuple[str, ...], epath.Path]:
    """Returns the files of a pattern by the texts that the wildcards match, sorted.

    Raises:
      FoiError: no file matches.
    """
    form = re.escape(pattern).replace(r"\*", "([^/]*)")
    form = re.compile(re.sub(r"(\\\?)+", lambda run: f"([^/]{{{len(run[0]) // 2}}})", form))
    found = {}
    for path in raw_dir.glob(pattern):
        if parts := form.fullmatch(path.relative_to(raw_dir).as_posix()):
            found[parts.groups()] = path
    if not found:
        raise FoiError(f"{raw_dir}: has no {pattern}; foi-prepare --check lists what belongs there")
    return dict(sorted(found.items()))


def fill_pattern(pattern: str, parts: tuple[str, ...]) -> str:
    """Replaces each `*` of a pattern by one of the parts, in their order."""
    return pattern.replace("*", "{}").format(*parts)
