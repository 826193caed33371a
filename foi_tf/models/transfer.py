"""Networks of a link: one backbone, a head a task; backbone weights pass between links."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from etils import epath

from foi_tf.errors import FoiError
from foi_tf.files import first_line
from foi_tf.models import layers
from foi_tf.models.backbones import build_backbone as make_backbone
from foi_tf.models.heads import Head
from foi_tf.study.dataset import Channels, Size


@dataclasses.dataclass(frozen=True)
class Network:
    """One backbone with one or several heads.

    Attributes:
      backbone: normalized images [B, H, W, 3] -> features.
      models: by name of the task, pixels [B, H, W, 3] in [0, 255] (uint8 or float) -> the
        outputs of its head; all share the backbone.
    """

    backbone: tf.keras.Model
    models: Mapping[str, tf.keras.Model]

    def checkpoint(self, **others) -> tf.train.Checkpoint:
        """What is saved of the network, with whatever else the caller saves."""
        heads = tf.train.Checkpoint(**{_head_key(name): m for name, m in self.models.items()})
        return tf.train.Checkpoint(backbone=self.backbone, heads=heads, **others)

    @property
    def trainable_variables(self) -> list[tf.Variable]:
        """Of the backbone and all heads, each once."""
        found = {id(v): v for m in self.models.values() for v in m.trainable_variables}
        return list(found.values())

    @property
    def variables(self) -> list[tf.Variable]:
        """Of the backbone and all heads, each once, also those that are not trained."""
        return list({id(v): v for m in self.models.values() for v in m.variables}.values())


@layers.not_converted
def build_network(
    backbone_name: str,
    heads: Mapping[str, Head],
    crops: Mapping[str, Size],
    statistics: Mapping[str, tuple[Channels, Channels]],
) -> Network:
    """Builds a backbone and puts the heads on it; weights follow from the global seed.

    Args:
      heads, crops, statistics: by name of the task, its head, its input size, and the
        mean and standard deviation of its dataset's channels, by which its model
        normalizes images (section 4.1).
    """
    sizes = set(crops.values())
    # One input size is made part of the network; among several each call brings its own.
    height, width = sizes.pop() if len(sizes) == 1 else (None, None)
    backbone = make_backbone(backbone_name, (height, width, 3))
    models = {}
    for name, head in heads.items():
        pixels = tf.keras.Input((height, width, 3), name="pixels")
        network = tf.keras.Model(backbone.input, head.connect(backbone))
        models[name] = tf.keras.Model(pixels, network(build_normalizer(*statistics[name])(pixels)))
    return Network(backbone, models)


def build_normalizer(mean: Channels, std: Channels) -> tf.keras.layers.Layer:
    """From pixels in [0, 255] to what backbones take, float32."""
    scale = 1 / (255 * np.asarray(std))
    offset = -np.asarray(mean) / np.asarray(std)
    return tf.keras.layers.Rescaling(
        scale.tolist(), offset.tolist(), dtype=tf.float32, name="normalize"
    )


def load_backbone(backbone: tf.keras.Model, checkpoint: epath.PathLike) -> None:
    """Copies backbone weights out of a link's checkpoint; heads stay as they are.

    Raises:
      FoiError: there is no such checkpoint, or it is of another backbone.
    """
    _read_checkpoint(
        tf.train.Checkpoint(backbone=backbone),
        checkpoint,
        "no weights for this backbone ({}); check --backbone and --init",
    )


def read_pixel_classifier(
    checkpoint: epath.PathLike, task: str
) -> tuple[np.ndarray, np.ndarray] | None:
    """Reads the linear classifier of a segmentation task out of a link's checkpoint.

    Apart from the network, so that it can be had without knowing the task's classes.

    Returns:
      Kernel [C, classes] and bias [classes], features -> logits; None where the
      checkpoint has no such head.

    Raises:
      FoiError: it cannot be read.
    """
    try:
        reader = tf.train.load_checkpoint(str(checkpoint))
        names = [name for name in reader.get_variable_to_shape_map() if _in_head(name, task)]
        tensors = [reader.get_tensor(name) for name in names]
    except (ValueError, tf.errors.OpError) as error:
        raise FoiError(f"{checkpoint}: cannot be read ({first_line(error)})") from error
    kernels = [tensor for tensor in tensors if tensor.ndim == 4 and tensor.shape[:2] == (1, 1)]
    biases = [tensor for tensor in tensors if tensor.ndim == 1]
    if len(kernels) != 1 or len(biases) != 1:
        return None
    return kernels[0][0, 0], biases[0]


def _in_head(name: str, task: str) -> bool:
    """Whether a name in a checkpoint is that of a weight of the task's head."""
    return name.startswith(f"heads/{_head_key(task)}/") and name.endswith(
        "/.ATTRIBUTES/VARIABLE_VALUE"
    )


def load_network(network: Network, checkpoint: epath.PathLike) -> None:
    """Reads all weights of a link's checkpoint, the heads' included.

    Raises:
      FoiError: there is no such checkpoint, or it is of another network.
    """
    _read_checkpoint(
        network.checkpoint(),
        checkpoint,
        "weights of another network ({}); has the dataset other classes now?",
    )


def _read_checkpoint(
    objects: tf.train.Checkpoint, checkpoint: epath.PathLike, problem: str
) -> None:
    """Reads all of the objects' variables; what else the checkpoint has is left."""
    try:
        status = objects.read(str(checkpoint))
        status.expect_partial()
        status.assert_existing_objects_matched()
    except (ValueError, AssertionError, tf.errors.OpError) as error:
        raise FoiError(f"{checkpoint}: {problem.format(first_line(error))}") from error


def _head_key(task: str) -> str:
    return task.replace(":", "_")
