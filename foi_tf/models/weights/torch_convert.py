"""PyTorch's tensors into our networks and back, every one of them accounted for."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.models import layers
from foi_tf.models.weights import hrnet_names, import_report
from foi_tf.models.weights.tensor_files import Shape, Tensors

# Of our variables, by their last name: PyTorch's name.
_PARAMETERS = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
# Kernels alone are laid out in another way: (H, W, in, out) is (out, in, H, W) in PyTorch, and
# (in, out) is (out, in).
_TO_TORCH, _FROM_TORCH = (3, 2, 0, 1), (2, 3, 1, 0)

_COUNTER = "num_batches_tracked"  # Of PyTorch's batch norm, which only counts with it.
_CLASSIFIER = "classifier.weight"
_WIDTH = "transition1.0.0.weight"  # Its first axis is the width.


def torch_names(
    model: tf.keras.Model, module: Callable[[str], str]
) -> dict[str, tuple[str, tf.Variable]]:
    """By PyTorch's name, our name and our variable, in the order of the model's layers.

    Args:
      module: of a layer's name, PyTorch's name; see `hrnet_names`.
    """
    names = {}
    for layer in model.layers:
        for variable in layer.variables:
            parameter = layers.parameter(variable)
            key = f"{module(layer.name)}.{_PARAMETERS[parameter]}"
            names[key] = (f"{layer.name}/{parameter}", variable)
    return names


def torch_shape(variable: tf.Variable) -> Shape:
    """The shape that a variable's tensor has in PyTorch."""
    shape = tuple(variable.shape)
    return tuple(shape[i] for i in _TO_TORCH) if len(shape) == 4 else shape[::-1]


def to_torch(values: np.ndarray) -> np.ndarray:
    """A variable's values as PyTorch has them, contiguous."""
    return np.ascontiguousarray(values.transpose(_TO_TORCH) if values.ndim == 4 else values.T)


def from_torch(values: np.ndarray) -> np.ndarray:
    """A tensor's values as our variable has them, float32."""
    values = values.transpose(_FROM_TORCH) if values.ndim == 4 else values.T
    return values.astype(np.float32)


def load(
    tensors: Tensors,
    where: str,
    backbone: tf.keras.Model,
    backbone_name: str,
    head: tf.keras.Model | None,
) -> import_report.Account:
    """Copies a checkpoint of PyTorch's HRNetV2 into a backbone and a classification head.

    Args:
      where: the file, for messages.
      head: the inner network of a `ClassificationHead`; None leaves the file's head.

    Raises:
      FoiError: the file has another architecture, or lacks tensors; nothing is copied then.
    """
    prefix = find_prefix(tensors, where)
    wanted = {f"{prefix}{name}": entry for name, entry in _names(backbone, head).items()}
    expected = {name: torch_shape(variable) for name, (_, variable) in wanted.items()}
    key = f"{prefix}{_WIDTH}"
    if tensors.shapes.get(key, expected[key])[0] != expected[key][0]:
        raise FoiError(
            f"{where}: HRNetV2 of width {tensors.shapes[key][0]}, but {backbone_name} has "
            f"width {expected[key][0]}; check --backbone"
        )

    def of_backbone(name: str) -> bool:
        own = name.startswith(prefix) and not name.endswith(_COUNTER)
        return own and hrnet_names.is_of_backbone(name.removeprefix(prefix))

    import_report.check(
        tensors.shapes,
        expected,
        of_backbone=of_backbone,
        classifier=(f"{prefix}{_CLASSIFIER}", 0),
        where=where,
        backbone_name=backbone_name,
    )
    used = {}
    for name, (ours, variable) in wanted.items():
        variable.assign(from_torch(tensors.read(name)))
        used[name] = ours
    left = {
        name: "a counter of PyTorch's" if name.endswith(_COUNTER) else import_report.NOT_WANTED
        for name in tensors.shapes
        if name not in used
    }
    return import_report.Account(used=used, left=left)


def has_head(tensors: Tensors, where: str) -> bool:
    """Whether a file has a classifier beside the backbone."""
    return f"{find_prefix(tensors, where)}{_CLASSIFIER}" in tensors.shapes


def values(backbone: tf.keras.Model, head: tf.keras.Model | None) -> dict[str, np.ndarray]:
    """All values under PyTorch's names and in its layout."""
    names = _names(backbone, head)
    return {name: to_torch(variable.numpy()) for name, (_, variable) in names.items()}


def find_prefix(tensors: Tensors, where: str) -> str:
    """What stands before the names of all of the network's tensors ("model.", "module.", "").

    Raises:
      FoiError: the file has no HRNetV2.
    """
    marks = [name for name in tensors.shapes if f".{name}".endswith(f".{hrnet_names.LANDMARK}")]
    if not marks:
        raise FoiError(
            f"{where}: no HRNetV2 weights; its tensors are {import_report.some(list(tensors.shapes))}"
        )
    return min(marks, key=len).removesuffix(hrnet_names.LANDMARK)


def _names(backbone, head) -> dict[str, tuple[str, tf.Variable]]:
    names = torch_names(backbone, hrnet_names.backbone_module)
    return names if head is None else names | torch_names(head, hrnet_names.head_module)
