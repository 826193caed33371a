"""Records by Apache Beam, through tensorflow-datasets: for what is too much for one machine."""

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
from foi_tf.files import first_line


class _BeamBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Any dataset: its row decides on name and features."""

    def __init__(self, folder: RawDataset, data_dir: epath.PathLike, version: str):
        self.name, self._folder = folder.dataset.id, folder
        self.VERSION = tfds.core.Version(version)
        super().__init__(data_dir=data_dir)

    def _info(self) -> tfds.core.DatasetInfo:
        dataset = self._folder.dataset
        return self.dataset_info_from_configs(
            features=schema.record_features(dataset),
            description=f"{dataset.name} ({dataset.domain})",
        )

    def _split_generators(self, dl_manager):
        del dl_manager  # Nothing is ever downloaded.
        return {split: self._generate_examples(split) for split in schema.SPLITS}

    def _generate_examples(self, split: str):
        beam = _import_beam()
        dataset = self._folder.dataset

        def encode(group):
            for entry in group:
                example, size = entry.load(dataset)
                yield entry.id, schema.encode_example(example, dataset, size)

        groups = tile_cache.group_by_file(shards.sort_entries(split, self._folder.splits[split]))
        return beam.Create(groups) | beam.Reshuffle() | beam.FlatMap(encode)


def write_with_beam(
    folder: RawDataset, data_dir: epath.PathLike, version: str, runner: str, options: Sequence[str]
) -> None:
    """Writes all records of a dataset anew, the same ones in the same order as `shards` does.

    Where the files are cut differs: Beam cuts by the digests of ids.

    Args:
      runner: a name that Beam knows, as in "DirectRunner" or "DataflowRunner".
      options: of the pipeline, as in "region=europe-west4"; see Beam's documentation.

    Raises:
      FoiError: Beam is not installed, knows no such runner, or the pipeline failed.
    """
    beam = _import_beam()
    directory = epath.Path(data_dir) / folder.dataset.id / version
    directory.rmtree(missing_ok=True)  # TFDS would take what is there for finished.
    # TFDS prints on stdout, which is for machines, and wants a place for downloads.
    with tempfile.TemporaryDirectory() as downloads, contextlib.redirect_stdout(io.StringIO()):
        try:
            config = tfds.download.DownloadConfig(
                beam_runner=beam.runners.create_runner(runner),
                beam_options=beam.options.pipeline_options.PipelineOptions(
                    [f"--{option}" for option in options]
                ),
            )
            builder = _BeamBuilder(folder, data_dir, version)
            builder.download_and_prepare(download_dir=downloads, download_config=config)
        except Exception as error:
            raise _simplify_error(error, runner) from error


def _simplify_error(error: Exception, runner: str) -> Exception:
    """What stopped a pipeline, without what Beam adds to the text of an error.

    Runners pass errors of entries on, as such or within the text of one of their own.
    """
    text = str(error).partition(" [while running")[0]
    if isinstance(error, FoiError):
        return FoiError(text)
    if isinstance(error, OSError):
        return error
    if found := re.search(r"FoiError: ([^\n]+)", text):
        return FoiError(found[1])
    return FoiError(f"{runner}: {first_line(error)}")


def _import_beam():
    try:
        import apache_beam
    except ImportError as error:
        raise FoiError(
            "--beam_runner needs Apache Beam, which is not installed; pip install 'foi_tf[beam]'"
        ) from error
    return apache_beam
