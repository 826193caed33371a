"""Reads records one by one as decoded examples, for everything but training."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from foi_tf.data.records import integrity, schema
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.data.records.tf_data import PARALLEL_CALLS, disable_autotuning
from foi_tf.progress import track


def read_examples(
    prepared: PreparedDataset,
    split: str,
    chosen: frozenset[str] | None = None,
    *,
    pixels: bool = True,
) -> Iterator[schema.Example]:
    """Yields examples as readers write them (see `schema`), in record order.

    Args:
      chosen: ids to read; None for all.
      pixels: whether `image` is decoded, uint8 [H, W, 3]; else it stays a file's bytes.

    Yields:
      Examples with the fields that they are annotated for, and `size`, (height, width).

    Raises:
      FoiError: a record file is broken.
    """
    dataset = prepared.dataset
    features = schema.record_features(dataset)
    decoders = {} if pixels else {"image": tfds.decode.SkipDecoding()}
    chosen = frozenset(prepared.ids[split]) if chosen is None else chosen
    wanted = tf.constant(prepared.positions(split, chosen))
    files = prepared.files[split]
    records = (
        tf.data.TFRecordDataset([path for path, _ in files])
        .enumerate()
        .filter(lambda place, _: wanted[place])
        .map(
            lambda _, record: features.deserialize_example(record, decoders=decoders),
            PARALLEL_CALLS,
            deterministic=True,
        )
        .prefetch(2)
    )
    records = disable_autotuning(records).as_numpy_iterator()
    total = int(np.sum(wanted))
    try:
        for record in track(records, f"{dataset.id} {split}", total):
            yield schema.decode_example(record, dataset)
    except tf.errors.OpError:
        integrity.check_records(files)
        raise
