"""Reads and writes the index of a prepared dataset: what its records hold, in their order.

The index has a checksum of itself, since the ids decide which images a link may train on. Indexes
of earlier versions have none, and are checked for their form alone.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping

import pydantic
from etils import epath

from foi_tf.data.records.scan import RecordScan
from foi_tf.files import write_text
from foi_tf.study.dataset import Dataset

_NAME = "foi_index.json"


@dataclasses.dataclass(frozen=True)
class RecordIndex:
    """Holds the content of an index.

    Attributes:
      ids: by split, the ids of the examples, in record order.
      annotated: by split, the task types that each example is annotated for, separated by spaces.
      sizes: by split, the number of bytes of each record file.
      fingerprint: a digest of all records.
      source: a digest of the raw files and annotations that the records were made of.
      conversion: see `label_space.count_conversions`; version 0.1.0 did not count.
      checksum: a digest of all this; "" in earlier versions.
    """

    __pydantic_config__ = pydantic.ConfigDict(extra="ignore")
    ids: Mapping[str, tuple[str, ...]]
    annotated: Mapping[str, tuple[str, ...]]
    sizes: Mapping[str, tuple[pydantic.NonNegativeInt, ...]]
    fingerprint: str
    source: str
    conversion: int = 0
    checksum: str = ""

    def compute_checksum(self) -> str:
        """Computes the digest of everything but the checksum itself."""
        content = dataclasses.asdict(self) | {"checksum": ""}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def write_index(directory: epath.Path, found: RecordScan, source: str, conversion: int) -> None:
    """Writes the index of records that were scanned."""
    index = RecordIndex(
        found.ids, found.annotated, found.sizes, found.fingerprint, source, conversion
    )
    index = dataclasses.replace(index, checksum=index.compute_checksum())
    write_text(directory / _NAME, json.dumps(dataclasses.asdict(index)))


def read_index(directory: epath.Path, counts: Mapping[str, tuple[int, ...]]) -> RecordIndex:
    """Reads the index of a prepared dataset.

    Args:
      counts: by split, the number of examples of each record file.

    Raises:
      OSError: the file cannot be read.
      ValueError: it is damaged, or of other records.
    """
    index = pydantic.TypeAdapter(RecordIndex).validate_json((directory / _NAME).read_bytes())
    if index.checksum and index.checksum != index.compute_checksum():
        raise ValueError(f"{_NAME} was changed after it was written")
    for split, of_files in counts.items():
        ids, annotated, sizes = (
            getattr(index, name).get(split, ()) for name in ("ids", "annotated", "sizes")
        )
        if not len(ids) == len(annotated) == sum(of_files) or len(sizes) != len(of_files):
            raise ValueError(
                f"{_NAME} has {len(ids)} ids and {len(annotated)} annotations of {split}, but the "
                f"records have {sum(of_files)} examples"
            )
        if len(set(ids)) < len(ids):
            raise ValueError(f"{_NAME} has an id of {split} twice")
    return index


def check_row(dataset: Dataset) -> None:
    """Checks that the numbers of a dataset's row can be those of a dataset.

    Raises:
      ValueError: they cannot.
    """
    classes = dataset.classes.values()
    if min(dataset.train, dataset.val, *map(min, dataset.split_sizes.values()), 0) < 0:
        raise ValueError("a negative number of images")
    if not classes or not all(0 < count < 2**16 for count in classes):
        raise ValueError("a number of classes that no dataset has")
    if any(
        len(names) != dataset.classes.get(kind, -1)
        for kind, names in dataset.names.items()
        if names
    ):
        raise ValueError("names of another number of classes")
    if not all(0 <= value <= 1 for value in dataset.mean or ()):
        raise ValueError("means of channels that are not in [0, 1]")
    if not all(0 < value <= 1 for value in dataset.std or ()):
        raise ValueError("standard deviations of channels that are not in (0, 1]")
    if dataset.crop and not all(0 < side < 2**15 for side in dataset.crop):
        raise ValueError("an input size that no network has")
