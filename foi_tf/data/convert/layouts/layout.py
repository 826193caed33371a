"""Defines a publisher's layout: how it is read, which files it has, where it comes from."""

import dataclasses
import types
from collections.abc import Callable, Mapping, Sequence

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.study.dataset import Dataset

# Folders of the splits, for publishers who use our names.
TRAIN_VAL = types.MappingProxyType({"train": "train", "val": "val"})

# Takes a raw folder and the dataset's row; returns the entries of each split ("train", "val").
Read = Callable[[epath.Path, Dataset], Mapping[str, Sequence[FileEntry]]]


@dataclasses.dataclass(frozen=True)
class ExpectedFiles:
    """Describes files that a raw folder must hold.

    Attributes:
      pattern: paths relative to the raw folder, with the wildcards of `readers.pairs`.
      count: number of files in the publisher's whole dataset; None where the publisher
        names no number.
      split: "train" or "val" for files of one split; empty for files of both.
      instead: other files that serve as well where these are missing.
    """

    pattern: str
    count: int | None
    split: str = ""
    instead: "ExpectedFiles | None" = None


def expect_files(
    folders: Mapping[str, str], counts: Sequence[int | None], patterns: Sequence[str]
) -> tuple[ExpectedFiles, ...]:
    """Describes files that each split has in a folder of its own, as many of each pattern.

    Args:
      folders: by split, the text that replaces {} in the patterns.
      counts: number of files of each pattern, for each split in turn.
      patterns: patterns of paths with {} for the split's folder.
    """
    return tuple(
        ExpectedFiles(pattern.format(folder), count, split)
        for (split, folder), count in zip(folders.items(), counts, strict=True)
        for pattern in patterns
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layout:
    """Describes how a publisher distributes one dataset.

    Attributes:
      read: finds the entries; reads at most lists, JSON and the headers of images.
      files: the files that must be there, with the publisher's counts.
      home: place where the dataset can be requested.
      terms: terms of use, in one line.
    """

    read: Read
    files: tuple[ExpectedFiles, ...]
    home: str
    terms: str
