"""What an example to be has to offer."""

from typing import Protocol

from etils import epath

from foi_tf.data.records import schema
from foi_tf.study.dataset import Dataset, Size


class Entry(Protocol):
    """One example to be; a worker process must be able to unpickle it."""

    @property
    def id(self) -> str:
        """Unique in its split."""

    @property
    def part_of(self) -> epath.Path | None:
        """The file that has to be decoded whole for it and for others; None if there is none."""

    def load(self, dataset: Dataset) -> tuple[schema.Example, Size]:
        """The checked example and its image's (height, width)."""
