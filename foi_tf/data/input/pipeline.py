"""Turns the records of one host into batches: subset, parse, augment, encode, batch.

The order of training examples and their augmentation depend only on the seed and on an
example's place in the stream. So a stream can start at any place (`start`), and an
interrupted run resumes exactly.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from foi_tf.data.input import augment, simclr_views, views
from foi_tf.data.records import schema
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.data.records.schema import Geometry
from foi_tf.data.records.tf_data import PARALLEL_CALLS, disable_autotuning
from foi_tf.errors import FoiError
from foi_tf.study.choices import Fit
from foi_tf.study.dataset import Size

_SHUFFLE_BUFFER = 4096  # Records, for training sets that are not held in memory; ours.
MEMORY = 2**30  # Bytes of records, or of decoded images, that may be held; ours.
_BYTES_PER_PIXEL = 7  # Three bytes of color and at most four of annotation.
_READERS = 16  # Record files that are read at once; ours.

Batch = dict[str, object]
# AutoGraph takes a tenth of a second for each function of a pipeline, and converts nothing.
_not_converted = tf.autograph.experimental.do_not_convert


@dataclasses.dataclass(frozen=True, kw_only=True)
class Input:
    """Says which examples of a dataset are read, and how.

    Attributes:
      prepared: the dataset.
      split: "train" or "val".
      task_type: the task type whose annotations are read; examples without them are left
        out. None reads the images of all examples, and no annotations.
      encode: a task's `encode`, example -> targets of static shapes. Its argument is what
        `augment.augment_example` returns, and has the example before that under "original".
      crop: (height, width) of the network's input.
      chosen: the ids to use; None for all annotated examples.
      rescale, fit: see `study.configuration.LinkConfig`.
      seed: determines order and augmentation.
      around_objects: whether each crop contains a whole object (section 4.1).
      views: how many views of each image follow each other in a batch; 2 are the views of
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
    fit: Fit = "inside"

    def ids(self) -> list[str]:
        """Returns the ids that are read, in record order.

        Raises:
          FoiError: no image is annotated for the task type.
        """
        annotated = self.prepared.annotated_ids(self.split, self.task_type)
        chosen = frozenset(annotated if self.chosen is None else self.chosen)
        wanted = [name for name in annotated if name in chosen]
        if not wanted:
            name = self.prepared.dataset.id
            raise FoiError(f"{name}:{self.task_type}: no annotated images in {self.split}")
        return wanted


@_not_converted
def make_train_batches(
    source: Input, batch_size: int, *, start: int = 0, host: tuple[int, int] = (0, 1)
) -> tf.data.Dataset:
    """Makes an endless stream of augmented batches.

    Args:
      batch_size: examples in a batch of this host. Where several replicas share the host,
        each takes the next batch.
      start: how many examples of this host's stream to skip.
      host: (index, count) of the hosts that share the records. With several hosts, images
        are resized by TensorFlow (`augment.crop_image`, `native`).

    Returns:
      Batches {"image" uint8 [B * views, H, W, 3], "targets" as encoded, [B, ...]}.

    Raises:
      FoiError: no image is annotated, or there are more hosts than images.
    """
    keep = source.prepared.positions(source.split, frozenset(source.ids()))
    index, count = host
    mine = keep & (np.cumsum(keep) % count == index)
    total = int(mine.sum())
    if total == 0:
        raise FoiError(f"{source.prepared.dataset.id}: too few images for {count} hosts")
    files = source.prepared.files[source.split]
    in_memory = _count_bytes(files) * mine.mean() <= MEMORY
    held = _hold_in_memory(_read_records(files, mine, None), source) if in_memory else None

    def epoch(number):
        # Shuffling mixes in the global seed, which is that of random weights.
        tf.compat.v1.set_random_seed(source.seed + 1)
        seed = tf.random.experimental.stateless_fold_in([source.seed, 0], number)
        records = held if in_memory else _read_records(files, mine, seed)
        buffer = total if in_memory else min(total, _SHUFFLE_BUFFER)
        seed = tf.random.stateless_uniform((), seed, maxval=2**31 - 1, dtype=tf.int32)
        return records.shuffle(buffer, tf.cast(seed, tf.int64), reshuffle_each_iteration=False)

    epochs = tf.data.Dataset.range(start // total, np.iinfo(np.int64).max)
    stream = epochs.flat_map(epoch).skip(start % total).enumerate(start)

    def prepare(place, record):
        example = record if isinstance(record, dict) else _parse(record, source)
        seed = tf.random.experimental.stateless_fold_in([source.seed, 1 + index], place)
        if source.views == 2:
            return _finish_pair(example, source, seed, count > 1)
        return _finish(example, _draw_view(example, source, seed), source, count > 1)

    batches = stream.map(prepare, PARALLEL_CALLS, deterministic=True)
    # Unless several workers know that the stream is endless, they take batches of any size.
    endless = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    return _make_batches(batches, batch_size, source).apply(endless)


@_not_converted
def make_evaluation_batches(
    source: Input, batch_size: int, *, replicas: int = 1, host: tuple[int, int] = (0, 1)
) -> tf.data.Dataset:
    """Makes batches of whole images at one scale, each image once, in record order.

    With two views of each image, these are the same two at every call.

    Args:
      batch_size: examples in a batch of one replica.
      replicas: the number of replicas on all hosts; all get equally many full batches.
      host: as in `make_train_batches`.

    Returns:
      Batches as `make_train_batches` makes them, and "place", int32 [B]: the index of each
      image in `source.ids()`. Places of -1 fill up the last batches. Where predictions have
      to be mapped back to the image (boxes, keypoints), the targets have "scale" for it.
    """
    ids = source.ids()
    keep = source.prepared.positions(source.split, frozenset(ids))
    files = source.prepared.files[source.split]
    fill = -len(ids) % (batch_size * replicas)
    records = _read_records(files, keep, None).enumerate()
    nowhere = tf.constant(-1, tf.int64)
    filler = records.take(1).repeat(fill).map(lambda _, record: (nowhere, record))
    index, count = host
    mine = records.concatenate(filler).shard(count, index)

    def prepare(place, record):
        example = _parse(record, source)
        if source.views == 2:
            seed = tf.random.experimental.stateless_fold_in([source.seed, 0], place)
            batch = _finish_pair(example, source, seed, count > 1)
        else:
            view = views.fit_whole_image(example["size"], source.crop, source.fit)
            batch = _finish(example, view, source, count > 1)
        # Images are named by place, since devices do not take strings.
        return batch | {"place": tf.cast(place, tf.int32)}

    batches = mine.map(prepare, PARALLEL_CALLS, deterministic=True)
    return _make_batches(batches, batch_size, source)


def _count_bytes(files) -> int:
    return sum(tf.io.gfile.stat(path).length for path, _ in files)


def _hold_in_memory(records: tf.data.Dataset, source: Input) -> tf.data.Dataset:
    """Keeps records in memory, or, where they fit as well, parsed examples with decoded images."""

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


def _read_records(files, keep: np.ndarray, seed) -> tf.data.Dataset:
    """Reads the records to keep; with a seed, files are interleaved in random order."""
    starts = np.cumsum([0, *(count for _, count in files)][:-1])
    shards = tf.data.Dataset.from_tensor_slices(([path for path, _ in files], starts))
    wanted = tf.constant(keep)

    def read(path, start):
        records = tf.data.TFRecordDataset(path)
        if keep.all():  # A function for each record takes as long as reading it.
            return records
        numbered = records.enumerate(start).filter(lambda place, _: wanted[place])
        return numbered.map(lambda _, record: record)

    if seed is None:
        return shards.flat_map(read)
    first = tf.cast(tf.random.stateless_uniform((), seed, maxval=2**30, dtype=tf.int32), tf.int64)
    shards = shards.shuffle(len(files), first, reshuffle_each_iteration=False)
    calls = min(PARALLEL_CALLS, _READERS)
    return shards.interleave(
        read, cycle_length=_READERS, num_parallel_calls=calls, deterministic=True
    )


def _parse(record: tf.Tensor, source: Input) -> dict[str, tf.Tensor]:
    """Returns a record's fields for the task type; maps are decoded, the image is not."""
    dataset = source.prepared.dataset
    fields = schema.fields_of(source.task_type)
    features = schema.record_features(dataset, [source.task_type] if fields else [])
    maps = [field for field in fields if field.is_map]
    skip = tfds.decode.SkipDecoding()
    decoders = dict.fromkeys(["image", *(field.name for field in maps)], skip)
    example = features.deserialize_example(record, decoders=decoders)
    for field in maps:
        dtype = field.stored_dtype(dataset)
        pixels = tf.io.decode_png(example[field.name], channels=1, dtype=dtype)
        if field.geometry is Geometry.REAL_MAP:
            pixels = tf.cast(pixels, tf.float32) * field.step(dataset)
        example[field.name] = pixels
    return example


def _draw_view(example, source: Input, seed: tf.Tensor) -> views.View:
    """Draws a training view; its zoom is relative to the scale of `source.fit`."""
    around = _single_objects(example, source.task_type) if source.around_objects else None
    size, crop = example["size"], source.crop
    if source.fit == "inside":
        return views.draw_random_view(size, crop, source.rescale, seed, around)
    factor = views.find_cover_factor(size, crop)
    low, high = source.rescale
    view = views.draw_random_view(size, crop, (low * factor, high * factor), seed, around)
    return view._replace(zoom=view.zoom / factor)


def _move_objects(example, view: views.View, task_type: str | None):
    """Returns an example whose boxes and points count from the corner of the view.

    Predictions are mapped back to image pixels by the scale alone, so they count from there as
    well. Overlaps and distances, which evaluation measures, do not depend on the origin.
    """
    corner = tf.cast(tf.stack([view.y, view.x]), tf.float32)
    moved = dict(example)
    for field in schema.fields_of(task_type):
        if field.geometry is Geometry.BOXES:
            moved[field.name] = example[field.name] - tf.tile(corner, [2])
        elif field.geometry is Geometry.POINTS:
            marks = example[field.name]
            moved[field.name] = tf.concat([marks[..., :2] - corner, marks[..., 2:]], -1)
    return moved


def _single_objects(example, task_type: str) -> tf.Tensor:
    """Returns the boxes that a crop may be placed around: those of single objects, not of groups.

    Objects without a visible keypoint, which are ignored in training, count only where there
    are no others.
    """
    boxes, crowds, points = (
        schema.find_field(task_type, geometry)
        for geometry in (Geometry.BOXES, Geometry.OBJECT_CROWDS, Geometry.POINTS)
    )
    chosen = ~example[crowds.name]
    if points:
        shown = chosen & tf.reduce_any(example[points.name][..., 2] > 0, 1)
        chosen = tf.where(tf.reduce_any(shown), shown, chosen)
    return tf.boolean_mask(example[boxes.name], chosen)


def _finish(example, view: views.View, source: Input, native: bool) -> Batch:
    seen = augment.augment_example(
        example, view, source.crop, source.prepared.dataset, native=native
    )
    if source.fit != "inside":
        example = _move_objects(example, view, source.task_type)
    targets = source.encode(seen | {"original": example})
    return {"image": seen["image"], "targets": targets}


def _finish_pair(example, source: Input, seed: tf.Tensor, native: bool) -> Batch:
    mean = source.prepared.dataset.mean
    picture, size = example["image"], example["size"]
    two = simclr_views.make_view_pair(
        picture, size, source.crop, source.rescale, mean, seed, native=native
    )
    return {"image": two, "targets": source.encode(example)}


def _make_batches(examples: tf.data.Dataset, batch_size: int, source: Input) -> tf.data.Dataset:
    batches = examples.batch(batch_size, drop_remainder=True)
    if source.views == 2:
        flat = (2 * batch_size, *source.crop, 3)
        batches = batches.map(lambda batch: batch | {"image": tf.reshape(batch["image"], flat)})
    return disable_autotuning(batches.prefetch(2))
