"""Records -> subset -> augment -> encode -> batch, as tf.data, for one host.

The order of training examples and their augmentation are functions of the seed and of
an example's place in the stream alone, so a stream can start at any place (`start`):
that is what makes an interrupted run resume exactly.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from foi_tf.data.input import augment, simclr_views
from foi_tf.data.records import schema
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.data.records.tf_data import PARALLEL_CALLS, disable_autotuning
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Size

_SHUFFLE_BUFFER = 4096  # Records, for sets that are not held in memory; ours.
MEMORY = 2**30  # Bytes that may be held, of records or of decoded images; ours.
_BYTES_PER_PIXEL = 7  # Three of color and at most four of annotation.
_READERS = 16

Batch = dict[str, object]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Input:
    """What is read of a dataset, and how.

    Attributes:
      prepared: the dataset.
      split: "train" or "val".
      task_type: whose annotations are read; examples without them are left out. None reads
        images alone, of all examples.
      encode: a task's `encode`, example -> targets of static shapes. It is given what
        `augment.augment_example` returns, and under "original" what that was given.
      crop: (height, width) of the network's input.
      chosen: the ids to use; None for all that are annotated.
      rescale: see `study.configuration.LinkConfig`.
      seed: determines order and augmentation.
      around_objects: crops contain a whole object (section 4.1).
      views: how many of each image stand next to each other in a batch; 2 are those of
        `data.input.simclr_views`.
    """

    prepared: PreparedDataset
    split: str
    task_type: str | None
    encode: Callable
    crop: Size
    chosen: tuple[str, ...] | None = None
    rescale: tuple[float, float] = (1.0, 1.0)
    seed: int = 0
    around_objects: bool = False
    views: int = 1

    def ids(self) -> list[str]:
        """The ids that are read, in record order.

        Raises:
          FoiError: there are none.
        """
        annotated = self.prepared.annotated_ids(self.split, self.task_type)
        chosen = frozenset(annotated if self.chosen is None else self.chosen)
        wanted = [name for name in annotated if name in chosen]
        if not wanted:
            name = self.prepared.dataset.id
            raise FoiError(f"{name}:{self.task_type}: no annotated images in {self.split}")
        return wanted


def make_train_batches(
    source: Input, batch_size: int, *, start: int = 0, host: tuple[int, int] = (0, 1)
) -> tf.data.Dataset:
    """An endless stream of augmented batches.

    Args:
      batch_size: of this host's batches; where several replicas share the host, a
        replica takes one batch after the other.
      start: how many examples of this host's stream to pass over.
      host: (index, count) of the hosts that share the records. With several, images are
        resized as one process can have the others do (`augment.crop_image`).

    Returns:
      Batches {"image" uint8 [B * views, H, W, 3], "targets" as encoded, [B, ...]}.
    """
    keep = source.prepared.positions(source.split, frozenset(source.ids()))
    index, count = host
    mine = keep & (np.cumsum(keep) % count == index)
    total = int(mine.sum())
    if total == 0:
        raise FoiError(f"{source.prepared.dataset.id}: too few images for {count} hosts")
    files = source.prepared.files[source.split]
    in_memory = _size(files) * mine.mean() <= MEMORY
    held = _hold(_records(files, mine, None), source) if in_memory else None

    def epoch(number):
        seed = tf.random.experimental.stateless_fold_in([source.seed, 0], number)
        records = held if in_memory else _records(files, mine, seed)
        buffer = total if in_memory else min(total, _SHUFFLE_BUFFER)
        seed = tf.random.stateless_uniform((), seed, maxval=2**31 - 1, dtype=tf.int32)
        return records.shuffle(buffer, tf.cast(seed, tf.int64), reshuffle_each_iteration=False)

    epochs = tf.data.Dataset.range(start // total, np.iinfo(np.int64).max)
    stream = epochs.flat_map(epoch).skip(start % total).enumerate(start)

    @tf.autograph.experimental.do_not_convert
    def prepare(place, record):
        example = record if isinstance(record, dict) else _parse(record, source)
        seed = tf.random.experimental.stateless_fold_in([source.seed, 1 + index], place)
        if source.views == 2:
            return _pair(example, source, seed, count > 1)
        around = _single_objects(example) if source.around_objects else None
        view = augment.draw_random_view(example["size"], source.crop, source.rescale, seed, around)
        return _finish(example, view, source, count > 1)

    batches = stream.map(prepare, PARALLEL_CALLS, deterministic=True)
    # Where several workers do not know that there is no end, they take batches of any size.
    endless = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    return _batch(batches, batch_size, source).apply(endless)


def make_evaluation_batches(
    source: Input, batch_size: int, *, replicas: int = 1, host: tuple[int, int] = (0, 1)
) -> tf.data.Dataset:
    """Whole images at one scale, or the same two views always, each once, in record order.

    Args:
      batch_size: of one replica.
      replicas: how many there are over all hosts; all get equally many full batches.

    Returns:
      Batches as from `make_train_batches`, with "place" int32 [B] of each image in `source.ids()`; -1
      fills up the last ones. Where predictions have to be mapped back, those of objects, the
      targets hold what does: "scale".
    """
    ids = source.ids()
    keep = source.prepared.positions(source.split, frozenset(ids))
    files = source.prepared.files[source.split]
    fill = -len(ids) % (batch_size * replicas)
    records = _records(files, keep, None).enumerate()
    nowhere = tf.constant(-1, tf.int64)
    filler = records.take(1).repeat(fill).map(lambda _, record: (nowhere, record))
    index, count = host
    mine = records.concatenate(filler).shard(count, index)

    @tf.autograph.experimental.do_not_convert
    def prepare(place, record):
        example = _parse(record, source)
        if source.views == 2:
            seed = tf.random.experimental.stateless_fold_in([source.seed, 0], place)
            batch = _pair(example, source, seed, count > 1)
        else:
            view = augment.fit_whole_image(example["size"], source.crop)
            batch = _finish(example, view, source, count > 1)
        # Strings could say which image it is, but devices do not take them.
        return batch | {"place": tf.cast(place, tf.int32)}

    batches = mine.map(prepare, PARALLEL_CALLS, deterministic=True)
    return _batch(batches, batch_size, source)


def _size(files) -> int:
    return sum(tf.io.gfile.stat(path).length for path, _ in files)


def _hold(records: tf.data.Dataset, source: Input) -> tf.data.Dataset:
    """Keeps records in memory; decoded, as parsed examples, where that fits as well."""

    def pixels(total, record):
        size = tf.io.parse_single_example(record, {"size": tf.io.FixedLenFeature(2, tf.int64)})
        return total + tf.reduce_prod(size["size"])

    def decode(record):
        example = _parse(record, source)
        image = tf.io.decode_image(example["image"], channels=3, expand_animations=False)
        return example | {"image": image}

    if _BYTES_PER_PIXEL * int(disable_autotuning(records).reduce(np.int64(0), pixels)) <= MEMORY:
        records = records.map(decode, PARALLEL_CALLS)
    return records.cache()


def _records(files, keep: np.ndarray, seed) -> tf.data.Dataset:
    """The kept records, files in order; or, with a seed, files in random order, interleaved."""
    starts = np.cumsum([0, *(count for _, count in files)][:-1])
    shards = tf.data.Dataset.from_tensor_slices(([path for path, _ in files], starts))
    wanted = tf.constant(keep)

    def read(path, start):
        records = tf.data.TFRecordDataset(path).enumerate(start)
        return records.filter(lambda place, _: wanted[place]).map(lambda _, record: record)

    if seed is None:
        return shards.flat_map(read)
    first = tf.cast(tf.random.stateless_uniform((), seed, maxval=2**30, dtype=tf.int32), tf.int64)
    shards = shards.shuffle(len(files), first, reshuffle_each_iteration=False)
    calls = min(PARALLEL_CALLS, _READERS)
    return shards.interleave(
        read, cycle_length=_READERS, num_parallel_calls=calls, deterministic=True
    )


def _parse(record: tf.Tensor, source: Input) -> dict[str, tf.Tensor]:
    """A record's fields for the task type; the image stays encoded."""
    dataset = source.prepared.dataset
    features = schema.record_features(dataset, [source.task_type] if source.task_type else [])
    encoded = {"image", "mask", "depth"} & set(features)
    skip = tfds.decode.SkipDecoding()
    example = features.deserialize_example(record, decoders=dict.fromkeys(encoded, skip))
    if "mask" in example:
        dtype = schema.mask_dtype(dataset)
        example["mask"] = tf.io.decode_png(example["mask"], channels=1, dtype=dtype)
    if "depth" in example:
        steps = tf.io.decode_png(example["depth"], channels=1, dtype=tf.uint16)
        example["depth"] = tf.cast(steps, tf.float32) * schema.depth_unit(dataset)
    return example


def _single_objects(example) -> tf.Tensor:
    """The boxes that a crop may be laid around: those of single objects, not of crowds.

    Objects without a keypoint, which are ignored in training, only where there are no others.
    """
    if "boxes" in example:
        return tf.boolean_mask(example["boxes"], ~example["box_crowds"])
    single = ~example["keypoint_crowds"]
    shown = single & tf.reduce_any(example["keypoints"][..., 2] > 0, 1)
    return tf.boolean_mask(example["keypoint_boxes"], tf.where(tf.reduce_any(shown), shown, single))


def _finish(example, view: augment.View, source: Input, native: bool) -> Batch:
    seen = augment.augment_example(
        example, view, source.crop, source.prepared.dataset, native=native
    )
    targets = source.encode(seen | {"original": example})
    return {"image": seen["image"], "targets": targets}


def _pair(example, source: Input, seed: tf.Tensor, native: bool) -> Batch:
    mean = source.prepared.dataset.mean
    picture, size = example["image"], example["size"]
    two = simclr_views.make_view_pair(
        picture, size, source.crop, source.rescale, mean, seed, native=native
    )
    return {"image": two, "targets": source.encode(example)}


def _batch(examples: tf.data.Dataset, batch_size: int, source: Input) -> tf.data.Dataset:
    batches = examples.batch(batch_size, drop_remainder=True)
    if source.views == 2:
        flat = (2 * batch_size, *source.crop, 3)
        batches = batches.map(lambda batch: batch | {"image": tf.reshape(batch["image"], flat)})
    return disable_autotuning(batches.prefetch(2))
