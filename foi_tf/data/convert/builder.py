"""Builds a dataset's records, once: TFRecord files that tensorflow-datasets reads."""

import dataclasses
import hashlib
from collections.abc import Sequence

import tensorflow as tf
import tensorflow_datasets as tfds
from etils import epath

from foi_tf.data.convert import beam, shards
from foi_tf.data.convert.entry import RawDataset
from foi_tf.data.convert.fingerprint import compute_fingerprint
from foi_tf.data.convert.workers import Workers
from foi_tf.data.records import prepared_datasets, scan, schema
from foi_tf.errors import FoiError
from foi_tf.files import describe_error
from foi_tf.study.dataset import Dataset

VERSION = "1.0.0"  # Version of the record layout.


def build_records(
    raw: RawDataset,
    data_dir: epath.PathLike,
    *,
    workers: Workers | None = None,
    beam_runner: str | None = None,
    beam_options: Sequence[str] = (),
) -> prepared_datasets.PreparedDataset:
    """Writes a dataset's records below `data_dir`, unless they exist already.

    Records and their order depend on the raw data alone, not on the number of processes.
    The dataset's row and the ids in record order are written beside the records. A row
    without channel statistics gets measured ones. A directory without the row is not
    prepared. An interrupted run leaves finished shards there; those whose raw files are
    unchanged are kept.

    Args:
      workers: processes that write; None for this process alone.
      beam_runner: name of an Apache Beam runner that writes instead, as "DirectRunner";
        it starts anew after an interruption.
      beam_options: see `beam.write_with_beam`.

    Raises:
      FoiError: an example is wrong, the directory cannot be written, or it holds another
        dataset of that id, or one of other raw files. The directory then does not count as
        prepared.
    """
    dataset = raw.dataset
    directory = epath.Path(data_dir) / dataset.id / VERSION
    source = _compute_source(raw)
    if prepared_datasets.is_prepared(directory):
        prepared = prepared_datasets.load_prepared(data_dir, dataset.id)
        _check_same(prepared, dataset, source, data_dir)
        return prepared
    tfds.disable_progress_bar()
    try:
        epath.Path(data_dir).mkdir(parents=True, exist_ok=True)
        if beam_runner:
            beam.write_with_beam(raw, data_dir, VERSION, beam_runner, beam_options)
        else:
            _write(raw, directory, workers or Workers(1))
    except OSError as error:
        raise FoiError(f"{data_dir}: cannot be written ({describe_error(error)})") from error
    except tf.errors.OpError as error:
        raise FoiError(f"{data_dir}: cannot be written ({describe_error(error)})") from error
    found = scan.scan_records(directory, dataset)
    if dataset.mean is None:
        dataset = dataclasses.replace(dataset, mean=found.mean, std=found.std)
    prepared_datasets.save_prepared(directory, dataset, found, source)
    shards.remove_work_files(directory)
    return prepared_datasets.load_prepared(data_dir, dataset.id)


def _write(raw: RawDataset, directory: epath.Path, workers: Workers) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    dataset = raw.dataset
    tfds.folder_dataset.write_metadata(
        data_dir=directory,
        features=schema.record_features(dataset),
        split_infos=shards.write_shards(dataset, raw.splits, directory, workers),
        version=VERSION,
        filename_template=shards.make_file_template(dataset.id, directory),
        check_data=False,
        description=f"{dataset.name} ({dataset.domain})",
    )


def _compute_source(raw: RawDataset) -> str:
    """Computes the fingerprint of all entries, which changes with anything in the records."""
    digest = hashlib.sha256()
    for split in schema.SPLITS:
        for entry in raw.splits[split]:
            digest.update(compute_fingerprint(entry))
    return digest.hexdigest()


def _check_same(
    found: prepared_datasets.PreparedDataset,
    dataset: Dataset,
    source: str,
    data_dir: epath.PathLike,
) -> None:
    remedy = f"remove {data_dir}/{dataset.id} or choose another --name or --data_dir"
    for name in ("collection", "domain", "train", "val", "classes", "names", "ignored"):
        if getattr(found.dataset, name) != getattr(dataset, name):
            raise FoiError(
                f"{data_dir}: already holds another dataset '{dataset.id}' "
                f"(the two differ in '{name}'); {remedy}"
            )
    if found.source != source:
        raise FoiError(
            f"{data_dir}: holds '{dataset.id}' from other raw files, or from the same files before "
            f"they changed; {remedy}"
        )
