"""Collects tallies: while examples are loaded, or from the records of a prepared dataset."""

import pathlib

from foi_tf.data.convert import doubts
from foi_tf.data.convert.audit.observe import observe_example
from foi_tf.data.convert.audit.tally import Tally
from foi_tf.data.convert.entry import Entry
from foi_tf.data.records import schema
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.data.records.read_examples import read_examples
from foi_tf.study.dataset import Dataset, Size


def is_audited(dataset: Dataset) -> bool:
    """Tells whether a dataset is the user's own; published and rendered ones are known."""
    return dataset.collection == "own"


def load_and_observe(
    entry: Entry, dataset: Dataset, tally: Tally | None
) -> tuple[schema.Example, Size]:
    """Loads an example as `entry.load` does, and adds it to the tally, if there is one."""
    if tally is None:
        return entry.load(dataset)
    with doubts.collect() as found:
        example, size = entry.load(dataset)
    path = getattr(entry, "path", None)
    name = entry.id if path is None else _shorten(str(path))
    observe_example(example, dataset, size, name, tally)
    for kind, where in found.marks:
        tally.mark(kind, _shorten(where))
    return example, size


def observe_records(prepared: PreparedDataset) -> dict[str, Tally]:
    """Reads all records and returns the tally of each split.

    It is for records that were made on other machines; what only the raw files show is not in
    the tallies.
    """
    tallies = {}
    for split in schema.SPLITS:
        tallies[split] = Tally()
        for example in read_examples(prepared, split, pixels=False):
            observe_example(
                example, prepared.dataset, example["size"], example["id"], tallies[split]
            )
    return tallies


def _shorten(path: str) -> str:
    """Returns the last two parts of a path, which tell a file of a raw folder."""
    return "/".join(pathlib.PurePath(path).parts[-2:])
