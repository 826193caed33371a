"""A raw folder's examples: what was found in it, loaded one by one."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from etils import epath

from foi_tf.data.convert import raw_files
from foi_tf.data.convert.validate import check
from foi_tf.data.records import schema
from foi_tf.study.dataset import Dataset, Size


@dataclasses.dataclass(frozen=True)
class Entry:
    """One example to be.

    Attributes:
      id: its name within the split, stable; unique in the dataset.
      path: the image's file, for errors.
      annotations: what loads its annotations.
      load_image: returns the image, as `schema` has it, and its (height, width); None
        reads the whole file at `path`. An example that is a part of a file has its own.
      part_of: see `entry.Entry`.
    """

    id: str
    path: epath.Path
    annotations: tuple[raw_files.Loader, ...]
    load_image: Callable[[], tuple[Any, Size]] | None = None
    part_of: epath.Path | None = None

    def load(self, dataset: Dataset) -> tuple[schema.Example, Size]:
        """Loads and checks the example; returns it with its image's (height, width).

        Raises:
          FoiError: a file is broken or an annotation wrong.
        """
        image, size = self.load_image() if self.load_image else raw_files.read_image(self.path)
        example = {"id": self.id, "image": image}
        for load in self.annotations:
            example |= load()
        return check(example, dataset, size, str(self.path)), size


@dataclasses.dataclass(frozen=True)
class Folder:
    """What was found in a raw folder.

    Attributes:
      dataset: its row.
      splits: the entries of each split, in a fixed order.
    """

    dataset: Dataset
    splits: Mapping[str, Sequence[Entry]]

    def examples(self, split: str) -> Iterator[tuple[schema.Example, Size]]:
        """Yields each example of a split, checked, with its image's (height, width).

        Raises:
          FoiError: a file is broken or an annotation wrong.
        """
        for entry in self.splits[split]:
            yield entry.load(self.dataset)
