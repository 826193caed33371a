"""Makes the batches that each member of a link is trained on and evaluated on."""

from collections.abc import Callable
from typing import TypeAlias

import tensorflow as tf

from foi_tf.chains.links import Link
from foi_tf.data.input import pipeline
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.errors import FoiError
from foi_tf.study.grid import choose_subset
from foi_tf.tasks.base import TaskType
from foi_tf.wording import count_noun

Batches: TypeAlias = "tf.data.Dataset | tf.distribute.DistributedDataset"

_SEED_STRIDE = 2**20  # Distance between the seeds of two members; ours, larger than typed seeds.


def make_train_input(
    link: Link, place: int, prepared: PreparedDataset, task: TaskType
) -> pipeline.Input:
    """Describes the training images of the link's member at `place`."""
    ids = _choose_images(link, place, prepared)
    held = set(_choose_held_out(link, ids))
    chosen = [name for name in ids if name not in held]
    return _make_input(link, place, prepared, task, "train", chosen)


def make_evaluation_input(
    link: Link, place: int, prepared: PreparedDataset, task: TaskType
) -> pipeline.Input:
    """Describes the images that the member at `place` is evaluated on.

    Those are its validation images or, with a holdout, the training images that are held out.
    """
    member = link.members[place]
    if not link.holdout:
        ids = prepared.annotated_ids("val", member.task.type)
        return _make_input(link, place, prepared, task, "val", ids)
    ids = _choose_images(link, place, prepared)
    return _make_input(link, place, prepared, task, "train", _choose_held_out(link, ids))


def distribute_train_batches(
    source: pipeline.Input, link: Link, strategy: tf.distribute.Strategy, done: int
) -> Batches:
    """Distributes endless training batches over replicas and hosts, from step `done` on.

    Raises:
      FoiError: the batch size is no multiple of the replicas.
    """
    batch_size = link.schedule.batch_size
    replicas = strategy.num_replicas_in_sync
    if batch_size % replicas:
        raise FoiError(
            f"batch_size {batch_size} of {link.task} is no multiple of {replicas} replicas"
        )

    def make_for_host(context: tf.distribute.InputContext) -> tf.data.Dataset:
        hosts = context.num_input_pipelines
        return pipeline.make_train_batches(
            source,
            batch_size // replicas,
            start=done * batch_size // hosts,
            host=(context.input_pipeline_id, hosts),
        )

    return _distribute(strategy, make_for_host)


def distribute_evaluation_batches(
    source: pipeline.Input, link: Link, strategy: tf.distribute.Strategy
) -> Batches:
    """Distributes batches that hold every image once, over replicas and hosts."""
    replicas = strategy.num_replicas_in_sync
    batch_size = link.micro_batch or max(1, link.schedule.batch_size // replicas)

    def make_for_host(context: tf.distribute.InputContext) -> tf.data.Dataset:
        host = (context.input_pipeline_id, context.num_input_pipelines)
        return pipeline.make_evaluation_batches(source, batch_size, replicas=replicas, host=host)

    return _distribute(strategy, make_for_host)


def _distribute(
    strategy: tf.distribute.Strategy,
    make_for_host: Callable[[tf.distribute.InputContext], tf.data.Dataset],
) -> Batches:
    """Distributes the batches of each host over its replicas.

    A single device takes them as they are. An iterator of distributed batches tunes itself, and its
    end may wait a minute for that (see `tf_data.disable_autotuning`).
    """
    if isinstance(strategy, tf.distribute.OneDeviceStrategy):
        return make_for_host(tf.distribute.InputContext())
    return strategy.distribute_datasets_from_function(make_for_host)


def _choose_images(link: Link, place: int, prepared: PreparedDataset) -> list[str]:
    """Chooses the training images that the member at `place` may use."""
    member = link.members[place]
    ids = prepared.annotated_ids("train", member.task.type)
    return choose_subset(ids, member.images, link.subset_seed)


def _choose_held_out(link: Link, ids: list[str]) -> list[str]:
    """Chooses the training images that a candidate is evaluated on, by the seed of their order."""
    if not link.holdout:
        return []
    count = max(1, round(link.holdout * len(ids)))
    if count >= len(ids):
        images = count_noun(len(ids), "training image")
        raise FoiError(f"{link.task}: {images}, too few to hold some out")
    # Never the seed that orders the subsets: a small one is the beginning of each larger one.
    return choose_subset(ids, count, seed=link.order_seed + 1)


def _make_input(
    link: Link, place: int, prepared, task: TaskType, split: str, ids
) -> pipeline.Input:
    member = link.members[place]
    return pipeline.Input(
        prepared=prepared,
        split=split,
        task_type=member.task.type,
        encode=task.encode,
        crop=member.crop,
        chosen=tuple(ids),
        rescale=member.rescale,
        seed=link.order_seed + place * _SEED_STRIDE,
        around_objects=task.around_objects,
        views=task.views,
        fit=member.fit,
    )
