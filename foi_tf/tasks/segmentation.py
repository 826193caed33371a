"""Segments images into classes (section 4.2, Appendix A.2)."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from foi_tf.data.records import schema
from foi_tf.models.heads import SegmentationHead
from foi_tf.study import metrics
from foi_tf.study.choices import Upsample
from foi_tf.study.dataset import Dataset
from foi_tf.study.image_statistics import MetricParts
from foi_tf.tasks import feature_cells
from foi_tf.tasks.base import Sums, TaskType, class_names, compute_mean_share

_NO_CLASS = -1  # Target of ignored pixels.
# Ours. Far above the least float32 (1e-38), so that sums of gradients stay finite; a pixel below it
# has logits that are wrong by 69, and gets no gradient.
_LOWEST_CHANCE = 1e-30


class Segmentation(TaskType):
    """Predicts a class for each pixel of the network's input.

    Evaluation uses whole images at the single scale of section 4.1. The annotation is resized
    to the input size, too, by nearest pixels.
    """

    metric = "miou"
    terms = ("cross_entropy",)
    prediction_text = '"mask" [B, H, W]'
    prediction_maps = ("mask",)
    cell_dtype = np.int64
    classifies_cells = True

    def __init__(self, dataset: Dataset, upsample: Upsample = "probabilities"):
        """Reads the number of classes; `upsample` is that of `models.heads.SegmentationHead`."""
        self._upsample: Upsample = upsample
        self.classes = dataset.classes["segmentation"]
        self._names = class_names(dataset, "segmentation")
        self._ignored = schema.IGNORE[schema.mask_dtype(dataset)]

    def head(self) -> SegmentationHead:
        """Creates a head with a linear classifier for each pixel (Figure A.3a)."""
        return SegmentationHead(self.classes, self._upsample)

    def encode(self, example) -> dict[str, tf.Tensor]:
        """Returns {"mask" [H, W]}: uint8 as in records, or int32 where these have uint16."""
        mask = example["mask"][..., 0]  # Small numbers make small batches.
        return {"mask": mask if mask.dtype == tf.uint8 else tf.cast(mask, tf.int32)}

    def _find_classes(self, targets) -> tf.Tensor:
        """Returns the class of each pixel: int32 [B, H, W], -1 where ignored."""
        mask = tf.cast(targets["mask"], tf.int32)
        return tf.where(mask == self._ignored, _NO_CLASS, mask)

    def loss(self, outputs, targets) -> dict[str, tf.Tensor]:
        """Computes cross-entropy of outputs [B, H, W, classes] without ignored pixels (Eq. A.1).

        Outputs are those of the head: probabilities or logits.
        """
        mask = self._find_classes(targets)
        if self._upsample == "logits":
            entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(mask, 0), outputs)
        else:
            # A sum over classes takes less time than a gather, also on a CPU.
            chance = tf.reduce_sum(outputs * tf.one_hot(mask, self.classes), -1)
            entropy = -tf.math.log(tf.maximum(chance, _LOWEST_CHANCE))
        return {"cross_entropy": compute_mean_share(entropy, mask != _NO_CLASS)}

    def decode(self, outputs) -> dict[str, tf.Tensor]:
        """Returns {"mask" int32 [B, H, W]}, the likeliest class of each pixel."""
        return {"mask": tf.argmax(outputs, -1, output_type=tf.int32)}

    def summarize(self, predictions, targets) -> dict[str, tf.Tensor]:
        """Returns {"confusion" int32 [B, classes, classes]}: pixels by true and predicted class."""
        truth, found = self._find_classes(targets), predictions["mask"]
        cells = self.classes**2
        image = tf.range(truth.shape[0])[:, None, None]
        cell = image * cells + tf.maximum(truth, 0) * self.classes + found
        counted = tf.cast(truth != _NO_CLASS, tf.int32)
        counts = tf.math.unsorted_segment_sum(counted, cell, truth.shape[0] * cells)
        return {"confusion": tf.reshape(counts, [-1, self.classes, self.classes])}

    def sums(self, statistics) -> Sums:
        """Returns the pixels of intersection and of union, by image and class."""
        return _overlap(statistics["confusion"])

    def parts(self, accumulator) -> MetricParts:
        """Returns the intersection over union of each class."""
        values, images = accumulator.by_class()
        return MetricParts(class_names=self._names, class_values=values, class_images=images)

    def accumulator(self) -> "MeanIoU":
        """Creates an accumulator of mean intersection over union."""
        return MeanIoU(self.classes)

    def cell_labels(self, example, crop) -> tf.Tensor:
        """Returns the class at the center of each cell; NaN where the pixel is ignored."""
        del crop
        return feature_cells.sample_pixels(example["mask"], self._ignored)


class MeanIoU:
    """Computes intersection over union, averaged over classes (Everingham et al., Appendix C).

    Each class has one IoU over the whole set. A class that occurs neither in the annotation nor
    in the predictions has none and is left out.
    """

    def __init__(self, classes: int):
        self._confusion = np.zeros((classes, classes), np.int64)
        self._images = np.zeros(classes, np.int64)

    def update(self, statistics: Mapping[str, np.ndarray]) -> None:
        """Adds "confusion" [images, classes, classes]."""
        self._confusion += np.sum(statistics["confusion"], axis=0, dtype=np.int64)
        self._images += np.sum(np.sum(statistics["confusion"], axis=2) > 0, axis=0)

    def by_class(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns IoU, NaN without any, and the number of annotated images of each class."""
        hits, union = _overlap(self._confusion)
        return np.where(union > 0, hits / np.maximum(union, 1), np.nan), self._images.copy()

    def result(self) -> dict[str, float]:
        """Returns {"miou", "pixel_accuracy"} in [0, 1]; NaN if no pixel has a class.

        The constant prediction is the most frequent class.
        """
        hits, union = _overlap(self._confusion)
        total = self._confusion.sum()
        if not total:
            return {"miou": float("nan"), "pixel_accuracy": float("nan")}
        pixels = self._confusion.sum(1)
        most = float(pixels.max() / total)
        return {
            "miou": float(np.mean(hits[union > 0] / union[union > 0])),
            "pixel_accuracy": float(hits.sum() / total),
        } | metrics.name_constants(
            {"miou": most / np.count_nonzero(pixels), "pixel_accuracy": most}
        )


def _overlap(confusion: np.ndarray) -> Sums:
    """Returns intersection and union by class, from confusion matrices [..., classes, classes]."""
    # A view would keep the whole confusion in memory.
    hits = np.diagonal(confusion, axis1=-2, axis2=-1).copy()
    either = confusion.sum(-2, dtype=confusion.dtype) + confusion.sum(-1, dtype=confusion.dtype)
    return hits, either - hits
