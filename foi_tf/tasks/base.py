"""Defines the contract of a task type with the input, the training loop and the evaluation.

A new task type is one module beside this one with a subclass of `TaskType`, a row in
`tasks.TYPES`, a head in `models.heads`, its annotation fields in `data.records.schema`, its
name in `study.dataset` and its metric in `study.metrics`.
"""

import abc
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from foi_tf.models.heads import Head
from foi_tf.study.dataset import Dataset, Size
from foi_tf.study.image_statistics import MetricParts
from foi_tf.tasks import micro_batches

Outputs = Any  # The float32 tensors that a head returns.
Targets = Mapping[str, tf.Tensor]
Predictions = Mapping[str, tf.Tensor]
Statistics = Mapping[str, tf.Tensor]  # One row for each image: [B, ...].
# Numerators and denominators of a metric by image, [B, classes]; see `study.image_statistics`.
Sums = tuple[np.ndarray, np.ndarray]
Part = tuple[tf.Tensor, tf.Tensor]  # A replica's sum of a loss over valid elements; their number.


class MetricAccumulator(Protocol):
    """Accumulates the statistics of a validation set on the host, and computes its metrics."""

    def update(self, statistics: Mapping[str, np.ndarray]) -> None:
        """Adds the statistics of some images: arrays [images, ...]."""

    def result(self) -> dict[str, float]:
        """Returns all metrics, the task type's own `metric` among them.

        Beside them is what the best constant prediction gets on the same images, by
        `study.metrics.name_constants`: a network with no more has learnt nothing.
        """


class TaskType(abc.ABC):
    """Defines everything that varies by task type, for the classes of one dataset.

    A subclass has to define `metric`, `terms` and the abstract methods. It inherits the other
    attributes and methods, unless it defines its own.

    Attributes:
      metric: name of the main metric, a key of `study.metrics.METRICS`.
      terms: names of the loss terms that `loss` returns.
      around_objects: whether a training crop is drawn so that it holds a whole object
        (section 4.1).
      views: number of views of each image in a batch, next to each other. With 2, a batch has
        the pairs of `data.input.simclr_views`, and `encode` gets the example before they are
        made.
      prediction_text: names, shapes and units of the predictions, for model cards. "" if the
        predictions are of no use outside of training; exports then have the backbone alone.
      prediction_maps: names of the predictions that are maps [B, H, W] of the input's pixels.
      cell_dtype: dtype of the labels of single cells of a feature map (see `cell_labels`); None
        if single cells have no annotation.
      classifies_cells: whether the head's only 1x1 convolution gives the class logits of each
        cell, which some transferability metrics read.
    """

    metric: str
    terms: tuple[str, ...]
    around_objects: bool = False
    views: int = 1
    prediction_text: str = ""
    prediction_maps: tuple[str, ...] = ()
    cell_dtype: type[np.generic] | None = None
    classifies_cells: bool = False

    @abc.abstractmethod
    def __init__(self, dataset: Dataset):
        """Reads the number of classes and other facts of the dataset."""

    @abc.abstractmethod
    def head(self) -> Head:
        """Creates a head with fresh weights."""

    @abc.abstractmethod
    def encode(self, example: Mapping[str, Any]) -> Targets:
        """Turns an augmented example into targets of static shapes.

        `data.input.pipeline.Input.encode` describes the example.
        """

    @abc.abstractmethod
    def loss(self, outputs: Outputs, targets: Targets) -> dict[str, tf.Tensor]:
        """Computes named scalar terms, each this replica's share of a mean over all replicas.

        The mean is over the valid elements of all replicas' batches, and the shares add up to it
        (see `compute_mean_share`). With one replica, a term is the mean itself.

        `outputs` has `views` rows for each row of `targets`.
        """

    @abc.abstractmethod
    def decode(self, outputs: Outputs) -> Predictions:
        """Turns outputs into predictions as users want them, of static shapes."""

    @abc.abstractmethod
    def summarize(self, predictions: Predictions, targets: Targets) -> Statistics:
        """Computes on the device the statistics of each image that the metrics need."""

    def sums(self, statistics: Mapping[str, np.ndarray]) -> Sums | None:
        """Returns numerators and denominators of the metric by image.

        For average precision, which is no ratio of sums over images, those are objects that were
        found and all objects. None if there is nothing to tell of single images.
        """
        del statistics
        return None

    def parts(self, accumulator: MetricAccumulator) -> MetricParts | None:
        """Returns the metric by class and by the size of objects; None if it has no such parts.

        Args:
          accumulator: one that this task created, with all images.
        """
        del accumulator
        return None

    @abc.abstractmethod
    def accumulator(self) -> MetricAccumulator:
        """Creates an accumulator without any images."""

    def to_image_pixels(self, predictions: Predictions, scale: tf.Tensor) -> Predictions:
        """Converts coordinates in predictions from input pixels to image pixels.

        Args:
          predictions: what `decode` returns.
          scale: float32 [B, 2] or [1, 2], input pixels per image pixel.
        """
        del scale
        return predictions

    def cell_labels(self, example: Mapping[str, Any], crop: Size) -> tf.Tensor:
        """Returns the annotation of each cell of a feature map; NaN where there is none.

        Args:
          example: an augmented one, as in `encode`.
          crop: (height, width) of the network's input.

        Returns:
          float32 [ceil(H / 4), ceil(W / 4)].
        """
        del example, crop
        raise NotImplementedError(f"{type(self).__name__} has no annotation of single cells")

    def cell_geometry(self, example: Mapping[str, Any], crop: Size) -> tf.Tensor | None:
        """Returns the numbers that the head regresses in each cell with a label.

        Args:
          example, crop: as for `cell_labels`.

        Returns:
          float32 [ceil(H / 4), ceil(W / 4), G]; None if the head regresses nothing.
        """
        del example, crop
        return None


def class_names(dataset: Dataset, task_type: str) -> np.ndarray:
    """Returns the names of a dataset's classes, or their numbers where it has no names."""
    names = dataset.names.get(task_type) or map(str, range(dataset.classes[task_type]))
    return np.asarray(list(names), str)


def compute_mean_share(values: tf.Tensor, valid: tf.Tensor | None = None) -> tf.Tensor:
    """Computes this replica's share of the mean of `values` where `valid`, over all replicas.

    The sum of the replicas' shares is the mean, and the sum of their gradients is its gradient,
    whatever number of valid elements each replica has.

    Args:
      values: float32 of any shape.
      valid: bool of the same shape; None if all values are valid, as many on each replica.

    Returns:
      Scalar; 0 if nothing is valid on any replica.
    """
    if valid is None:
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return tf.reduce_mean(values) / (replicas * micro_batches.number_of_parts())
    return compute_mean_shares({"mean": sum_valid(values, valid)})["mean"]


def compute_mean_shares(
    parts: Mapping[str, Part], weights: Mapping[str, float] | None = None
) -> dict[str, tf.Tensor]:
    """Computes this replica's shares of several means by a single reduction over all replicas.

    Args:
      parts: by name of the term, this replica's sum and its number of valid elements.
      weights: factors of the terms; None for 1.

    Returns:
      Scalars by name, as `compute_mean_share` returns them.
    """
    own = [count for _, count in parts.values()]
    counts = micro_batches.find_counts(lambda: sum_over_replicas(tf.stack(own)))
    # Where nothing is valid the sum is 0, and so is the share.
    shares = {
        name: total / tf.maximum(count, 1.0)
        for (name, (total, _)), count in zip(parts.items(), tf.unstack(counts), strict=True)
    }
    if weights is None:
        return shares
    return {name: weights[name] * share for name, share in shares.items()}


def sum_valid(values: tf.Tensor, valid: tf.Tensor) -> Part:
    """Sums `values` where `valid`, both of any shape, for `compute_mean_shares`."""
    weights = tf.cast(valid, values.dtype)
    return tf.reduce_sum(values * weights), tf.reduce_sum(weights)


def sum_over_replicas(counts: tf.Tensor) -> tf.Tensor:
    """Sums numbers over all replicas, each of which has to call this, and in the same order."""
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return counts
    context = tf.distribute.get_replica_context()
    return context.all_reduce(tf.distribute.ReduceOp.SUM, counts)
