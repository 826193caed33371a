"""Makes the records of tiles file by file, and keeps them until their shards are written.

A compressed image must be decoded from its start. Its tiles are spread over all shards, since
records are sorted by digests. Made shard by shard, each tile would decode the image again.
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

# Takes a dataset; returns a function that makes the record of an entry.
MakeSerializer = Callable[[Dataset], Callable[[Entry], bytes]]


@dataclasses.dataclass(frozen=True)
class TileGroup:
    """Describes entries that are parts of one file, and the directory for their records."""

    directory: epath.Path
    dataset: Dataset
    entries: tuple[Entry, ...]


def group_by_file(entries: Iterable[Entry]) -> list[tuple[Entry, ...]]:
    """Groups entries that are parts of the same file; any other entry is a group of its own."""
    groups: dict[object, list[Entry]] = {}
    for entry in entries:
        key = entry.id if entry.part_of is None else ("part of", str(entry.part_of))
        groups.setdefault(key, []).append(entry)
    return [tuple(group) for group in groups.values()]


def find_missing_groups(
    entries: Iterable[Entry], dataset: Dataset, directory: epath.Path
) -> list[TileGroup]:
    """Returns the groups to make ahead: parts of files whose records are not kept yet."""
    parts = [entry for entry in entries if entry.part_of is not None]
    missing = [one for one in parts if not record_path(one, dataset, directory).exists()]
    return [TileGroup(directory, dataset, group) for group in group_by_file(missing)]


def record_path(entry: Entry, dataset: Dataset, directory: epath.Path) -> epath.Path:
    """Returns the path of an entry's kept record; it changes with whatever changes the record."""
    content = compute_fingerprint((__version__, dataset, entry))
    return directory / hashlib.sha256(content).hexdigest()[:32]


def write_group(group: TileGroup, tick: Tick, make_serializer: MakeSerializer) -> None:
    """Writes the records of a group, in its order, and calls tick() after each."""
    serialize = make_serializer(group.dataset)
    for entry in group.entries:
        # Computed before the files are read: a file that changes later gives another path.
        path = record_path(entry, group.dataset, group.directory)
        with atomic_write(path) as temporary:
            temporary.write_bytes(serialize(entry))
        tick()
