"""TensorFlow checkpoints of SimCLR's code into our ResNet-50."""

import re
from collections.abc import Mapping

import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.models import layers
from foi_tf.models.weights import import_report, simclr_names
from foi_tf.models.weights.tensor_files import Tensors

# Of batch norm and convolutions of a backbone, and not what an optimizer keeps beside them.
_OF_BACKBONE = re.compile(
    r"(base_model/[^/]+|model/resnet_model/.+)/"
    r"(kernel|gamma|beta|moving_mean|moving_variance)(/\.ATTRIBUTES/VARIABLE_VALUE)?"
)


def is_of_backbone(name: str) -> bool:
    """Whether a tensor of a checkpoint is part of a backbone."""
    return bool(_OF_BACKBONE.fullmatch(name)) and ".OPTIMIZER_SLOT" not in name


def has_head(tensors: Tensors) -> bool:
    """Whether a checkpoint has a classifier beside the backbone."""
    return bool(simclr_names.head(tensors.shapes))


def load(
    tensors: Tensors,
    where: str,
    backbone: tf.keras.Model,
    backbone_name: str,
    head: tf.keras.Model | None,
) -> import_report.Account:
    """Copies a checkpoint into a ResNet-50 and a classification head.

    Args:
      where: the file, for messages.
      head: the inner network of a `ClassificationHead`; None leaves the file's head.

    Raises:
      FoiError: the file has another architecture, or lacks tensors; nothing is copied then.
    """
    if not any(map(is_of_backbone, tensors.shapes)):
        some = import_report.some(list(tensors.shapes))
        raise FoiError(f"{where}: no ResNet of SimCLR's code; its tensors are {some}")
    variables, wanted = _variables(backbone), simclr_names.backbone(tensors.shapes)
    classifier = {} if head is None else simclr_names.head(tensors.shapes)
    if head is not None:
        variables |= _variables(head)
        wanted |= classifier
    import_report.check(
        tensors.shapes,
        {name: tuple(variables[ours].shape) for name, ours in wanted.items()},
        of_backbone=is_of_backbone,
        classifier=(next(iter(classifier), ""), 1),
        where=where,
        backbone_name=backbone_name,
    )
    for name, ours in wanted.items():
        variables[ours].assign(tensors.read(name))
    left = {name: import_report.NOT_WANTED for name in tensors.shapes if name not in wanted}
    return import_report.Account(used=wanted, left=left)


def _variables(model: tf.keras.Model) -> Mapping[str, tf.Variable]:
    """By "stem/conv/kernel" and the like."""
    return {
        f"{layer.name}/{layers.parameter(variable)}": variable
        for layer in model.layers
        for variable in layer.variables
    }
