"""What a publisher's folder is: how it is read, what belongs there, where it comes from."""

import dataclasses
import types
from collections.abc import Callable, Mapping, Sequence

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.study.dataset import Dataset

# Folders of the splits where publishers call them as we do.
TRAIN_VAL = types.MappingProxyType({"train": "train", "val": "val"})

# Reads a raw folder into the entries of each split ("train", "val"), by the dataset's row.
Read = Callable[[epath.Path, Dataset], Mapping[str, Sequence[FileEntry]]]


@dataclasses.dataclass(frozen=True)
class ExpectedFiles:
    """Files that a raw folder must hold.

    Attributes:
      pattern: relative to the raw folder, with the wildcards of `readers.pairs`.
      count: how many files the publisher's whole dataset has there; None where the
        publisher names no number.
      split: "train" or "val" where they serve one split only.
      instead: files that serve as well where there are none of these.
    """

    pattern: str
    count: int | None
    split: str = ""
    instead: "ExpectedFiles | None" = None


def files_of_splits(
    folders: Mapping[str, str], counts: Sequence[int | None], patterns: Sequence[str]
) -> tuple[ExpectedFiles, ...]:
    """Files of patterns that each split has in equal numbers.

    Args:
      folders: by split, what stands for the {} in patterns.
      counts: of each split.
    """
    return tuple(
        ExpectedFiles(pattern.format(folder), count, split)
        for (split, folder), count in zip(folders.items(), counts, strict=True)
        for pattern in patterns
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layout:
    """How one dataset comes from its publisher.

    Attributes:
      read: finds the entries; reads lists, JSON and the headers of images at most.
      files: what must be there, with the publisher's counts.
      home: where it is to be requested.
      terms: on which terms, in one line.
    """

    read: Read
    files: tuple[ExpectedFiles, ...]
    home: str
    terms: str
