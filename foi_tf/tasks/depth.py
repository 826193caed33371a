"""Monocular depth estimation (section 4.2, Appendix A.5)."""

import numpy as np
import tensorflow as tf

from foi_tf.models.heads import DepthHead
from foi_tf.study.dataset import Dataset
from foi_tf.tasks.base import Sums, mean_over

DELTA = 1.25  # Of the accuracy in section 4.3.


class Depth:
    """Meters a pixel, at the network's input size, where the output is upsampled to.

    Only pixels of known depth count, in training and in evaluation. Truth arrives clipped
    to the dataset's range (`data.input.augment.crop_depth`); predictions are clipped to it here.

    Evaluation is on whole images at the one scale of section 4.1: the annotation is
    brought to the input size too, by its nearest pixels.
    """

    metric = "rmse"
    terms = ("l1", "smoothness")
    around_objects = False
    views = 1

    def __init__(self, dataset: Dataset):
        self._range = dataset.depth_range

    def head(self) -> DepthHead:
        """A linear regression a pixel and softplus (Figure A.6a)."""
        return DepthHead()

    def encode(self, example) -> dict[str, tf.Tensor]:
        """-> {"depth" float32 [H, W]}, 0 where unknown."""
        return {"depth": example["depth"][..., 0]}

    def loss(self, outputs, targets) -> dict[str, tf.Tensor]:
        """L1 of depth (Eq. A.5) and of its derivatives (Eq. A.6), outputs [B, H, W, 1].

        The paper prints no weights: the terms count alike. Derivatives are differences of
        neighbors, known where both are; N is the number of known pixels in both terms.
        """
        truth = targets["depth"]
        known = truth > 0
        # The difference of derivatives is the derivative of the difference.
        error = tf.where(known, outputs[..., 0] - truth, 0.0)
        across = tf.where(known[:, :, 1:] & known[:, :, :-1], error[:, :, 1:] - error[:, :, :-1], 0)
        down = tf.where(known[:, 1:] & known[:, :-1], error[:, 1:] - error[:, :-1], 0)
        steps = tf.pad(tf.abs(across), [[0, 0], [0, 0], [0, 1]])
        steps += tf.pad(tf.abs(down), [[0, 0], [0, 1], [0, 0]])
        return {"l1": mean_over(tf.abs(error), known), "smoothness": mean_over(steps, known)}

    def decode(self, outputs) -> dict[str, tf.Tensor]:
        """-> {"depth" float32 [B, H, W]}, within the dataset's range where it has one."""
        depth = outputs[..., 0]
        return {"depth": tf.clip_by_value(depth, *self._range) if self._range else depth}

    def summarize(self, predictions, targets) -> dict[str, tf.Tensor]:
        """Sums over the known pixels of each image row, [B, H].

        Those of one row are exact enough in float32, which TPUs have; the evaluator adds
        up in float64.

        Returns:
          "squared_error" float32, "accurate" int32 (within `DELTA`), "known" int32.
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
        }

    def sums(self, statistics) -> Sums:
        """The squared error and the number of known pixels."""
        squared = statistics["squared_error"].sum(-1, keepdims=True, dtype=np.float64)
        return squared, statistics["known"].sum(-1, keepdims=True, dtype=np.int32)

    def accumulator(self) -> "DepthErrors":
        """Root mean square error, and the share of accurate pixels."""
        return DepthErrors()


class DepthErrors:
    """Linear RMSE (Eigen et al., NeurIPS 2014) and the share of pixels with delta < 1.25.

    Both are over all pixels of known depth of the set, as Eigen et al. define them: an
    image counts by its known pixels. Much public code averages over images instead, which
    makes another and, of RMSE, mostly smaller number.
    """

    def __init__(self):
        self._squared_error = 0.0
        self._accurate = self._known = 0

    def update(self, statistics) -> None:
        """Adds "squared_error", "accurate" and "known", each [images, rows]."""
        self._squared_error += float(np.sum(statistics["squared_error"], dtype=np.float64))
        self._accurate += int(np.sum(statistics["accurate"], dtype=np.int64))
        self._known += int(np.sum(statistics["known"], dtype=np.int64))

    def result(self) -> dict[str, float]:
        """-> {"rmse" in meters, "delta1" in [0, 1]}; NaN where no depth is known."""
        if not self._known:
            return {"rmse": float("nan"), "delta1": float("nan")}
        return {
            "rmse": float(np.sqrt(self._squared_error / self._known)),
            "delta1": self._accurate / self._known,
        }
