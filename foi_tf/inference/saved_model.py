"""Writes SavedModels with the signatures `predict` and `get_features`."""

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
from foi_tf.models.weights import checkpoint_facts
from foi_tf.models.weights.checkpoint_facts import CheckpointFacts
from foi_tf.study.choices import Fit
from foi_tf.study.dataset import Channels, Size
from foi_tf.tasks.base import TaskType

SignatureFunction = Callable[[tf.Tensor], dict[str, tf.Tensor]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """Holds a trained network with all that an export needs to know about it.

    Attributes:
      network: the backbone, with its head if there is one.
      metadata: facts for the reader of the export; see `export.METADATA`.
      mean, std: mean and standard deviation of the channels of its training images, in [0, 1].
      fill: color that pads images to the input size, in [0, 1]; None takes `mean`.
      head: the head; None if there is only a backbone.
      task: the task type of the head; None if there is only a backbone, or the head of an
        imported classifier, whose preprocessing and class names are not known.
      crop: (height, width) that the head was trained at; None where `task` is.
      fit: how images are fitted into it, see `data.input.views.fit_whole_image`.
    """

    network: transfer.Network
    metadata: Mapping[str, Any]
    mean: Channels
    std: Channels
    fill: Channels | None = None
    head: Head | None = None
    task: TaskType | None = None
    crop: Size | None = None
    fit: Fit = "inside"


def write_saved_model(
    model: TrainedModel, directory: epath.Path, *, frozen: bool, description: epath.Path
) -> None:
    """Writes a SavedModel whose signatures take `images`, uint8 [B, H, W, 3] of any size.

    `get_features` returns "features" float32 [B, ceil(H / 4), ceil(W / 4), C] of the images
    at their own size. `predict` resizes the images to the input size of the training, and
    returns the predictions of the task's `decode`, in pixels of the images. A backbone without
    a task has no `predict`.

    Args:
      model: the network to write.
      directory: where to write it.
      frozen: whether to fold batch norm into the convolutions and to turn weights into
        constants, which is fastest. Otherwise the weights are variables, and
        `DIRECTORY/variables/variables` is a checkpoint that `--init` accepts.
      description: file that becomes one of the model's assets.

    Raises:
      FoiError: the SavedModel cannot be written.
    """
    module = tf.Module()
    module.description = tf.saved_model.Asset(str(description))
    if not frozen:
        module.backbone = _variables(model.network.backbone)
        module.head = _variables(model.head.model) if model.task else None
    signatures = {
        name: _signature(function, frozen)
        for name, function in build_functions(model, frozen=frozen).items()
    }
    try:
        tf.saved_model.save(module, str(directory), signatures)
    except tf.errors.OpError as error:
        raise FoiError(f"{directory}: cannot be written ({files.describe_error(error)})") from error
    if not frozen:
        license = model.metadata.get("license", "")
        facts = CheckpointFacts(
            backbone=model.metadata["backbone"],
            mean=model.mean,
            std=model.std,
            license="" if license == checkpoint_facts.NOT_STATED else license,
        )
        checkpoint_facts.write_facts(directory / "variables/variables", facts)


def build_functions(model: TrainedModel, *, frozen: bool) -> dict[str, SignatureFunction]:
    """Builds the functions of the signatures, by name; with batch norm folded if `frozen`."""
    prepare = fold_batch_norm.fold_network if frozen else lambda network: network
    backbone = prepare(model.network.backbone)
    found = {"get_features": _get_features(model, backbone)}
    if model.task is not None:
        inputs, head = model.head.inputs(backbone), prepare(model.head.model)
        apply = functools.partial(head, training=False)
        if frozen and fold_batch_norm.is_linear(head) and len(hrnet.branches(backbone)) > 1:
            aligned = hrnet.aligns_corners(backbone)
            inputs = hrnet.branches(backbone)
            apply = fold_batch_norm.move_before_upsampling(head, aligned)
        found["predict"] = _predict(model, tf.keras.Model(backbone.input, inputs), apply)
    return found


def _get_features(model: TrainedModel, backbone: tf.keras.Model) -> SignatureFunction:
    """Builds `get_features`; see `write_saved_model`."""
    normalize = transfer.build_normalizer(model.mean, model.std)

    def get_features(images):
        features = backbone(normalize(images), training=False)
        return {"features": tf.cast(features, tf.float32)}

    return get_features


def _predict(
    model: TrainedModel, body: tf.keras.Model, head: Callable[[Any], Outputs]
) -> SignatureFunction:
    """Builds `predict`; see `write_saved_model`.

    Args:
      body: the part of the network that computes the inputs of the head.
      head: the part of the head with weights.
    """
    normalize = transfer.build_normalizer(model.mean, model.std)
    fill = model.mean if model.fill is None else model.fill

    def predict(images):
        shown, view = pre_post_processing.fit_images(images, model.crop, fill, model.fit)
        outputs = head(body(normalize(shown), training=False))
        found = model.task.decode(model.head.complete(outputs, shown))
        return pre_post_processing.restore_predictions(
            model.task, found, view, tf.shape(images)[1:3]
        )

    return predict


def _signature(function: SignatureFunction, frozen: bool):
    """Traces a function of `images`; with weights as constants if `frozen`."""
    spec = tf.TensorSpec((None, None, None, 3), tf.uint8, "images")

    def signature(inner):
        return tf.function(tf.autograph.experimental.do_not_convert(inner), input_signature=[spec])

    traced = signature(function).get_concrete_function()
    if not frozen:
        return traced
    names = sorted(traced.structured_outputs)
    # Lowered control flow could not be saved again, so it stays as it is.
    constant = convert_to_constants.convert_variables_to_constants_v2(
        traced, lower_control_flow=False
    )
    return signature(lambda images: dict(zip(names, constant(images), strict=True)))


def _variables(model: tf.keras.Model) -> tf.Module:
    """Collects the variables of a model under the names that they have in its checkpoints.

    Saving the model itself would add a function for each of its many layers.
    """
    held = tf.Module()
    weighted = (layer for layer in model.layers if layer.weights)
    for i, layer in enumerate(weighted):
        nested = isinstance(layer, tf.keras.Model)
        inner = _variables(layer) if nested else tf.Module()
        for variable in () if nested else layer.variables:
            setattr(inner, layers.parameter(variable), variable)
        setattr(held, f"layer_with_weights-{i}", inner)
    return held
