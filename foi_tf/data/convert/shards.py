"""Distributes entries over shards (record files) and writes each shard whole or not at all."""

import dataclasses
import functools
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf
import tensorflow_datasets as tfds
from etils import epath
from tensorflow_datasets.core import example_serializer, hashing

from foi_tf import __version__
from foi_tf.data.convert import tile_cache
from foi_tf.data.convert.audit import collect
from foi_tf.data.convert.audit.tally import Tally
from foi_tf.data.convert.entry import Entry
from foi_tf.data.convert.fingerprint import compute_fingerprint
from foi_tf.data.convert.workers import Tick, Workers
from foi_tf.data.records import schema
from foi_tf.errors import FoiError
from foi_tf.files import atomic_write, describe_error, write_text
from foi_tf.study.dataset import Dataset

_NOTES = "foi_shards"  # Directory of the notes on finished shards, while others are not finished.
_TILES = "foi_tiles"  # Directory of tiles' records that wait for their shards.

Splits = Mapping[str, Sequence[Entry]]


@dataclasses.dataclass(frozen=True)
class Shard:
    """Describes one record file and the entries that go into it, in order."""

    path: epath.Path
    dataset: Dataset
    entries: tuple[Entry, ...]

    @property
    def fingerprint(self) -> str:
        """Returns a digest that changes with whatever would change the file."""
        content = compute_fingerprint((__version__, self.dataset, self.entries))
        return hashlib.sha256(content).hexdigest()

    @property
    def note(self) -> epath.Path:
        """Returns the file that says that the shard is finished; it holds the fingerprint."""
        return self.path.parent / _NOTES / f"{self.path.name}.txt"

    @property
    def counts(self) -> epath.Path:
        """Returns the file of the tally of the shard's examples, if the dataset is audited."""
        return self.note.with_suffix(".json")

    @property
    def tiles(self) -> epath.Path:
        """Returns the directory of the tiles' records that were made ahead."""
        return self.path.parent / _TILES


def make_file_template(
    dataset_id: str, directory: epath.PathLike, split: str | None = None
) -> tfds.core.ShardedFileTemplate:
    """Returns the pattern of the names of a split's record files."""
    return tfds.core.ShardedFileTemplate(
        data_dir=epath.Path(directory),
        dataset_name=dataset_id,
        split=split,
        filetype_suffix="tfrecord",
    )


def count_shards(examples: int) -> int:
    """Returns the number of files for a split with this many examples; ours.

    Nothing else decides it, so that the same data always makes the same files. With the
    square root, the number of files and their sizes both grow: COCO's 118,287 images make 86
    files of 1,375, and the 2,975 images of CityScapes make 14 files of 213.
    """
    return max(1, math.ceil(math.sqrt(examples) / 4))


def sort_entries(split: str, entries: Sequence[Entry]) -> list[Entry]:
    """Returns the entries in record order: sorted by the digests of their ids, as in TFDS.

    Raises:
      FoiError: two entries have the same id.
    """
    hasher = hashing.Hasher(split)
    ranked = {entry.id: hasher.hash_key(entry.id) for entry in entries}
    if len(ranked) < len(entries):
        seen = set()
        twice = next(e.id for e in entries if e.id in seen or seen.add(e.id))
        raise FoiError(f"{split}: two images have the id '{twice}'; rename or remove one")
    return sorted(entries, key=lambda entry: ranked[entry.id])


def plan_shards(dataset: Dataset, splits: Splits, directory: epath.Path) -> dict[str, list[Shard]]:
    """Decides which entries go into which file, by split.

    Raises:
      FoiError: two entries of a split have the same id.
    """
    shards = {}
    for split in schema.SPLITS:
        entries = sort_entries(split, splits[split])
        count = count_shards(len(entries))
        bounds = [round(len(entries) * index / count) for index in range(count + 1)]
        names = make_file_template(dataset.id, directory, split)
        shards[split] = [
            Shard(
                names.sharded_filepath(shard_index=index, num_shards=count),
                dataset,
                tuple(entries[bounds[index] : bounds[index + 1]]),
            )
            for index in range(count)
        ]
    return shards


def write_shards(
    dataset: Dataset, splits: Splits, directory: epath.Path, workers: Workers
) -> list[tfds.core.SplitInfo]:
    """Writes all shards that are not finished yet, and removes files that belong to none.

    Raises:
      FoiError: an example is wrong, or the directory cannot be written. Shards that are
        finished by then stay and are not written again.
    """
    shards = plan_shards(dataset, splits, directory)
    every = [shard for of_split in shards.values() for shard in of_split]
    _remove_other_files(directory, every)
    pending = [shard for shard in every if not _is_finished(shard)]
    entries = [entry for shard in pending for entry in shard.entries]
    ahead = tile_cache.find_missing_groups(entries, dataset, directory / _TILES)
    write_group = functools.partial(tile_cache.write_group, make_serializer=_make_serializer)
    workers.run(
        write_group, ahead, f"{dataset.id} tiles", sum(len(group.entries) for group in ahead)
    )
    workers.run(_write_shard, pending, dataset.id, sum(len(shard.entries) for shard in pending))
    return [
        tfds.core.SplitInfo(
            name=split,
            shard_lengths=[len(shard.entries) for shard in of_split],
            num_bytes=sum(shard.path.stat().length for shard in of_split),
            filename_template=make_file_template(dataset.id, directory, split),
        )
        for split, of_split in shards.items()
    ]


def read_tallies(dataset: Dataset, splits: Splits, directory: epath.Path) -> dict[str, Tally]:
    """Returns the tallies of an audited dataset by split, once all its shards are written."""
    tallies = {}
    for split, of_split in plan_shards(dataset, splits, directory).items():
        tallies[split] = Tally()
        for shard in of_split:
            tallies[split].merge(Tally.from_json(shard.counts.read_text()))
    return tallies


def remove_work_files(directory: epath.Path) -> None:
    """Removes the notes on finished shards and the tiles' records, once all shards are written."""
    for name in (_NOTES, _TILES):
        (directory / name).rmtree(missing_ok=True)


def _is_finished(shard: Shard) -> bool:
    note = shard.note
    counted = not collect.is_audited(shard.dataset) or shard.counts.exists()
    finished = shard.path.exists() and note.exists() and counted
    return finished and note.read_text() == shard.fingerprint


def _remove_other_files(directory: epath.Path, shards: Sequence[Shard]) -> None:
    """Removes unfinished files and files of another plan."""
    known = {shard.path.name for shard in shards} | {_NOTES, _TILES}
    for path in directory.iterdir() if directory.is_dir() else ():
        if path.name not in known:
            path.rmtree() if path.is_dir() else path.unlink()


def _write_shard(shard: Shard, tick: Tick) -> None:
    # Computed before the files are read, so that a change in the meantime is noticed later.
    made_of = shard.fingerprint
    tally = Tally() if collect.is_audited(shard.dataset) else None
    serialize, used = _make_serializer(shard.dataset, tally), []
    try:
        with (
            atomic_write(shard.path) as temporary,
            tf.io.TFRecordWriter(str(temporary)) as writer,
        ):
            for entry in shard.entries:
                ahead = None
                if entry.part_of is not None:
                    ahead = tile_cache.record_path(entry, shard.dataset, shard.tiles)
                if ahead is not None and ahead.exists():
                    used.append(ahead)
                    writer.write(ahead.read_bytes())
                else:
                    writer.write(serialize(entry))
                tick()
    except tf.errors.OpError as error:
        raise FoiError(f"{shard.path}: cannot be written ({describe_error(error)})") from error
    if tally is not None:
        write_text(shard.counts, tally.to_json())
    write_text(shard.note, made_of)
    for ahead in used:
        ahead.unlink()


def _make_serializer(dataset: Dataset, tally: Tally | None = None) -> Callable[[Entry], bytes]:
    """Returns a function that loads an entry, counts it and serializes its record."""
    features = schema.record_features(dataset)
    serializer = example_serializer.ExampleSerializer(features.get_serialized_info())

    def serialize(entry: Entry) -> bytes:
        example, size = collect.load_and_observe(entry, dataset, tally)
        stored = schema.encode_example(example, dataset, size)
        record = serializer.get_tf_example(features.encode_example(stored))
        # Without this, the order of the fields differs between processes.
        return record.SerializeToString(deterministic=True)

    return serialize
