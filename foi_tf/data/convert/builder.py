"""Builds a dataset's records, once: TFRecord files that tensorflow-datasets reads."""

import contextlib
import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf
import tensorflow_datasets as tfds
from etils import epath

from foi_tf import lease
from foi_tf.data.convert import beam, shards
from foi_tf.data.convert.audit import collect
from foi_tf.data.convert.audit.judge import judge_dataset
from foi_tf.data.convert.audit.tally import Tally
from foi_tf.data.convert.entry import RawDataset
from foi_tf.data.convert.fingerprint import Tables, compute_fingerprint
from foi_tf.data.convert.workers import Workers
from foi_tf.data.records import prepared_datasets, scan, schema
from foi_tf.errors import FoiError
from foi_tf.files import describe_error
from foi_tf.progress import warn
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
    without channel statistics gets measured ones. What may be wrong with own data is printed
    and kept beside the records. A directory without the row is not
    prepared. An interrupted run leaves finished shards there; those whose raw files are
    unchanged are kept. If another process prepares the same dataset, this one waits for it.

    Args:
      workers: processes that write; None for this process alone.
      beam_runner: name of an Apache Beam runner that writes instead, as "DirectRunner";
        it starts anew after an interruption.
      beam_options: see `beam.write_with_beam`.

    Raises:
      FoiError: an example or the whole is wrong, the directory cannot be written, or it holds
        another dataset of that id, or one of other raw files. It then does not count as
        prepared.
    """
    place, source = epath.Path(data_dir) / raw.dataset.id, _compute_source(raw)
    if _is_prepared(raw, data_dir, source):
        return _load_and_warn(data_dir, raw.dataset.id)

    def write() -> None:
        if beam_runner:
            beam.write_with_beam(raw, data_dir, VERSION, beam_runner, beam_options)
        else:
            _write(raw, place / VERSION, workers or Workers(1))

    def waiting() -> None:
        warn(f"waiting for another process that prepares {place}")

    try:
        with lease.hold_lease(place, wait=True, waiting=waiting, doing="prepares it"):
            if not _is_prepared(raw, data_dir, source):
                _build(raw, place / VERSION, source, write, by_beam=bool(beam_runner))
    finally:
        with contextlib.suppress(OSError, ValueError):  # Another process may ask for the lease.
            (place / "leases").rmdir()
    return _load_and_warn(data_dir, raw.dataset.id)


def _is_prepared(raw: RawDataset, data_dir: epath.PathLike, source: str) -> bool:
    """Tells whether the dataset is prepared, after a check that it is of the same raw files."""
    if not prepared_datasets.is_prepared(epath.Path(data_dir) / raw.dataset.id / VERSION):
        return False
    prepared = prepared_datasets.load_prepared(data_dir, raw.dataset.id)
    _check_same(prepared, raw.dataset, source, data_dir)
    return True


def _build(
    raw: RawDataset,
    directory: epath.Path,
    source: str,
    write: Callable[[], None],
    *,
    by_beam: bool,
) -> None:
    """Writes records by `write`, and the dataset's row and ids beside them."""
    dataset, data_dir = raw.dataset, directory.parent.parent
    tfds.disable_progress_bar()
    try:
        write()
    except OSError as error:
        raise FoiError(f"{data_dir}: cannot be written ({describe_error(error)})") from error
    except tf.errors.OpError as error:
        raise FoiError(f"{data_dir}: cannot be written ({describe_error(error)})") from error
    found = scan.scan_records(directory, dataset)
    if dataset.mean is None:
        dataset = dataclasses.replace(dataset, mean=found.mean, std=found.std)
    warnings = list(raw.doubts)
    if collect.is_audited(dataset):
        if by_beam:
            unsaved = prepared_datasets.describe_records(directory, dataset, found, source)
            tallies = collect.observe_records(unsaved)
        else:
            tallies = shards.read_tallies(raw.dataset, raw.splits, directory)
        warnings += _judge(raw, tallies)
    prepared_datasets.save_prepared(directory, dataset, found, source, warnings)
    shards.remove_work_files(directory)


def _judge(raw: RawDataset, tallies: Mapping[str, Tally]) -> list[str]:
    """Returns what may be wrong with a dataset.

    Raises:
      FoiError: something is wrong without doubt.
    """
    found = judge_dataset(raw.dataset, tallies, raw.looked_for)
    errors = [finding.text for finding in found if finding.certain]
    if errors:
        more = f" (and {len(errors) - 1} more, see foi-prepare --check)" if errors[1:] else ""
        raise FoiError(f"{raw.dataset.id}: {errors[0]}{more}")
    return [finding.text for finding in found]


def _load_and_warn(data_dir: epath.PathLike, name: str) -> prepared_datasets.PreparedDataset:
    """Opens a dataset and prints what may be wrong with it."""
    prepared = prepared_datasets.load_prepared(data_dir, name)
    for text in prepared.warnings:
        warn(f"{name}: {text}")
    return prepared


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
    digest, tables = hashlib.sha256(), Tables()
    for split in schema.SPLITS:
        for entry in raw.splits[split]:
            digest.update(compute_fingerprint(entry, tables))
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
