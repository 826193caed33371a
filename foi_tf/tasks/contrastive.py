"""Contrastive learning without annotations, after SimCLR (arXiv 2002.05709; Section 7).

Batches have two views of each image next to each other (see `data.input.simclr_views`). A network learns to
tell which two belong together, among those of all images of the batch.
"""

import numpy as np
import tensorflow as tf

from foi_tf.models.heads import ProjectionHead
from foi_tf.study.dataset import Dataset

TEMPERATURE = 0.1  # Of SimCLR on ILSVRC'12.
_ROWS = 256  # Of similarities at a time, on the host; ours.


class Contrastive:
    """Images are their own labels; the share of views whose likeliest partner is the right one."""

    metric = "contrastive_accuracy"
    terms = ("nt_xent",)
    around_objects = False
    views = 2

    def __init__(self, dataset: Dataset):
        del dataset  # Of which it needs to know nothing.

    def head(self) -> ProjectionHead:
        """SimCLR's, on averages of the backbone's features."""
        return ProjectionHead()

    def encode(self, example) -> dict[str, tf.Tensor]:
        """-> {}; there are no targets."""
        del example
        return {}

    def loss(self, outputs, targets) -> dict[str, tf.Tensor]:
        """NT-Xent of unit vectors [2 B, C], over all replicas."""
        del targets
        return {"nt_xent": nt_xent(outputs, TEMPERATURE)}

    def decode(self, outputs) -> dict[str, tf.Tensor]:
        """-> {"embedding" float32 [B, 2, C]}, a unit vector for each view."""
        return {"embedding": tf.reshape(outputs, [-1, 2, outputs.shape[-1]])}

    def summarize(self, predictions, targets) -> dict[str, tf.Tensor]:
        """The embeddings; which are likest is told among those of all images."""
        del targets
        return dict(predictions)

    def sums(self, statistics) -> None:
        """None: images are judged by each other."""
        del statistics

    def evaluator(self) -> "ContrastiveAccuracy":
        """Contrastive accuracy."""
        return ContrastiveAccuracy()


def nt_xent(embeddings: tf.Tensor, temperature: float) -> tf.Tensor:
    """Normalized temperature-scaled cross-entropy (Equation 1 of SimCLR).

    Each view is to be told apart from all other views of the global batch, those on other
    replicas included, as the partner of the view beside it.

    Args:
      embeddings: unit vectors [2 B, C] of one replica's views; 2 i and 2 i + 1 are partners.

    Returns:
      The mean over this replica's views; scalar.
    """
    context = tf.distribute.get_replica_context()
    own = embeddings.shape[0]
    first = own * context.replica_id_in_sync_group
    everyone = _all_gathered(embeddings, context)
    similarity = tf.matmul(embeddings, everyone, transpose_b=True) / temperature
    rows = tf.range(own)
    itself = tf.one_hot(first + rows, everyone.shape[0], on_value=True, off_value=False)
    logits = tf.where(itself, similarity.dtype.min, similarity)
    partner = first + tf.bitwise.bitwise_xor(rows, 1)
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(partner, logits)
    return tf.reduce_mean(entropy)


def _all_gathered(values: tf.Tensor, context: tf.distribute.ReplicaContext) -> tf.Tensor:
    """[N, C] of each replica -> [replicas * N, C] on each, in the order of the replicas.

    TensorFlow's own gradient of it cuts out a range of dynamic size, which XLA does not take.
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
    """The share of views that are likest to their partner, among both views of all images.

    By chance that is about one over twice the number of images, so only values of one
    validation set can be compared.
    """

    def __init__(self):
        self._embeddings: list[np.ndarray] = []

    def update(self, statistics) -> None:
        """Adds "embedding" [images, 2, C]."""
        self._embeddings.append(statistics["embedding"])

    def result(self) -> dict[str, float]:
        """-> {"contrastive_accuracy"}; NaN without images."""
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
        return {"contrastive_accuracy": float(right / len(views))}
