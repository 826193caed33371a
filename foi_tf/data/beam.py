"""Records by Apache Beam, through tensorflow-datasets: for what is too much for one machine."""

import contextlib
import io
import re
import tempfile
from collections.abc import Sequence

import tensorflow_datasets as tfds
from etils import epath

from foi_tf.data import schema, shards
from foi_tf.data.folder import Folder
from foi_tf.errors import FoiError


class _Records(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Any dataset: its row of the registry decides on name and features."""

    def __init__(self, folder: Folder, data_dir: epath.PathLike, version: str):
        self.name, self._folder = folder.dataset.id, folder
        self.VERSION = tfds.core.Version(version)
        super().__init__(data_dir=data_dir)

    def _info(self) -> tfds.core.DatasetInfo:
        dataset = self._folder.dataset
        return self.dataset_info_from_configs(
            features=schema.features(dataset),
            description=f"{dataset.name} ({dataset.domain})",
        )

    def _split_generators(self, dl_manager):
        del dl_manager  # Nothing is ever downloaded.
        return {split: self._generate_examples(split) for split in shards.SPLITS}

    def _generate_examples(self, split: str):
        beam = _import()
        dataset = self._folder.dataset

        def encode(entry):
            example, size = entry.load(dataset)
            return entry.id, schema.encode(example, dataset, size)

        entries = shards.ordered(split, self._folder.splits[split])
        return beam.Create(entries) | beam.Reshuffle() | beam.Map(encode)


def write(
    folder: Folder, data_dir: epath.PathLike, version: str, runner: str, options: Sequence[str]
) -> None:
    """Writes all records of a dataset anew; the same ones in the same order as `shards.write`.

    Where the files are cut differs: Beam cuts by the digests of ids.

    Args:
      runner: a name that Beam knows, as in "DirectRunner" or "DataflowRunner".
      options: of the pipeline, as in "region=europe-west4"; see Beam's documentation.

    Raises:
      FoiError: Beam is not installed, knows no such runner, or the pipeline failed.
    """
    beam = _import()
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
            builder = _Records(folder, data_dir, version)
            builder.download_and_prepare(download_dir=downloads, download_config=config)
        except (FoiError, OSError):
            raise
        except Exception as error:  # A runner wraps what went wrong in types of its own.
            raise FoiError(f"{runner}: {_first_cause(error)}") from error


def _first_cause(error: BaseException) -> str:
    """What an entry's own error said, where that is what stopped the pipeline."""
    text = str(error)
    if found := re.search(r"FoiError: (.+?)(?: \[while running|\\n|\n|$)", text):
        return found[1]
    return next((line.strip() for line in text.splitlines() if line.strip()), repr(error))[:300]


def _import():
    try:
        import apache_beam
    except ImportError as error:
        raise FoiError(
            "--beam_runner needs Apache Beam, which is not installed; pip install 'foi_tf[beam]'"
        ) from error
    return apache_beam
