"""What a task type is to the pipeline, the training loop and the evaluation."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from foi_tf.models.heads import Head

Outputs = Any  # What the head returns: float32 tensors.
Targets = Mapping[str, tf.Tensor]
Predictions = Mapping[str, tf.Tensor]
Statistics = Mapping[str, tf.Tensor]  # One row an image: [B, ...].
Sums = tuple[
    np.ndarray, np.ndarray
]  # See `study.image_statistics`: numerator, denominator [B, classes].


class Evaluator(Protocol):
    """Gathers statistics over a validation set, on the host."""

    def update(self, statistics: Mapping[str, np.ndarray]) -> None:
        """Adds the statistics of some images: arrays [images, ...]."""

    def result(self) -> dict[str, float]:
        """All metrics, the task type's own `metric` among them."""


class TaskType(Protocol):
    """Everything that varies by task type; made from a row of the registry.

    Attributes:
      metric: a name of `study.metrics.METRICS`.
      terms: the names of what `loss` returns.
      around_objects: whether training crops hold a whole object (section 4.1).
      views: how many of each image a batch has, next to each other; 2 make a pair of
        `data.input.simclr_views`, of which `encode` is given the example as it was before.
    """

    metric: str
    terms: tuple[str, ...]
    around_objects: bool
    views: int

    def head(self) -> Head:
        """A head with fresh weights."""

    def encode(self, example: Mapping[str, tf.Tensor]) -> Targets:
        """An augmented example (see `data.input.pipeline.Input.encode`) -> targets of static shapes."""

    def loss(self, outputs: Outputs, targets: Targets) -> dict[str, tf.Tensor]:
        """Named scalar terms, each a mean over this replica's valid elements.

        Of the rows of `outputs` there are `views` for each of `targets`.
        """

    def decode(self, outputs: Outputs) -> Predictions:
        """What a user wants to see of the outputs; static shapes."""

    def summarize(self, predictions: Predictions, targets: Targets) -> Statistics:
        """What the evaluator needs of each image, on the device."""

    def sums(self, statistics: Mapping[str, np.ndarray]) -> Sums | None:
        """What the metric is a ratio of, by image, from statistics; None if it is no such ratio."""

    def evaluator(self) -> Evaluator:
        """An evaluator without images yet."""


def mean_over(values: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
    """The mean of `values` where `valid`, both of one shape; zero if nothing is."""
    weights = tf.cast(valid, values.dtype)
    return tf.math.divide_no_nan(tf.reduce_sum(values * weights), tf.reduce_sum(weights))
