"""Datasets that stand as records below a data directory, and what they are."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping

import numpy as np
import pydantic
import tensorflow_datasets as tfds
from etils import epath

from foi_tf.data.records import integrity, scan
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.files import write_text
from foi_tf.study.dataset import CONTRASTIVE, Dataset, Task

_ROW, _INDEX = "foi_dataset.json", "foi_index.json"


@dataclasses.dataclass(frozen=True)
class PreparedDataset:
    """A dataset with its records.

    Attributes:
      dataset: its row, statistics and input size included.
      directory: where its records stand.
      files: by split, record files in order, each with its number of examples.
      ids: by split, the examples' ids in record order.
      annotated: by split, what each example is annotated for.
      fingerprint: a digest of all records.
      source: a digest of the raw files and annotations that they were made of.
    """

    dataset: Dataset
    directory: epath.Path
    files: Mapping[str, tuple[tuple[str, int], ...]]
    ids: Mapping[str, tuple[str, ...]]
    annotated: Mapping[str, tuple[frozenset[str], ...]]
    fingerprint: str
    source: str

    @property
    def digest(self) -> str:
        """Of the records and of all that the row says of them."""
        row = json.dumps(dataclasses.asdict(self.dataset), sort_keys=True)
        return hashlib.sha256(f"{self.fingerprint} {row}".encode()).hexdigest()[:16]

    def annotated_ids(self, split: str, task_type: str | None) -> list[str]:
        """The ids of the examples of a split that serve a task type; None: of all.

        Those are the annotated ones or, where nothing has to be annotated, all.
        """
        if task_type in (None, CONTRASTIVE):
            return list(self.ids[split])
        pairs = zip(self.ids[split], self.annotated[split], strict=True)
        return [name for name, kinds in pairs if task_type in kinds]

    def positions(self, split: str, chosen: frozenset[str]) -> np.ndarray:
        """Marks the chosen ids: bool [examples], in record order."""
        return np.asarray([name in chosen for name in self.ids[split]], bool)


def is_prepared(directory: epath.Path) -> bool:
    """Whether records and everything beside them stand here."""
    return (directory / _ROW).exists()


def save_prepared(
    directory: epath.Path, dataset: Dataset, found: scan.RecordScan, source: str
) -> None:
    """Writes what goes beside the records; the dataset's row comes last and makes it valid."""
    sizes = {
        kind: tuple(
            sum(kind in kinds.split() for kinds in found.annotated[split])
            for split in ("train", "val")
        )
        for kind in dataset.classes
    }
    dataset = dataclasses.replace(
        dataset,
        train=len(found.ids["train"]),
        val=len(found.ids["val"]),
        split_sizes=sizes,
    )
    index = {
        "ids": found.ids,
        "annotated": found.annotated,
        "sizes": found.sizes,
        "fingerprint": found.fingerprint,
        "source": source,
    }
    write_text(directory / _INDEX, json.dumps(index))
    write_text(directory / _ROW, json.dumps(dataclasses.asdict(dataset), indent=1))


def load_prepared(data_dir: epath.PathLike, dataset_id: str) -> PreparedDataset:
    """Opens one dataset.

    Raises:
      FoiError: it is not prepared there, or what stands there is broken; a record file
        is missing or has another size than was written.
    """
    found = find_prepared(data_dir)
    if dataset_id not in found:
        raise unknown_name_error("dataset", dataset_id, found, where=str(data_dir))
    directory = found[dataset_id]
    dataset = _row(directory)
    try:
        index = json.loads((directory / _INDEX).read_text())
        info = tfds.builder_from_directory(str(directory)).info
        files = {
            split: tuple(
                zip(map(str, info.splits[split].filepaths), info.splits[split].shard_lengths,
                    strict=True)
            )
            for split in ("train", "val")
        }  # fmt: skip
        annotated = {
            split: tuple(frozenset(kinds.split()) for kinds in index["annotated"][split])
            for split in files
        }
        sizes = {split: index["sizes"][split] for split in files}
        digests = index["fingerprint"], index["source"]
    except (OSError, ValueError, KeyError) as error:
        raise _broken(directory, error) from error
    ids = {split: tuple(index["ids"][split]) for split in files}
    for split, of_split in files.items():
        integrity.check_file_sizes(of_split, sizes[split])
    return PreparedDataset(dataset, directory, files, ids, annotated, *digests)


def load_dataset_rows(data_dir: epath.PathLike) -> dict[str, Dataset]:
    """The rows of all prepared datasets of a data directory, by id.

    Raises:
      FoiError: as `load_prepared`.
    """
    return {name: _row(directory) for name, directory in find_prepared(data_dir).items()}


def find_prepared(data_dir: epath.PathLike) -> dict[str, epath.Path]:
    """Finds the prepared datasets of a data directory, the newest version of each, by id.

    Raises:
      FoiError: there is no such directory.
    """
    root = epath.Path(data_dir)
    if not root.is_dir():
        raise FoiError(f"{root}: no such directory; foi-prepare makes it")
    found = [row.parent for row in root.glob(f"*/*/{_ROW}")]
    return {place.parent.name: place for place in sorted(found, key=_version)}


def load_task_dataset(data_dir: epath.PathLike, task: Task) -> PreparedDataset:
    """Opens the dataset of a task.

    Raises:
      FoiError: as `load_prepared`; or the dataset has no such annotations.
    """
    prepared = load_prepared(data_dir, task.dataset)
    task.check({task.dataset: prepared.dataset})
    return prepared


def _version(directory: epath.Path) -> tuple[str, list[tuple[int, str]]]:
    """Sorts by id, then by the numbers of the version, 10.0.0 after 9.0.0."""
    parts = directory.name.split(".")
    numbers = [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
    return directory.parent.name, numbers


def _row(directory: epath.Path) -> Dataset:
    try:
        dataset = pydantic.TypeAdapter(Dataset).validate_json((directory / _ROW).read_text())
    except (OSError, ValueError) as error:
        raise _broken(directory, error) from error
    name = directory.parent.name
    if dataset.id != name:
        raise FoiError(
            f"{directory}: is the dataset '{dataset.id}' in the folder of '{name}', and an id "
            f"stands for one dataset; remove it, or prepare it with --name={name}"
        )
    return dataset


def _broken(directory: epath.Path, error: Exception) -> FoiError:
    reason = " ".join(str(error).split())
    return FoiError(f"{directory}: broken ({reason}); remove it and prepare anew")
