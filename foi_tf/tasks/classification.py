"""Classifies images, for pre-training (section 3.1, Appendix A.1); top-1 accuracy."""

import collections
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from foi_tf.models.heads import ClassificationHead
from foi_tf.study import metrics
from foi_tf.study.dataset import Dataset
from foi_tf.tasks.base import Sums, TaskType, compute_mean_share


class Classification(TaskType):
    """Predicts one label for each image."""

    metric = "top1"
    terms = ("cross_entropy",)
    prediction_text = '"label" [B]'

    def __init__(self, dataset: Dataset):
        self.classes = dataset.classes["classification"]

    def head(self) -> ClassificationHead:
        """Creates the head of Wang et al. (Figure A.2a)."""
        return ClassificationHead(self.classes)

    def encode(self, example) -> dict[str, tf.Tensor]:
        """Returns {"label" int32 []}."""
        return {"label": tf.cast(example["label"], tf.int32)}

    def loss(self, outputs, targets) -> dict[str, tf.Tensor]:
        """Computes the cross-entropy of logits [B, classes]."""
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(targets["label"], outputs)
        return {"cross_entropy": compute_mean_share(entropy)}

    def decode(self, outputs) -> dict[str, tf.Tensor]:
        """Returns {"label" int32 [B]}, the likeliest class."""
        return {"label": tf.argmax(outputs, -1, output_type=tf.int32)}

    def summarize(self, predictions, targets) -> dict[str, tf.Tensor]:
        """Returns {"correct" float32 [B]}, 1 or 0, and {"label" int32 [B]}, the annotation."""
        correct = tf.cast(predictions["label"] == targets["label"], tf.float32)
        return {"correct": correct, "label": targets["label"]}

    def sums(self, statistics) -> Sums:
        """Returns for each image whether it is correct (1 or 0), and 1."""
        correct = statistics["correct"].astype(np.uint8)[:, None]
        return correct, np.ones_like(correct)

    def accumulator(self) -> "Top1":
        """Creates an accumulator of top-1 accuracy."""
        return Top1()


class Top1:
    """Computes the share of images whose likeliest class is the right one."""

    def __init__(self) -> None:
        self._correct, self._images = 0.0, 0
        self._labels: collections.Counter[int] = collections.Counter()

    def update(self, statistics: Mapping[str, np.ndarray]) -> None:
        """Adds "correct" and "label" [images]."""
        self._correct += float(np.sum(statistics["correct"]))
        self._images += len(statistics["correct"])
        self._labels.update(statistics["label"].tolist())

    def result(self) -> dict[str, float]:
        """Returns {"top1"} in [0, 1]; NaN without images.

        The constant prediction is the most frequent label.
        """
        if not self._images:
            return {"top1": float("nan")}
        most = max(self._labels.values()) / self._images
        return {"top1": self._correct / self._images} | metrics.name_constants({"top1": most})
