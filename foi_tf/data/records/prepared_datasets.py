"""Finds, opens and saves prepared datasets: records below a data directory, with their row."""

import dataclasses
import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence

import numpy as np
import pydantic
import tensorflow_datasets as tfds
from etils import epath

from foi_tf.data.records import integrity, label_space, prepared_index, scan
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.files import describe_error, write_text
from foi_tf.study.dataset import CONTRASTIVE, Dataset, Task

_ROW, _WARNINGS = "foi_dataset.json", "foi_warnings.json"
_INFO = "dataset_info.json"  # TFDS writes it.
_ID = re.compile("[A-Za-z0-9_]+")  # Ids of datasets, none of which is a pattern of file names.


@dataclasses.dataclass(frozen=True)
class PreparedDataset:
    """Holds a dataset's row and where its records are.

    Attributes:
      dataset: the row, with channel statistics and input size.
      directory: the directory of the records.
      files: by split, the record files in order, each with its number of examples.
      ids: by split, the ids of the examples, in record order.
      annotated: by split, the task types that each example is annotated for.
      fingerprint: a digest of all records.
      source: a digest of the raw files and annotations that the records were made of.
      warnings: sentences on what may be wrong with the data; none in data of version 0.1.
      conversion: what `label_space.count_conversions` returned when they were made.
    """

    dataset: Dataset
    directory: epath.Path
    files: Mapping[str, tuple[tuple[str, int], ...]]
    ids: Mapping[str, tuple[str, ...]]
    annotated: Mapping[str, tuple[frozenset[str], ...]]
    fingerprint: str
    source: str
    warnings: tuple[str, ...] = ()
    conversion: int = 0

    @property
    def digest(self) -> str:
        """Returns a digest of the records and of the dataset's row."""
        row = json.dumps(dataclasses.asdict(self.dataset), sort_keys=True)
        return hashlib.sha256(f"{self.fingerprint} {row}".encode()).hexdigest()[:16]

    def annotated_ids(self, split: str, task_type: str | None) -> list[str]:
        """Returns the ids of the examples of a split that are annotated for a task type.

        None and the contrastive task type need no annotation: all examples serve them.
        """
        if task_type in (None, CONTRASTIVE):
            return list(self.ids[split])
        pairs = zip(self.ids[split], self.annotated[split], strict=True)
        return [name for name, kinds in pairs if task_type in kinds]

    def positions(self, split: str, chosen: frozenset[str]) -> np.ndarray:
        """Marks the chosen ids: bool [examples], in record order."""
        return np.asarray([name in chosen for name in self.ids[split]], bool)


def is_prepared(directory: epath.Path) -> bool:
    """Tells whether a directory holds records and all files that belong to them."""
    return (directory / _ROW).exists()


def describe_records(
    directory: epath.Path, dataset: Dataset, found: scan.RecordScan, source: str
) -> PreparedDataset:
    """Describes records before their index and row are saved, as `load_prepared` does later."""
    annotated = {
        split: tuple(frozenset(kinds.split()) for kinds in of_split)
        for split, of_split in found.annotated.items()
    }
    files = _list_files(directory)
    return PreparedDataset(
        dataset, directory, files, found.ids, annotated, found.fingerprint, source
    )


def save_prepared(
    directory: epath.Path,
    dataset: Dataset,
    found: scan.RecordScan,
    source: str,
    warnings: Sequence[str] = (),
) -> None:
    """Writes the index and the row of a dataset beside its records.

    The row is written last: a directory without it does not count as prepared.

    Args:
      found: what `scan.scan_records` found in the records.
      source, warnings: see `PreparedDataset`.
    """
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
    conversion = label_space.count_conversions(dataset)
    prepared_index.write_index(directory, found, source, conversion)
    write_text(directory / _WARNINGS, json.dumps({"warnings": list(warnings)}, indent=1))
    write_text(directory / _ROW, json.dumps(dataclasses.asdict(dataset), indent=1))


def load_prepared(data_dir: epath.PathLike, dataset_id: str) -> PreparedDataset:
    """Opens one prepared dataset.

    Raises:
      FoiError: the dataset is not prepared in `data_dir`, its index or row is broken, or a
        record file is missing or has another size than was written.
    """
    directory = _find_directory(data_dir, dataset_id)
    dataset = _load_row(directory)
    try:
        files = _list_files(directory)
        counts = {split: tuple(count for _, count in found) for split, found in files.items()}
        index = prepared_index.read_index(directory, counts)
        warnings = _load_warnings(directory / _WARNINGS)
    except Exception as error:  # TFDS and its protocol buffers raise many kinds.
        raise _broken_error(directory, error) from error
    for split in files:
        integrity.check_file_sizes(files[split], index.sizes[split])
    return PreparedDataset(
        dataset,
        directory,
        files,
        index.ids,
        {
            split: tuple(frozenset(kinds.split()) for kinds in index.annotated[split])
            for split in files
        },
        index.fingerprint,
        index.source,
        warnings,
        index.conversion,
    )


def load_dataset_row(data_dir: epath.PathLike, dataset_id: str) -> Dataset:
    """Returns the row of one prepared dataset.

    Raises:
      FoiError: the dataset is not prepared in `data_dir`, or its row is broken.
    """
    return _load_row(_find_directory(data_dir, dataset_id))


def load_dataset_rows(data_dir: epath.PathLike) -> dict[str, Dataset]:
    """Returns the rows of all prepared datasets of a data directory, by id.

    Raises:
      FoiError: as `load_prepared`.
    """
    return {name: _load_row(directory) for name, directory in find_prepared(data_dir).items()}


def find_prepared(data_dir: epath.PathLike) -> dict[str, epath.Path]:
    """Finds the prepared datasets of a data directory.

    Returns:
      By id, the directory of the newest version.

    Raises:
      FoiError: there is no such directory.
    """
    return _glob_prepared(data_dir, "*")


def _find_directory(data_dir: epath.PathLike, dataset_id: str) -> epath.Path:
    """Returns the directory of a dataset; the folders of others are not searched."""
    found = _glob_prepared(data_dir, dataset_id) if _ID.fullmatch(dataset_id) else {}
    if dataset_id not in found:
        known = find_prepared(data_dir)
        raise unknown_name_error("dataset", dataset_id, known, where=str(data_dir))
    return found[dataset_id]


def _glob_prepared(data_dir: epath.PathLike, pattern: str) -> dict[str, epath.Path]:
    """Finds the prepared datasets whose ids match a pattern, as `find_prepared` returns them."""
    root = epath.Path(data_dir)
    if not root.is_dir():
        raise FoiError(f"{root}: no such directory; foi-prepare makes it")
    found = [row.parent for row in root.glob(f"{pattern}/*/{_ROW}")]
    return {place.parent.name: place for place in sorted(found, key=_version_key)}


def load_task_dataset(data_dir: epath.PathLike, task: Task) -> PreparedDataset:
    """Opens the dataset of a task, to train or evaluate on its annotations.

    Raises:
      FoiError: as `load_annotated`, or the dataset has no such annotations.
    """
    load = load_prepared if task.type == CONTRASTIVE else load_annotated
    prepared = load(data_dir, task.dataset)
    task.check({task.dataset: prepared.dataset})
    return prepared


def load_annotated(data_dir: epath.PathLike, dataset_id: str) -> PreparedDataset:
    """Opens one prepared dataset, to train or evaluate on its annotations.

    Raises:
      FoiError: as `load_prepared`, or labels are not those that the dataset has today.
    """
    prepared = load_prepared(data_dir, dataset_id)
    label_space.check_labels(prepared.dataset, prepared.conversion, prepared.directory)
    return prepared


def _list_files(directory: epath.Path) -> dict[str, tuple[tuple[str, int], ...]]:
    """Lists the record files of each split, with their numbers of examples."""
    return dict(_parse_files(directory, (directory / _INFO).read_bytes()))


# TFDS keeps the facts of every builder for good, so a directory gets one.
@functools.lru_cache(maxsize=256)
def _parse_files(directory: epath.Path, _: bytes) -> dict[str, tuple[tuple[str, int], ...]]:
    """Parses the facts of TFDS, whose bytes tell whether they changed."""
    info = tfds.builder_from_directory(str(directory)).info
    return {
        split: tuple(
            zip(map(str, info.splits[split].filepaths), info.splits[split].shard_lengths,
                strict=True)
        )
        for split in ("train", "val")
    }  # fmt: skip


def _load_warnings(path: epath.Path) -> tuple[str, ...]:
    if not path.exists():  # Data of version 0.1.
        return ()
    return tuple(map(str, json.loads(path.read_text())["warnings"]))


def _version_key(directory: epath.Path) -> tuple[str, list[tuple[int, str]]]:
    """Returns the key that sorts by id, then by the numbers of the version: 10.0.0 after 9.0.0."""
    parts = directory.name.split(".")
    numbers = [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
    return directory.parent.name, numbers


def _load_row(directory: epath.Path) -> Dataset:
    try:
        dataset = pydantic.TypeAdapter(Dataset).validate_json((directory / _ROW).read_bytes())
        prepared_index.check_row(dataset)
    except (OSError, ValueError, FoiError) as error:
        raise _broken_error(directory, error) from error
    name = directory.parent.name
    if dataset.id != name:
        raise FoiError(
            f"{directory}: is the dataset '{dataset.id}' in the folder of '{name}', but a folder "
            f"must be named by its dataset's id; remove it, or prepare it with --name={name}"
        )
    return dataset


def _broken_error(directory: epath.Path, error: Exception) -> FoiError:
    reason = describe_error(error)
    return FoiError(f"{directory}: broken ({reason}); remove it and prepare anew")
