"""Estimates monocular depth (section 4.2, Appendix A.5)."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from foi_tf.models.heads import DepthHead
from foi_tf.study import metrics
from foi_tf.study.dataset import Dataset
from foi_tf.tasks import feature_cells
from foi_tf.tasks.base import Sums, TaskType, compute_mean_shares, sum_valid

DELTA = 1.25  # Largest ratio of an accurate pixel (section 4.3).


class Depth(TaskType):
    """Predicts depth in meters for each pixel of the network's input.

    Only pixels of known depth count, in training and in evaluation. The annotation arrives
    clipped to the dataset's range (`data.input.augment.crop_depth`). Predictions are clipped
    to it here.

    Evaluation uses whole images at the single scale of section 4.1. The annotation is resized
    to the input size, too, by nearest pixels.
    """

    metric = "rmse"
    terms = ("l1", "smoothness")
    prediction_text = '"depth" [B, H, W], meters'
    prediction_maps = ("depth",)
    cell_dtype = np.float32

    def __init__(self, dataset: Dataset):
        self._range = dataset.depth_range

    def head(self) -> DepthHead:
        """Creates a head of linear regression by pixel and softplus (Figure A.6a)."""
        return DepthHead()

    def encode(self, example) -> dict[str, tf.Tensor]:
        """Returns {"depth" float32 [H, W]} in meters, 0 where unknown."""
        return {"depth": example["depth"][..., 0]}

    def loss(self, outputs, targets) -> dict[str, tf.Tensor]:
        """Computes L1 of depth (Eq. A.5) and of its derivatives (Eq. A.6), outputs [B, H, W, 1].

        The paper prints no weights, so both terms have the same weight. Derivatives are
        differences of neighboring pixels, known where both pixels are. N is the number of
        known pixels in both terms, those of all replicas.
        """
        truth = targets["depth"]
        known = truth > 0
        # The difference of derivatives is the derivative of the difference.
        error = tf.where(known, outputs[..., 0] - truth, 0.0)
        across = tf.where(known[:, :, 1:] & known[:, :, :-1], error[:, :, 1:] - error[:, :, :-1], 0)
        down = tf.where(known[:, 1:] & known[:, :-1], error[:, 1:] - error[:, :-1], 0)
        steps = tf.pad(tf.abs(across), [[0, 0], [0, 0], [0, 1]])
        steps += tf.pad(tf.abs(down), [[0, 0], [0, 1], [0, 0]])
        return compute_mean_shares(
            {"l1": sum_valid(tf.abs(error), known), "smoothness": sum_valid(steps, known)}
        )

    def decode(self, outputs) -> dict[str, tf.Tensor]:
        """Returns {"depth" float32 [B, H, W]} in meters, clipped to the dataset's range if any."""
        depth = outputs[..., 0]
        return {"depth": tf.clip_by_value(depth, *self._range) if self._range else depth}

    def summarize(self, predictions, targets) -> dict[str, tf.Tensor]:
        """Sums over the known pixels of each row of an image, [B, H].

        Sums of one row are exact enough in float32, which TPUs have. The accumulator adds
        them up in float64.

        Returns:
          "squared_error" float32 in square meters, "accurate" int32 (number of pixels within
          `DELTA`), "known" int32 (number of pixels), and of the annotation "depth" float32 in
          meters and "squared_depth" float32 in square meters.
        """
        truth, found = targets["depth"], predictions["depth"]
        known = truth > 0
        squared = tf.where(known, tf.square(found - truth), 0.0)
        # max(z / y, y / z) < DELTA, without dividing by what may be zero.
        accurate = known & (found < DELTA * truth) & (truth < DELTA * found)
        return {
            "squared_error": tf.reduce_sum(squared, -1),
            "accurate": tf.reduce_sum(tf.cast(accurate, tf.int32), -1),
            "known": tf.reduce_sum(tf.cast(known, tf.int32), -1),
            "depth": tf.reduce_sum(truth, -1),  # 0 where unknown.
            "squared_depth": tf.reduce_sum(tf.square(truth), -1),
        }

    def sums(self, statistics) -> Sums:
        """Returns the squared error and the number of known pixels of each image."""
        squared = statistics["squared_error"].sum(-1, keepdims=True, dtype=np.float64)
        return squared, statistics["known"].sum(-1, keepdims=True, dtype=np.int32)

    def accumulator(self) -> "DepthErrors":
        """Creates an accumulator of RMSE and of the share of accurate pixels."""
        return DepthErrors()

    def cell_labels(self, example, crop) -> tf.Tensor:
        """Returns the depth at the center of each cell, in meters; NaN where it is unknown."""
        del crop
        return feature_cells.sample_pixels(example["depth"], 0)

    def cell_geometry(self, example, crop) -> tf.Tensor:
        """Returns the logarithm of the same depth."""
        return tf.math.log(self.cell_labels(example, crop))[..., None]


class DepthErrors:
    """Computes linear RMSE (Eigen et al., NeurIPS 2014) and the share of pixels with delta < 1.25.

    Both cover all pixels of known depth of the set, as Eigen et al. define them, so an image
    weighs as much as it has known pixels. Much public code averages over images instead. That
    gives other numbers; its RMSE is mostly smaller.
    """

    def __init__(self) -> None:
        self._squared_error = self._depth = self._squared_depth = 0.0
        self._accurate = self._known = 0

    def update(self, statistics: Mapping[str, np.ndarray]) -> None:
        """Adds what `Depth.summarize` returns, each [images, rows]."""
        self._squared_error += float(np.sum(statistics["squared_error"], dtype=np.float64))
        self._depth += float(np.sum(statistics["depth"], dtype=np.float64))
        self._squared_depth += float(np.sum(statistics["squared_depth"], dtype=np.float64))
        self._accurate += int(np.sum(statistics["accurate"], dtype=np.int64))
        self._known += int(np.sum(statistics["known"], dtype=np.int64))

    def result(self) -> dict[str, float]:
        """Returns {"rmse" in meters, "delta1" in [0, 1]}; NaN if no depth is known.

        The constant prediction is the mean depth; its RMSE is the standard deviation of depths.
        """
        if not self._known:
            return {"rmse": float("nan"), "delta1": float("nan")}
        variance = self._squared_depth / self._known - (self._depth / self._known) ** 2
        return {
            "rmse": float(np.sqrt(self._squared_error / self._known)),
            "delta1": self._accurate / self._known,
        } | metrics.name_constants({"rmse": float(np.sqrt(max(variance, 0.0)))})
