"""Computes the branches of a frozen backbone, standardized by channel, for heads to train on."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from foi_tf.chains.initial_weights import Start
from foi_tf.models import backbones, hrnet, layers, transfer
from foi_tf.models.heads import Head
from foi_tf.progress import Progress
from foi_tf.study.dataset import Channels, Size

_CONSTANT = 1e-6  # Standard deviation up to which a channel counts as constant; ours.


class FrozenBranches:
    """Computes the branches of whole images by a backbone, with batch norm in inference mode.

    Branches are what the backbone upsamples and concatenates to its features. They take a
    fraction of the memory: 90 numbers a cell in place of HRNetV2-W48's 720. A backbone without
    branches has its features alone.

    Args:
      backbone: name of the backbone, as `study.backbones.find_backbone` takes it.
      size: (height, width) of the images.
    """

    def __init__(self, backbone: str, size: Size):
        self.size = size
        self._network = backbones.build_backbone(backbone, (*size, 3))
        self._kept = hrnet.branches(self._network) or [self._network.output]
        self._model = tf.keras.Model(self._network.input, self._kept)
        self._random = [(v, v.numpy()) for v in self._network.variables]
        self._scale, self._offset = (tf.Variable(tf.zeros(3), trainable=False) for _ in range(2))
        self._centers, self._factors = (
            [tf.Variable(tf.zeros(x.shape[-1]), trainable=False) for x in self._kept]
            for _ in range(2)
        )
        self._step = tf.function(layers.not_converted(self._compute), autograph=False)

    @property
    def bytes_per_image(self) -> int:
        """Returns the bytes that the branches of an image take."""
        return sum(4 * x.shape[1:].num_elements() for x in self._kept)

    def connect(self, head: Head) -> tf.keras.Model:
        """Builds the model from branches, and an image of which only the size matters, to outputs.

        It has no weights but those of the head.
        """
        return tf.keras.Model([*self._kept, self._network.input], head.connect(self._network))

    def load(self, begin: Start, statistics: tuple[Channels, Channels]) -> None:
        """Loads weights, and the mean and standard deviation that normalize their pixels.

        Raises:
          FoiError: the weights are not for this backbone.
        """
        for variable, value in self._random:
            variable.assign(value)
        if begin.checkpoint is not None:
            transfer.load_backbone(self._network, begin.checkpoint)
        mean, std = map(np.asarray, statistics)
        self._scale.assign(1 / (255 * std))
        self._offset.assign(-mean / std)

    def extract(
        self, batches: tf.data.Dataset, count: int, label: str
    ) -> tuple[list[tf.Tensor], dict[str, tf.Tensor]]:
        """Computes the branches of training images, and standardizes all later ones likewise.

        Args:
          batches: of `pipeline.make_evaluation_batches`.
          count: number of images in them.
          label: text in front of the progress that is shown.

        Returns:
          The branches [N, h, w, C], each channel with mean 0 and standard deviation 1, and the
          targets [N, ...] by name.
        """
        arrays: dict[str, np.ndarray] = {}
        done = 0
        with Progress(label, count, unit="image") as progress:
            for batch in batches:
                valid = batch["place"].numpy() >= 0
                branches = enumerate(self._step(batch["image"]))
                found = {f"branch {i}": x for i, x in branches} | batch["targets"]
                for name, values in found.items():
                    rows = values.numpy()[valid]
                    if name not in arrays:  # Filled in place, as parts would take twice the memory.
                        arrays[name] = np.empty((count, *rows.shape[1:]), rows.dtype)
                    arrays[name][done : done + len(rows)] = rows
                done += int(valid.sum())
                progress.update(int(valid.sum()))
        branches = [arrays.pop(f"branch {i}") for i in range(len(self._kept))]
        self._standardize(branches)
        return [tf.constant(x) for x in branches], _to_tensors(arrays)

    def __call__(self, pixels: tf.Tensor) -> list[tf.Tensor]:
        """Computes the standardized branches [B, h, w, C] of uint8 [B, H, W, 3]."""
        whole = zip(self._compute(pixels), self._centers, self._factors, strict=True)
        return [(x - center) * factor for x, center, factor in whole]

    def _compute(self, pixels: tf.Tensor) -> list[tf.Tensor]:
        images = tf.cast(pixels, tf.float32) * self._scale + self._offset
        return tf.nest.flatten(self._model(images, training=False))

    def _standardize(self, branches: list[np.ndarray]) -> None:
        """Standardizes branches in place, and keeps the numbers for other images."""
        for values, center, factor in zip(branches, self._centers, self._factors, strict=True):
            mean, std = (f((0, 1, 2), dtype=np.float64) for f in (values.mean, values.std))
            center.assign(mean)
            factor.assign(1 / np.where(std > _CONSTANT, std, 1))
            values -= center.numpy()
            values *= factor.numpy()


def _to_tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
    return {name: tf.constant(values) for name, values in arrays.items()}
