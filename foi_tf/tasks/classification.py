"""Image classification, for pre-training (section 3.1, Appendix A.1); top-1 accuracy."""

import numpy as np
import tensorflow as tf

from foi_tf.models.heads import ClassificationHead
from foi_tf.study.dataset import Dataset
from foi_tf.tasks.base import Sums


class Classification:
    """One label an image."""

    metric = "top1"
    terms = ("cross_entropy",)
    around_objects = False
    views = 1

    def __init__(self, dataset: Dataset):
        self.classes = dataset.classes["classification"]

    def head(self) -> ClassificationHead:
        """The head of Wang et al. (Figure A.2a)."""
        return ClassificationHead(self.classes)

    def encode(self, example) -> dict[str, tf.Tensor]:
        """-> {"label" int32 []}."""
        return {"label": tf.cast(example["label"], tf.int32)}

    def loss(self, outputs, targets) -> dict[str, tf.Tensor]:
        """Cross-entropy of logits [B, classes]."""
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(targets["label"], outputs)
        return {"cross_entropy": tf.reduce_mean(entropy)}

    def decode(self, outputs) -> dict[str, tf.Tensor]:
        """-> {"label" int32 [B]}."""
        return {"label": tf.argmax(outputs, -1, output_type=tf.int32)}

    def summarize(self, predictions, targets) -> dict[str, tf.Tensor]:
        """-> {"correct" float32 [B]}."""
        return {"correct": tf.cast(predictions["label"] == targets["label"], tf.float32)}

    def sums(self, statistics) -> Sums:
        """Correct or not, of one."""
        correct = statistics["correct"].astype(np.uint8)[:, None]
        return correct, np.ones_like(correct)

    def evaluator(self) -> "Top1":
        """Top-1 accuracy."""
        return Top1()


class Top1:
    """The share of images whose likeliest class is the right one."""

    def __init__(self):
        self._correct = self._images = 0

    def update(self, statistics) -> None:
        """Adds "correct" [images]."""
        self._correct += float(np.sum(statistics["correct"]))
        self._images += len(statistics["correct"])

    def result(self) -> dict[str, float]:
        """-> {"top1"}; NaN without images."""
        return {"top1": self._correct / self._images if self._images else float("nan")}
