"""Evaluation of a task on whole images at one scale, each image once."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from foi_tf.progress import Progress
from foi_tf.tasks.base import TaskType


def replica_statistics(model: tf.keras.Model, task: TaskType, batch: Mapping) -> dict:
    """One replica's batch -> the task's statistics and "valid", one row an image."""
    predictions = task.decode(model(batch["image"], training=False))
    # Replicas can gather numbers, but not truth values.
    valid = tf.cast(batch["valid"], tf.int32)
    return dict(task.summarise(predictions, batch["targets"])) | {"valid": valid}


def evaluate(
    model: tf.keras.Model,
    task: TaskType,
    batches: tf.data.Dataset,
    strategy: tf.distribute.Strategy,
    *,
    images: int,
    label: str,
) -> dict[str, float]:
    """All metrics of the task over (distributed) batches from `pipeline.evaluate`.

    Args:
      images: how many valid ones there are.
      label: what to call it in the progress shown.
    """

    @tf.function(autograph=False)
    def step(batch):
        run = tf.autograph.experimental.do_not_convert(
            lambda batch: replica_statistics(model, task, batch)
        )
        return strategy.run(run, args=(batch,))

    evaluator = task.evaluator()
    with Progress(label, images, unit="image") as progress:
        for batch in batches:
            gathered = tf.nest.map_structure(lambda v: strategy.gather(v, 0), step(batch))
            statistics = {name: np.asarray(value) for name, value in gathered.items()}
            valid = statistics.pop("valid") > 0
            evaluator.update({name: value[valid] for name, value in statistics.items()})
            progress.update(int(valid.sum()))
    return evaluator.result()
