"""Defines entries, which load one example each, and raw datasets, which consist of entries."""

import dataclasses
import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from etils import epath

from foi_tf.data.convert import image_files, validate
from foi_tf.data.convert.fingerprint import NOT_IN_RECORDS
from foi_tf.data.convert.reader_result import Loader
from foi_tf.data.records import schema
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset, Size


class Entry(Protocol):
    """Describes one example that is loaded later, perhaps in a worker process.

    Entries must therefore survive pickling.
    """

    @property
    def id(self) -> str:
        """Returns the example's id, which is unique in its split."""

    @property
    def part_of(self) -> epath.Path | None:
        """Returns the file that must be decoded whole for this and other entries, or None."""

    def load(self, dataset: Dataset) -> tuple[schema.Example, Size]:
        """Returns the validated example and its image's (height, width)."""


@dataclasses.dataclass(frozen=True)
class FileEntry:
    """Describes an example whose image is a file, or a part of one; an `Entry`.

    Attributes:
      id: name of the example, the same in each run and unique in the dataset.
      path: the image's file, also named in error messages.
      annotations: functions that load the annotations.
      load_image: returns the image, as `schema` stores it, and its (height, width). None
        reads the whole file at `path`. An example that is a part of a file needs its own.
      part_of: see `Entry`.
      declared_size: (height, width) that the annotations say of the image, if they do.
    """

    id: str
    path: epath.Path
    annotations: tuple[Loader, ...]
    load_image: Callable[[], tuple[Any, Size]] | None = None
    part_of: epath.Path | None = None
    declared_size: Size | None = dataclasses.field(default=None, metadata=NOT_IN_RECORDS)

    def load(self, dataset: Dataset) -> tuple[schema.Example, Size]:
        """Loads and validates the example; returns it with its image's (height, width).

        Raises:
          FoiError: a file is broken or an annotation is wrong.
        """
        image, size = self.load_image() if self.load_image else image_files.read_image(self.path)
        if self.declared_size is not None:
            validate.check_declared_size(self.declared_size, size, str(self.path))
        example = {"id": self.id, "image": image}
        for load in self.annotations:
            example |= load()
        try:
            return validate.validate_example(example, dataset, size, str(self.path)), size
        except FoiError as error:
            files = [path for path in _list_files(self.annotations) if path != str(self.path)]
            if not files:
                raise
            raise FoiError(f"{error} (annotated by {', '.join(files)})") from error


def _list_files(annotations: Sequence[Loader]) -> list[str]:
    """Lists the files that loaders are told to read, which are those of this one image."""
    every = [one.args for one in annotations if isinstance(one, functools.partial)]
    return [str(path) for args in every for path in args if isinstance(path, os.PathLike)]


@dataclasses.dataclass(frozen=True)
class RawDataset:
    """Holds a dataset that is not yet converted to records.

    Attributes:
      dataset: the dataset's row.
      splits: the entries of each split, in a fixed order.
      doubts: sentences on the raw folder that its user should read.
      looked_for: places where annotations of objects were looked for.
    """

    dataset: Dataset
    splits: Mapping[str, Sequence[Entry]]
    doubts: tuple[str, ...] = ()
    looked_for: tuple[str, ...] = ()

    def examples(self, split: str) -> Iterator[tuple[schema.Example, Size]]:
        """Yields each validated example of a split with its image's (height, width).

        Raises:
          FoiError: a file is broken or an annotation is wrong.
        """
        for entry in self.splits[split]:
            yield entry.load(self.dataset)
