"""Learns from images without annotations, after SimCLR (arXiv 2002.05709; Section 7).

A batch has two views of each image, next to each other (see `data.input.simclr_views`). The
network learns to tell which two views belong together, among the views of all images of the
batch.
"""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from foi_tf.models.heads import ProjectionHead
from foi_tf.study import metrics
from foi_tf.study.dataset import Dataset
from foi_tf.tasks.base import TaskType, compute_mean_share

TEMPERATURE = 0.1  # SimCLR's value for ILSVRC'12.
_ROWS = 256  # Rows of similarities that the host computes at a time; ours.


class Contrastive(TaskType):
    """Learns from images alone: the label of a view is the other view of its image."""

    metric = "contrastive_accuracy"
    terms = ("nt_xent",)
    views = 2

    def __init__(self, dataset: Dataset):
        del dataset  # Images have no classes here.

    def head(self) -> ProjectionHead:
        """Creates SimCLR's projection head, on averages of the backbone's features."""
        return ProjectionHead()

    def encode(self, example) -> dict[str, tf.Tensor]:
        """Returns {}; there are no targets."""
        del example
        return {}

    def loss(self, outputs, targets) -> dict[str, tf.Tensor]:
        """Computes NT-Xent of unit vectors [2 B, C], over the views of all replicas."""
        del targets
        return {"nt_xent": compute_nt_xent(outputs, TEMPERATURE)}

    def decode(self, outputs) -> dict[str, tf.Tensor]:
        """Returns {"embedding" float32 [B, 2, C]}, a unit vector for each view."""
        return {"embedding": tf.reshape(outputs, [-1, 2, outputs.shape[-1]])}

    def summarize(self, predictions, targets) -> dict[str, tf.Tensor]:
        """Returns the embeddings; the accumulator compares those of all images."""
        del targets
        return dict(predictions)

    def accumulator(self) -> "ContrastiveAccuracy":
        """Creates an accumulator of contrastive accuracy."""
        return ContrastiveAccuracy()


def compute_nt_xent(embeddings: tf.Tensor, temperature: float) -> tf.Tensor:
    """Computes the normalized temperature-scaled cross-entropy (Equation 1 of SimCLR).

    Each view has to recognize its partner, the view beside it, among all other views of the
    global batch, those on other replicas included.

    Args:
      embeddings: unit vectors [2 B, C] of one replica's views; 2 i and 2 i + 1 are partners.
      temperature: divisor of the similarities.

    Returns:
      Scalar, this replica's share of the mean over the views of all replicas.
    """
    context = tf.distribute.get_replica_context()
    own = embeddings.shape[0]
    first = own * context.replica_id_in_sync_group
    everyone = _gather_replicas(embeddings, context)
    similarity = tf.matmul(embeddings, everyone, transpose_b=True) / temperature
    rows = tf.range(own)
    itself = tf.one_hot(first + rows, everyone.shape[0], on_value=True, off_value=False)
    logits = tf.where(itself, similarity.dtype.min, similarity)
    partner = first + tf.bitwise.bitwise_xor(rows, 1)
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(partner, logits)
    return compute_mean_share(entropy)


def _gather_replicas(values: tf.Tensor, context: tf.distribute.ReplicaContext) -> tf.Tensor:
    """Gathers [N, C] of each replica into [replicas * N, C] on every one, in their order.

    TensorFlow's own gradient of `all_gather` takes a slice of dynamic size, which XLA does not
    compile.
    """
    replicas = context.num_replicas_in_sync
    if replicas == 1:
        return values
    count, channels = values.shape

    @tf.custom_gradient
    def gather(own):
        everyone = context.all_gather(own, axis=0)

        def gradient(of_everyone):
            total = context.all_reduce(tf.distribute.ReduceOp.SUM, of_everyone)
            start = count * context.replica_id_in_sync_group
            return tf.slice(total, [start, 0], [count, channels])

        return tf.ensure_shape(everyone, (replicas * count, channels)), gradient

    return gather(values)


class ContrastiveAccuracy:
    """Computes the share of views whose partner is the most similar view of all images.

    Chance level is about one over twice the number of images, so only values on the same
    validation set can be compared.
    """

    def __init__(self) -> None:
        self._embeddings: list[np.ndarray] = []

    def update(self, statistics: Mapping[str, np.ndarray]) -> None:
        """Adds "embedding" [images, 2, C]."""
        self._embeddings.append(statistics["embedding"])

    def result(self) -> dict[str, float]:
        """Returns {"contrastive_accuracy"} in [0, 1]; NaN without images.

        The constant prediction has the same embedding everywhere: its partner is drawn by chance.
        """
        if not self._embeddings:
            return {"contrastive_accuracy": float("nan")}
        pairs = np.concatenate(self._embeddings)
        views = pairs.reshape(-1, pairs.shape[-1])
        right = 0
        for start in range(0, len(views), _ROWS):
            similarity = views[start : start + _ROWS] @ views.T
            rows = np.arange(len(similarity))
            similarity[rows, start + rows] = -np.inf
            right += np.sum(similarity.argmax(1) == (start + rows) ^ 1)
        chance = 1 / (len(views) - 1)
        return {"contrastive_accuracy": float(right / len(views))} | metrics.name_constants(
            {"contrastive_accuracy": chance}
        )
