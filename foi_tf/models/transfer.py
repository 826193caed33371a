"""Builds the network of a link, and transfers backbone weights between links."""

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np
import tensorflow as tf
from etils import epath

from foi_tf.errors import FoiError
from foi_tf.files import describe_error
from foi_tf.models import layers
from foi_tf.models.backbones import build_backbone
from foi_tf.models.heads import Head
from foi_tf.study.dataset import Channels, Size


@dataclasses.dataclass(frozen=True)
class Network:
    """Holds one backbone with one or several heads.

    Attributes:
      backbone: computes features of normalized images [B, H, W, 3].
      models: models by name of the task; each computes the outputs of its head for pixels
        [B, H, W, 3] in [0, 255] (uint8 or float). All models share the backbone.
    """

    backbone: tf.keras.Model
    models: Mapping[str, tf.keras.Model]

    def checkpoint(self, **others) -> tf.train.Checkpoint:
        """Returns a checkpoint of the network and of the objects that the caller adds."""
        heads = tf.train.Checkpoint(**{_head_key(name): m for name, m in self.models.items()})
        return tf.train.Checkpoint(backbone=self.backbone, heads=heads, **others)

    @property
    def trainable_variables(self) -> list[tf.Variable]:
        """Returns the trained variables of the backbone and all heads, each once."""
        found = {id(v): v for m in self.models.values() for v in m.trainable_variables}
        return list(found.values())

    @property
    def variables(self) -> list[tf.Variable]:
        """Returns all variables of the backbone and all heads, each once."""
        return list({id(v): v for m in self.models.values() for v in m.variables}.values())


@layers.not_converted
def build_network(
    backbone_name: str,
    heads: Mapping[str, Head],
    crops: Mapping[str, Size],
    statistics: Mapping[str, tuple[Channels, Channels]],
) -> Network:
    """Builds a backbone with heads; weights follow from the global seed.

    Args:
      backbone_name: name of the backbone, as `study.backbones.find_backbone` takes it.
      heads: heads by name of the task.
      crops: input sizes (height, width) by name of the task.
      statistics: mean and standard deviation of the channels of the task's dataset, by name of
        the task; its model normalizes images by them (section 4.1).
    """
    sizes = set(crops.values())
    # A single input size becomes part of the network. With several, each call has its own size.
    height, width = sizes.pop() if len(sizes) == 1 else (None, None)
    backbone = build_backbone(backbone_name, (height, width, 3))
    models = {}
    for name, head in heads.items():
        pixels = tf.keras.Input((height, width, 3), name="pixels")
        network = tf.keras.Model(backbone.input, head.connect(backbone))
        models[name] = tf.keras.Model(pixels, network(build_normalizer(*statistics[name])(pixels)))
    return Network(backbone, models)


def build_normalizer(mean: Channels, std: Channels) -> tf.keras.layers.Layer:
    """Builds the layer that normalizes pixels in [0, 255] for backbones; returns float32."""
    scale = 1 / (255 * np.asarray(std))
    offset = -np.asarray(mean) / np.asarray(std)
    return tf.keras.layers.Rescaling(
        scale.tolist(), offset.tolist(), dtype=tf.float32, name="normalize"
    )


def load_backbone(backbone: tf.keras.Model, checkpoint: epath.PathLike) -> None:
    """Loads backbone weights from a link's checkpoint; heads stay as they are.

    Raises:
      FoiError: there is no such checkpoint, it has another backbone, or weights that are not
        finite.
    """
    _read_checkpoint(
        tf.train.Checkpoint(backbone=backbone),
        checkpoint,
        "no weights for this backbone ({}); check --backbone and --init",
    )
    if wrong := find_not_finite(backbone.variables):
        raise FoiError(
            f"{checkpoint}: its weights are not finite ({wrong}): the training that left them "
            "diverged; train them again with a lower learning rate"
        )


def find_not_finite(variables: Iterable[tf.Variable]) -> str:
    """Returns the name of the first variable that is not finite; "" if all are."""
    for variable in variables:
        if variable.dtype.is_floating and not tf.reduce_all(tf.math.is_finite(variable)):
            return variable.name
    return ""


def read_pixel_classifier(
    checkpoint: epath.PathLike, task: str
) -> tuple[np.ndarray, np.ndarray] | None:
    """Reads the linear classifier of a segmentation task from a link's checkpoint.

    It needs no network, and so does not need to know the task's classes.

    Returns:
      Kernel [C, classes] and bias [classes], from features to logits; None if the checkpoint
      has no such head.

    Raises:
      FoiError: the checkpoint cannot be read.
    """
    tensors = _read_head(checkpoint, task)
    kernels = [tensor for tensor in tensors if tensor.ndim == 4 and tensor.shape[:2] == (1, 1)]
    biases = [tensor for tensor in tensors if tensor.ndim == 1]
    if len(kernels) != 1 or len(biases) != 1:
        return None
    return kernels[0][0, 0], biases[0]


def count_classes(checkpoint: epath.PathLike, task: str) -> int:
    """Counts the classes of a classification head in a checkpoint; 0 if it has no such head.

    Raises:
      FoiError: the checkpoint cannot be read.
    """
    # The last layer is the only one without space: its kernel is [channels, classes].
    kernels = [tensor for tensor in _read_head(checkpoint, task) if tensor.ndim == 2]
    return kernels[0].shape[1] if len(kernels) == 1 else 0


def _read_head(checkpoint: epath.PathLike, task: str) -> list[np.ndarray]:
    """Reads all weights of the head of a task from a checkpoint."""
    try:
        reader = tf.train.load_checkpoint(str(checkpoint))
        names = [name for name in reader.get_variable_to_shape_map() if _in_head(name, task)]
        return [reader.get_tensor(name) for name in names]
    except Exception as error:
        raise FoiError(f"{checkpoint}: cannot be read ({describe_error(error)})") from error


def _in_head(name: str, task: str) -> bool:
    """Tells whether a name in a checkpoint belongs to a weight of the task's head."""
    return name.startswith(f"heads/{_head_key(task)}/") and name.endswith(
        "/.ATTRIBUTES/VARIABLE_VALUE"
    )


def load_network(network: Network, checkpoint: epath.PathLike) -> None:
    """Loads all weights of a link's checkpoint, those of the heads included.

    Raises:
      FoiError: there is no such checkpoint, or it has another network.
    """
    _read_checkpoint(
        network.checkpoint(),
        checkpoint,
        "weights of another network ({}); does the dataset have other classes now?",
    )


def _read_checkpoint(
    objects: tf.train.Checkpoint, checkpoint: epath.PathLike, problem: str
) -> None:
    """Reads all variables of the objects, and ignores the rest of the checkpoint."""
    try:
        status = objects.read(str(checkpoint))
        status.expect_partial()
        status.assert_existing_objects_matched()
    except Exception as error:  # TensorFlow raises an IndexError for an index that is cut.
        raise FoiError(f"{checkpoint}: {problem.format(describe_error(error))}") from error


def _head_key(task: str) -> str:
    """Returns the name of a task's head in checkpoints."""
    return task.replace(":", "_")
