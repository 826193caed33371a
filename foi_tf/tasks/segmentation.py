"""Semantic segmentation (section 4.2, Appendix A.2)."""

import numpy as np
import tensorflow as tf

from foi_tf.data.records import schema
from foi_tf.models.heads import SegmentationHead
from foi_tf.study.dataset import Dataset
from foi_tf.tasks.base import Sums, mean_over

_NO_CLASS = -1  # In targets, where a pixel is ignored.


class Segmentation:
    """A class a pixel, at the network's input size, where the logits are upsampled to.

    Evaluation is on whole images at the one scale of section 4.1: the annotation is
    brought to the input size too, by its nearest pixels.
    """

    metric = "miou"
    terms = ("cross_entropy",)
    around_objects = False
    views = 1

    def __init__(self, dataset: Dataset):
        self.classes = dataset.classes["segmentation"]
        self._ignored = schema.IGNORE[schema.mask_dtype(dataset)]

    def head(self) -> SegmentationHead:
        """A linear classifier a pixel (Figure A.3a)."""
        return SegmentationHead(self.classes)

    def encode(self, example) -> dict[str, tf.Tensor]:
        """-> {"mask" int32 [H, W]}, -1 where ignored."""
        mask = tf.cast(example["mask"][..., 0], tf.int32)
        return {"mask": tf.where(mask == self._ignored, _NO_CLASS, mask)}

    def loss(self, outputs, targets) -> dict[str, tf.Tensor]:
        """Cross-entropy of logits [B, H, W, classes] over pixels that have a class (Eq. A.1)."""
        mask = targets["mask"]
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(mask, 0), outputs)
        return {"cross_entropy": mean_over(entropy, mask != _NO_CLASS)}

    def decode(self, outputs) -> dict[str, tf.Tensor]:
        """-> {"mask" int32 [B, H, W]}."""
        return {"mask": tf.argmax(outputs, -1, output_type=tf.int32)}

    def summarize(self, predictions, targets) -> dict[str, tf.Tensor]:
        """-> {"confusion" int32 [B, classes, classes]}: pixels by true and predicted class."""
        truth, found = targets["mask"], predictions["mask"]
        cells = self.classes**2
        image = tf.range(truth.shape[0])[:, None, None]
        cell = image * cells + tf.maximum(truth, 0) * self.classes + found
        counted = tf.cast(truth != _NO_CLASS, tf.int32)
        counts = tf.math.unsorted_segment_sum(counted, cell, truth.shape[0] * cells)
        return {"confusion": tf.reshape(counts, [-1, self.classes, self.classes])}

    def sums(self, statistics) -> Sums:
        """Pixels of intersection and of union, by class."""
        return _overlap(statistics["confusion"])

    def evaluator(self) -> "MeanIoU":
        """Mean intersection over union."""
        return MeanIoU(self.classes)


class MeanIoU:
    """Intersection over union, averaged over classes (Everingham et al., as in Appendix C).

    Over the whole set, and over the classes that occur in its annotation or in its
    predictions; one that occurs in neither has no IoU.
    """

    def __init__(self, classes: int):
        self._confusion = np.zeros((classes, classes), np.int64)

    def update(self, statistics) -> None:
        """Adds "confusion" [images, classes, classes]."""
        self._confusion += np.sum(statistics["confusion"], axis=0, dtype=np.int64)

    def result(self) -> dict[str, float]:
        """-> {"miou", "pixel_accuracy"}; NaN where no pixel has a class."""
        hits, union = _overlap(self._confusion)
        total = self._confusion.sum()
        if not total:
            return {"miou": float("nan"), "pixel_accuracy": float("nan")}
        return {
            "miou": float(np.mean(hits[union > 0] / union[union > 0])),
            "pixel_accuracy": float(hits.sum() / total),
        }


def _overlap(confusion: np.ndarray) -> Sums:
    """Pixels by true and predicted class [..., classes, classes] -> intersection, union."""
    # A view would keep the whole confusion in memory.
    hits = np.diagonal(confusion, axis1=-2, axis2=-1).copy()
    either = confusion.sum(-2, dtype=confusion.dtype) + confusion.sum(-1, dtype=confusion.dtype)
    return hits, either - hits
