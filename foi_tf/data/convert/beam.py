"""Writes records with Apache Beam: for datasets that are too large for one machine."""

import contextlib
import io
import re
import tempfile
from collections.abc import Sequence

import tensorflow_datasets as tfds
from etils import epath

from foi_tf.data.convert import shards, tile_cache
from foi_tf.data.convert.entry import RawDataset
from foi_tf.data.records import schema
from foi_tf.errors import FoiError
from foi_tf.files import describe_error


class _BeamBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Builds any dataset; the dataset's row gives the name and the features."""

    def __init__(self, raw: RawDataset, data_dir: epath.PathLike, version: str):
        self.name, self._raw = raw.dataset.id, raw
        self.VERSION = tfds.core.Version(version)
        super().__init__(data_dir=data_dir)

    def _info(self) -> tfds.core.DatasetInfo:
        dataset = self._raw.dataset
        return self.dataset_info_from_configs(
            features=schema.record_features(dataset),
            description=f"{dataset.name} ({dataset.domain})",
        )

    def _split_generators(self, dl_manager):
        del dl_manager  # Nothing is ever downloaded.
        return {split: self._generate_examples(split) for split in schema.SPLITS}

    def _generate_examples(self, split: str):
        beam = _import_beam()
        dataset = self._raw.dataset

        def encode(group):
            for entry in group:
                example, size = entry.load(dataset)
                yield entry.id, schema.encode_example(example, dataset, size)

        groups = tile_cache.group_by_file(shards.sort_entries(split, self._raw.splits[split]))
        return beam.Create(groups) | beam.Reshuffle() | beam.FlatMap(encode)


def write_with_beam(
    raw: RawDataset, data_dir: epath.PathLike, version: str, runner: str, options: Sequence[str]
) -> None:
    """Writes all records of a dataset anew, the same ones in the same order as `shards` does.

    Only the borders between files differ: Beam splits the records by the digests of ids.

    Args:
      runner: name of a Beam runner, as "DirectRunner" or "DataflowRunner".
      options: options of the pipeline, as "region=europe-west4"; see Beam's documentation.

    Raises:
      FoiError: Beam is not installed or does not know the runner, or the pipeline failed.
    """
    beam = _import_beam()
    directory = epath.Path(data_dir) / raw.dataset.id / version
    directory.rmtree(missing_ok=True)  # TFDS would take existing files for finished ones.
    # TFDS prints to stdout, which is for machines, and needs a directory for downloads.
    with tempfile.TemporaryDirectory() as downloads, contextlib.redirect_stdout(io.StringIO()):
        try:
            config = tfds.download.DownloadConfig(
                beam_runner=beam.runners.create_runner(runner),
                beam_options=beam.options.pipeline_options.PipelineOptions(
                    [f"--{option}" for option in options]
                ),
            )
            builder = _BeamBuilder(raw, data_dir, version)
            builder.download_and_prepare(download_dir=downloads, download_config=config)
        except Exception as error:
            raise _simplify_error(error, runner) from error


def _simplify_error(error: Exception, runner: str) -> Exception:
    """Returns the error that stopped a pipeline, without the text that Beam adds.

    Runners raise the error of an entry itself, or an error whose text contains it.
    """
    text = str(error).partition(" [while running")[0]
    if isinstance(error, FoiError):
        return FoiError(text)
    if isinstance(error, OSError):
        return error
    if found := re.search(r"FoiError: ([^\n]+)", text):
        return FoiError(found[1])
    return FoiError(f"{runner}: {describe_error(error)}")


def _import_beam():
    try:
        import apache_beam
    except ImportError as error:
        raise FoiError(
            "--beam_runner needs Apache Beam, which is not installed; pip install 'foi_tf[beam]'"
        ) from error
    return apache_beam
