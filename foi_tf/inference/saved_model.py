"""SavedModels with the signatures `predict` and `get_features`."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf
from etils import epath
from tensorflow.python.framework import convert_to_constants

from foi_tf import files
from foi_tf.errors import FoiError
from foi_tf.inference import pre_post_processing
from foi_tf.models import fold_batch_norm, hrnet, layers, transfer
from foi_tf.models.heads import Head, Outputs
from foi_tf.study.dataset import Channels, Size
from foi_tf.tasks.base import TaskType

Function = Callable[[tf.Tensor], dict[str, tf.Tensor]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Model:
    """What is exported.

    Attributes:
      metadata: everything that a reader should know of it.
      mean, std: of the channels of the images that it was trained on.
      task: of its head; None where there is a backbone alone.
      crop: the input size that it was trained at, with a head.
    """

    network: transfer.Network
    metadata: Mapping[str, Any]
    mean: Channels
    std: Channels
    head: Head | None = None
    task: TaskType | None = None
    crop: Size | None = None


def write(model: Model, directory: epath.Path, *, frozen: bool, description: epath.Path) -> None:
    """Writes a SavedModel whose signatures take `images`, uint8 [B, H, W, 3] of any size.

    `get_features` returns "features" float32 [B, ceil(H / 4), ceil(W / 4), C] of the images
    as they are. `predict`, which a backbone alone does not have, brings them to the input
    size of the training, and returns what the task's `decode` does, in pixels of the images.

    Args:
      frozen: fold batch norm into the convolutions, and make weights constants. That is the
        fastest; else the weights are variables, and `DIRECTORY/variables/variables` is a
        checkpoint that `--init` takes.
      description: a file that becomes one of the model's assets.

    Raises:
      FoiError: it cannot be written.
    """
    module = tf.Module()
    module.description = tf.saved_model.Asset(str(description))
    if not frozen:
        module.backbone = _variables(model.network.backbone)
        module.head = _variables(model.head.model) if model.head else None
    signatures = {
        name: _signature(function, frozen)
        for name, function in functions(model, frozen=frozen).items()
    }
    try:
        tf.saved_model.save(module, str(directory), signatures)
    except tf.errors.OpError as error:
        raise FoiError(f"{directory}: cannot be written ({files.first_line(error)})") from error


def functions(model: Model, *, frozen: bool) -> dict[str, Function]:
    """What becomes the signatures, by name; with batch norm folded if `frozen`."""
    made = fold_batch_norm.fold if frozen else lambda network: network
    backbone = made(model.network.backbone)
    found = {"get_features": _get_features(model, backbone)}
    if model.head is not None:
        inputs, head = model.head.inputs(backbone), made(model.head.model)
        apply = functools.partial(head, training=False)
        if frozen and fold_batch_norm.is_linear(head) and len(hrnet.branches(backbone)) > 1:
            inputs, apply = hrnet.branches(backbone), fold_batch_norm.at_branches(head)
        found["predict"] = _predict(model, tf.keras.Model(backbone.input, inputs), apply)
    return found


def _get_features(model: Model, backbone: tf.keras.Model) -> Function:
    normalize = transfer.normalizer(model.mean, model.std)

    def get_features(images):
        features = backbone(normalize(images), training=False)
        return {"features": tf.cast(features, tf.float32)}

    return get_features


def _predict(model: Model, body: tf.keras.Model, head: Callable[[Any], Outputs]) -> Function:
    normalize = transfer.normalizer(model.mean, model.std)

    def predict(images):
        shown, view = pre_post_processing.fit(images, model.crop, model.mean)
        outputs = head(body(normalize(shown), training=False))
        found = model.task.decode(model.head.complete(outputs, shown))
        return pre_post_processing.restore(found, view, tf.shape(images)[1:3])

    return predict


def _signature(function: Function, frozen: bool):
    spec = tf.TensorSpec((None, None, None, 3), tf.uint8, "images")

    def signature(inner):
        return tf.function(tf.autograph.experimental.do_not_convert(inner), input_signature=[spec])

    traced = signature(function).get_concrete_function()
    if not frozen:
        return traced
    names = sorted(traced.structured_outputs)
    # Control flow stays as it is: lowered, it could not be saved again.
    constant = convert_to_constants.convert_variables_to_constants_v2(
        traced, lower_control_flow=False
    )
    return signature(lambda images: dict(zip(names, constant(images), strict=True)))


def _variables(model: tf.keras.Model) -> tf.Module:
    """The variables of a model under the names that they have in its checkpoints.

    The model itself would be saved with a function for each of its many layers.
    """
    held = tf.Module()
    weighted = (layer for layer in model.layers if layer.weights)
    for i, layer in enumerate(weighted):
        inner = tf.Module()
        for variable in layer.variables:
            setattr(inner, layers.parameter(variable), variable)
        setattr(held, f"layer_with_weights-{i}", inner)
    return held
