"""Scans written records once: ids, annotations, fingerprint and channel statistics."""

import dataclasses
import hashlib
import math
import sys
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from etils import epath

from foi_tf.data.records import integrity
from foi_tf.data.records.tf_data import PARALLEL_CALLS, disable_autotuning
from foi_tf.progress import Progress, track
from foi_tf.study.dataset import Channels, Dataset
from foi_tf.study.grid import choose_subset

_SAMPLE = 2000  # Training images that channel statistics are measured on; ours.
_BATCH = 64  # Records that are parsed at once.


@dataclasses.dataclass(frozen=True)
class RecordScan:
    """Holds what was found in the records of a dataset.

    Attributes:
      ids: by split, the ids of the examples, in record order.
      annotated: by split, the task types that each example is annotated for, separated by
        spaces.
      mean, std: of the channels of the training images, with pixels in [0, 1]; None where the
        dataset's row has them.
      fingerprint: SHA-256 of all records; the order of the fields in a record does not count.
      sizes: by split, the number of bytes of each record file.
    """

    ids: Mapping[str, tuple[str, ...]]
    annotated: Mapping[str, tuple[str, ...]]
    mean: Channels | None
    std: Channels | None
    fingerprint: str
    sizes: Mapping[str, tuple[int, ...]]


@tf.autograph.experimental.do_not_convert
def scan_records(directory: epath.Path, dataset: Dataset) -> RecordScan:
    """Reads all records of a prepared dataset once, and a sample of its images.

    The images are decoded only where the dataset's row has no channel statistics.

    Raises:
      FoiError: a record file is broken.
    """
    info = tfds.builder_from_directory(str(directory)).info
    digest = hashlib.sha256()
    ids, annotated, sizes = {}, {}, {}
    for split in ("train", "val"):
        paths = [str(path) for path in info.splits[split].filepaths]
        counts = info.splits[split].shard_lengths
        try:
            ids[split], annotated[split] = _read_ids(
                paths, sum(counts), f"{dataset.id} {split}", digest
            )
        except tf.errors.OpError:
            integrity.check_records(zip(paths, counts, strict=True))
            raise
        sizes[split] = tuple(tf.io.gfile.stat(path).length for path in paths)
    mean = std = None
    if dataset.mean is None:
        mean, std = _measure_channels(info.splits["train"].filepaths, ids["train"], dataset.id)
    return RecordScan(ids, annotated, mean, std, digest.hexdigest(), sizes)


def _read_ids(
    paths: list[str], total: int, label: str, digest
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns the ids and annotated task types of all records, and adds the records to `digest`."""
    spec = {name: tf.io.FixedLenFeature((), tf.string) for name in ("id", "annotated")}
    batches = tf.data.TFRecordDataset(paths).batch(_BATCH)
    ids, annotated = [], []
    with Progress(f"{label} read back", total, unit="image") as progress:
        for batch in disable_autotuning(batches.prefetch(2)):
            for record in batch.numpy():
                example = tf.train.Example.FromString(record)
                digest.update(example.SerializeToString(deterministic=True))
            parsed = tf.io.parse_example(batch, spec)
            ids += [name.decode() for name in parsed["id"].numpy()]
            # Many records share the same few strings.
            annotated += [sys.intern(kinds.decode()) for kinds in parsed["annotated"].numpy()]
            progress.update(len(parsed["id"]))
    return tuple(ids), tuple(annotated)


def _measure_channels(files, ids: tuple[str, ...], label: str) -> tuple[Channels, Channels]:
    """Returns the mean and the standard deviation of each channel over a sample of the images."""
    chosen = frozenset(choose_subset(ids, _SAMPLE))
    keep = tf.constant([name in chosen for name in ids])

    def moments(record):
        spec = {"image": tf.io.FixedLenFeature((), tf.string)}
        image = tf.io.parse_single_example(record, spec)["image"]
        # Moments of a row are exact in float32; over rows they are summed in float64.
        pixels = tf.cast(tf.io.decode_image(image, channels=3, expand_animations=False), tf.float32)
        rows = tf.stack([tf.reduce_mean(pixels, 1), tf.reduce_mean(pixels**2, 1)])
        sums = tf.reduce_mean(tf.cast(rows, tf.float64), 1)
        return tf.cast(tf.reduce_prod(tf.shape(pixels)[:2]), tf.float64), sums

    records = tf.data.TFRecordDataset([str(path) for path in files]).enumerate()
    records = records.filter(lambda index, _: keep[index]).map(lambda _, record: record)
    total, sums = 0.0, np.zeros((2, 3))
    measured = disable_autotuning(records.map(moments, num_parallel_calls=PARALLEL_CALLS))
    for pixels, means in track(measured, f"{label} statistics", len(chosen)):
        total += float(pixels)
        sums += float(pixels) * means.numpy()
    mean, square = sums / total
    # A constant channel would divide by zero; one gray level is the smallest visible deviation.
    std = [math.sqrt(max(s - m * m, 1.0)) for s, m in zip(square, mean, strict=True)]
    return _round_channels(mean), _round_channels(std)


def _round_channels(values) -> Channels:
    red, green, blue = (round(float(value) / 255, 4) for value in values)
    return red, green, blue
