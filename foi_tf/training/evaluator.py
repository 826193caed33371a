"""Evaluates a task on whole images at one scale, each image once."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from foi_tf.progress import Progress
from foi_tf.study.image_statistics import ImageStatistics
from foi_tf.tasks.base import TaskType


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """Holds the outcome of an evaluation.

    Attributes:
      metrics: all metrics of the task by name.
      images: numerators and denominators by image, and the metric by class and size; see
        `study.image_statistics`. None if the task's metric has nothing to tell of single images.
    """

    metrics: dict[str, float]
    images: ImageStatistics | None


def compute_batch_statistics(model: tf.keras.Model, task: TaskType, batch: Mapping) -> dict:
    """Returns the task's statistics and "place" for a replica's batch, one row for each image."""
    predictions = task.decode(model(batch["image"], training=False))
    return dict(task.summarize(predictions, batch["targets"])) | {"place": batch["place"]}


class Evaluator:
    """Evaluates a model of a task, any number of times; its step is traced once."""

    def __init__(self, model: tf.keras.Model, task: TaskType, strategy: tf.distribute.Strategy):
        """Prepares to evaluate with the model's weights at the time."""
        self._task, self._strategy = task, strategy

        @tf.function(autograph=False)
        def step(batch):
            run = tf.autograph.experimental.do_not_convert(
                lambda batch: compute_batch_statistics(model, task, batch)
            )
            return strategy.run(run, args=(batch,))

        self._step = step

    def evaluate(self, batches: tf.data.Dataset, *, ids: Sequence[str], label: str) -> Evaluation:
        """Evaluates the model with its current weights.

        Args:
          batches: (distributed) batches of `pipeline.make_evaluation_batches`.
          ids: ids of the images, in the order that the batches' "place" refers to.
          label: text in front of the progress that is shown.
        """
        evaluator, by_image, names = self._task.accumulator(), [], np.asarray(ids)
        with Progress(label, len(ids), unit="image") as progress:
            for batch in batches:
                gathered = tf.nest.map_structure(
                    lambda v: self._strategy.gather(v, 0), self._step(batch)
                )
                statistics = {name: np.asarray(value) for name, value in gathered.items()}
                place = statistics.pop("place")
                valid = place >= 0
                statistics = {name: value[valid] for name, value in statistics.items()}
                evaluator.update(statistics)
                if sums := self._task.sums(statistics):
                    by_image.append((names[place[valid]], *sums))
                progress.update(int(valid.sum()))
        if not by_image:
            return Evaluation(evaluator.result(), None)
        columns = map(np.concatenate, zip(*by_image, strict=True))
        parts = self._task.parts(evaluator)
        return Evaluation(evaluator.result(), ImageStatistics(*columns, parts))
