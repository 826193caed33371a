"""Records of tiles, made file by file and kept until the shards that they belong into.

A compressed image can only be decoded from its start. Its tiles lie in all shards, in the order
of digests, so that making them shard by shard would decode it once for each of them.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Iterable

from etils import epath

from foi_tf import __version__
from foi_tf.data.convert.entry import Entry
from foi_tf.data.convert.fingerprint import compute_fingerprint
from foi_tf.data.convert.workers import Tick
from foi_tf.files import atomic_write
from foi_tf.study.dataset import Dataset

Maker = Callable[[Dataset], Callable[[Entry], bytes]]


@dataclasses.dataclass(frozen=True)
class TileGroup:
    """Entries that are parts of one file."""

    directory: epath.Path
    dataset: Dataset
    entries: tuple[Entry, ...]


def group_by_file(entries: Iterable[Entry]) -> list[tuple[Entry, ...]]:
    """The entries by the file that they are parts of; those of a file of their own alone."""
    groups: dict[object, list[Entry]] = {}
    for entry in entries:
        key = entry.id if entry.part_of is None else ("part of", str(entry.part_of))
        groups.setdefault(key, []).append(entry)
    return [tuple(group) for group in groups.values()]


def find_missing_groups(
    entries: Iterable[Entry], dataset: Dataset, directory: epath.Path
) -> list[TileGroup]:
    """What is to be made ahead: of the parts of files, those that are not kept yet."""
    parts = [entry for entry in entries if entry.part_of is not None]
    missing = [one for one in parts if not record_path(one, dataset, directory).exists()]
    return [TileGroup(directory, dataset, group) for group in group_by_file(missing)]


def record_path(entry: Entry, dataset: Dataset, directory: epath.Path) -> epath.Path:
    """Where an entry's record is kept; changes with whatever would change the record."""
    content = compute_fingerprint((__version__, dataset, entry))
    return directory / hashlib.sha256(content).hexdigest()[:32]


def write_group(group: TileGroup, tick: Tick, maker: Maker) -> None:
    """Makes the records of a group, in its order, with what `maker` makes for its dataset."""
    make = maker(group.dataset)
    for entry in group.entries:
        place = record_path(
            entry, group.dataset, group.directory
        )  # Of the files before they are read.
        with atomic_write(place) as temporary:
            temporary.write_bytes(make(entry))
        tick()
