"""Examples to TFRecords, through tensorflow-datasets and one table-driven builder."""

import contextlib
import dataclasses
import io
import tempfile
from collections.abc import Callable, Iterator

import tensorflow as tf
import tensorflow_datasets as tfds
from etils import epath

from foi_tf.data import prepared, schema, survey
from foi_tf.errors import FoiError
from foi_tf.files import describe, first_line
from foi_tf.progress import track
from foi_tf.study.dataset import Dataset, Size

VERSION = "1.0.0"  # Of the record layout.

# Yields the examples of a split ("train" or "val") with their images' (height, width).
Examples = Callable[[str], Iterator[tuple[schema.Example, Size]]]


class _Records(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Writes any dataset: its row of the registry decides on name and features."""

    VERSION = tfds.core.Version(VERSION)

    def __init__(self, dataset: Dataset, examples: Examples, data_dir: epath.PathLike):
        self.name = dataset.id
        self._dataset = dataset
        self._examples = examples
        super().__init__(data_dir=data_dir)

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=schema.features(self._dataset),
            description=f"{self._dataset.name} ({self._dataset.domain})",
        )

    def _split_generators(self, dl_manager):
        del dl_manager  # Nothing is ever downloaded.
        return {split: self._generate_examples(split) for split in ("train", "val")}

    def _generate_examples(self, split: str):
        total = self._dataset.train if split == "train" else self._dataset.val
        for example, size in track(self._examples(split), f"{self.name} {split}", total):
            yield example["id"], schema.encode(example, self._dataset, size)


def build(dataset: Dataset, examples: Examples, data_dir: epath.PathLike) -> prepared.Prepared:
    """Writes a dataset's records below `data_dir`, unless they stand there already.

    Records are sharded by size and readable with `tfds.builder_from_directory`. Beside
    them goes what the study needs: the dataset's row, with channel statistics measured
    where it has none, and the ids in record order. A directory without the row is not
    prepared; what an interrupted run has left is written anew.

    Raises:
      FoiError: an example is wrong, the directory cannot be written, or it holds another
        dataset of that id; nothing that looks prepared is left behind.
    """
    directory = epath.Path(data_dir) / dataset.id / VERSION
    if prepared.is_prepared(directory):
        _check_same(prepared.load(data_dir, dataset.id).dataset, dataset, data_dir)
    else:
        _write(dataset, examples, data_dir)
        found = survey.survey(directory, dataset)
        if dataset.mean is None:
            dataset = dataclasses.replace(dataset, mean=found.mean, std=found.std)
        prepared.save(directory, dataset, found)
    return prepared.load(data_dir, dataset.id)


def _check_same(found: Dataset, dataset: Dataset, data_dir: epath.PathLike) -> None:
    for name in ("collection", "domain", "train", "val", "classes", "names"):
        if getattr(found, name) != getattr(dataset, name):
            raise FoiError(
                f"{data_dir}: already holds another dataset '{dataset.id}' (its {name} differ); "
                f"remove {data_dir}/{dataset.id} or choose another --name or --data_dir"
            )


def _write(dataset: Dataset, examples: Examples, data_dir: epath.PathLike) -> None:
    tfds.disable_progress_bar()
    # TFDS prints on stdout, which is for machines, and wants a place for downloads.
    with tempfile.TemporaryDirectory() as downloads, contextlib.redirect_stdout(io.StringIO()):
        try:
            epath.Path(data_dir).mkdir(parents=True, exist_ok=True)
            builder = _Records(dataset, examples, data_dir)
            builder.download_and_prepare(download_dir=downloads)
        except OSError as error:
            raise FoiError(f"{data_dir}: cannot be written ({describe(error)})") from error
        except (tf.errors.OpError, RuntimeError) as error:  # TFDS wraps one into the other.
            raise FoiError(f"{data_dir}: cannot be written ({first_line(error)})") from error
