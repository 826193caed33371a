"""Imports TensorFlow checkpoints of SimCLR's code into our ResNet-50."""

import re

import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.models import layers
from foi_tf.models.weights import import_report, simclr_names
from foi_tf.models.weights.tensor_files import Tensors

# Matches the variables of a backbone, and not those that an optimizer keeps beside them.
_OF_BACKBONE = re.compile(
    r"(base_model/[^/]+|model/resnet_model/.+)/"
    r"(kernel|gamma|beta|moving_mean|moving_variance)(/\.ATTRIBUTES/VARIABLE_VALUE)?"
)


def is_backbone_tensor(name: str) -> bool:
    """Tells whether a tensor of a checkpoint is part of a backbone."""
    return bool(_OF_BACKBONE.fullmatch(name)) and ".OPTIMIZER_SLOT" not in name


def has_head(tensors: Tensors) -> bool:
    """Tells whether a checkpoint has a classifier beside the backbone."""
    return bool(simclr_names.map_head_names(tensors.shapes))


def load_weights(
    tensors: Tensors, where: str, target: import_report.ImportTarget
) -> import_report.ImportReport:
    """Copies a checkpoint of SimCLR's code into a ResNet-50, and nothing if an error occurs.

    Raises:
      FoiError: the file, named `where`, has another architecture or lacks tensors.
    """
    if not any(map(is_backbone_tensor, tensors.shapes)):
        some = import_report.join_first_names(list(tensors.shapes))
        raise FoiError(f"{where}: no ResNet of SimCLR's code; its tensors are {some}")
    variables, wanted = (
        _variables_by_name(target.backbone),
        simclr_names.map_backbone_names(tensors.shapes),
    )
    classifier = {} if target.head is None else simclr_names.map_head_names(tensors.shapes)
    if target.head is not None:
        variables |= _variables_by_name(target.head)
        wanted |= classifier
    import_report.check_tensors(
        tensors.shapes,
        {name: tuple(variables[ours].shape) for name, ours in wanted.items()},
        of_backbone=is_backbone_tensor,
        classifier=(next(iter(classifier), ""), 1),
        where=where,
        backbone_name=target.backbone_name,
    )
    for name, ours in wanted.items():
        variables[ours].assign(import_report.check_values(name, tensors.read(name), where))
    left = {name: import_report.NOT_IMPORTED for name in tensors.shapes if name not in wanted}
    return import_report.ImportReport(used=wanted, left=left)


def _variables_by_name(model: tf.keras.Model) -> dict[str, tf.Variable]:
    """Returns the variables of a model by name, such as "stem/conv/kernel"."""
    return {
        f"{layer.name}/{layers.parameter(variable)}": variable
        for layer in model.layers
        for variable in layer.variables
    }
