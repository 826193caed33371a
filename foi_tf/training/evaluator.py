"""Evaluation of a task on whole images at one scale, each image once."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from foi_tf.progress import Progress
from foi_tf.study.images import ImageStatistics
from foi_tf.tasks.base import TaskType


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """What evaluation found.

    Attributes:
      metrics: all metrics of the task.
      images: what the task's own metric is a ratio of; None if it is no such ratio.
    """

    metrics: dict[str, float]
    images: ImageStatistics | None


def replica_statistics(model: tf.keras.Model, task: TaskType, batch: Mapping) -> dict:
    """One replica's batch -> the task's statistics and "place", one row an image."""
    predictions = task.decode(model(batch["image"], training=False))
    return dict(task.summarise(predictions, batch["targets"])) | {"place": batch["place"]}


def evaluate(
    model: tf.keras.Model,
    task: TaskType,
    batches: tf.data.Dataset,
    strategy: tf.distribute.Strategy,
    *,
    ids: Sequence[str],
    label: str,
) -> Evaluation:
    """Evaluates a task on (distributed) batches from `pipeline.evaluate`.

    Args:
      ids: of the images, which their places refer to.
      label: what to call it in the progress shown.
    """

    @tf.function(autograph=False)
    def step(batch):
        run = tf.autograph.experimental.do_not_convert(
            lambda batch: replica_statistics(model, task, batch)
        )
        return strategy.run(run, args=(batch,))

    evaluator, names, by_image = task.evaluator(), np.asarray(ids), []
    with Progress(label, len(ids), unit="image") as progress:
        for batch in batches:
            gathered = tf.nest.map_structure(lambda v: strategy.gather(v, 0), step(batch))
            statistics = {name: np.asarray(value) for name, value in gathered.items()}
            place = statistics.pop("place")
            valid = place >= 0
            statistics = {name: value[valid] for name, value in statistics.items()}
            evaluator.update(statistics)
            if sums := task.sums(statistics):
                by_image.append((names[place[valid]], *sums))
            progress.update(int(valid.sum()))
    columns = map(np.concatenate, zip(*by_image, strict=True))
    return Evaluation(evaluator.result(), ImageStatistics(*columns) if by_image else None)
