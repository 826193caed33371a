"""Records as examples again, decoded, for whoever looks at them one by one."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from foi_tf.data.records import integrity, schema
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.data.records.tf_data import PARALLEL_CALLS, disable_autotuning
from foi_tf.progress import track
from foi_tf.study.dataset import Dataset


def read_examples(
    prepared: PreparedDataset,
    split: str,
    chosen: frozenset[str] | None = None,
    *,
    pixels: bool = True,
) -> Iterator[schema.Example]:
    """Yields examples as `schema` has them on the write side, in record order.

    Args:
      chosen: ids to read; None for all.
      pixels: whether `image` is decoded, uint8 [H, W, 3]; else it stays a file's bytes.

    Yields:
      Examples that have what they are annotated for, and `size`, (height, width).

    Raises:
      FoiError: a record file is broken.
    """
    dataset = prepared.dataset
    features = schema.record_features(dataset)
    decoders = {} if pixels else {"image": tfds.decode.SkipDecoding()}
    chosen = frozenset(prepared.ids[split]) if chosen is None else chosen
    wanted = tf.constant(prepared.positions(split, chosen))
    files = prepared.files[split]
    examples = (
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
    total = int(np.sum(wanted))
    try:
        for example in track(
            disable_autotuning(examples).as_numpy_iterator(), f"{dataset.id} {split}", total
        ):
            yield _plain(example, dataset)
    except tf.errors.OpError:
        integrity.check_records(files)
        raise


def _plain(example: Mapping[str, Any], dataset: Dataset) -> schema.Example:
    plain = {"id": example["id"].decode(), "image": example["image"]}
    plain["size"] = tuple(example["size"].tolist())
    for task_type in example["annotated"].decode().split():
        for name in schema.FIELDS[task_type]:
            plain[name] = example[name]
    if "mask" in plain:
        plain["mask"] = plain["mask"][..., 0]
    if "depth" in plain:
        steps = plain["depth"][..., 0].astype(np.float32)
        plain["depth"] = steps * np.float32(schema.depth_unit(dataset))
    return plain
