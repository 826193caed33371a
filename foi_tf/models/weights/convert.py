"""PyTorch's tensors into our networks and back, every one of them accounted for."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.models.weights import hrnet_names
from foi_tf.models.weights.tensors import Shape, Tensors

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
_SHOWN = 3  # Names in a message.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Account:
    """What became of every tensor of a file.

    Attributes:
      used: by the tensor's name, the variable that has its values now.
      left: by the tensor's name, why it was not used.
    """

    used: Mapping[str, str]
    left: Mapping[str, str]

    def left_by_reason(self) -> dict[str, list[str]]:
        """The names of what was left, by why."""
        names = {}
        for name, reason in self.left.items():
            names.setdefault(reason, []).append(name)
        return names


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
            parameter = variable.name.rpartition("/")[2].partition(":")[0]
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
) -> Account:
    """Copies a checkpoint of PyTorch's HRNetV2 into a backbone and a classification head.

    Args:
      where: the file, for messages.
      head: the inner network of a `ClassificationHead`; None leaves the file's head.

    Raises:
      FoiError: the file has another architecture, or lacks tensors; nothing is copied then.
    """
    prefix = find_prefix(tensors, where)
    wanted = _names(backbone, head)
    _check(tensors.shapes, prefix, wanted, where, backbone_name)
    used = {}
    for name, (ours, variable) in wanted.items():
        variable.assign(from_torch(tensors.read(f"{prefix}{name}")))
        used[f"{prefix}{name}"] = ours
    left = {
        name: "a counter of PyTorch's" if name.endswith(_COUNTER) else "not of what is imported"
        for name in tensors.shapes
        if name not in used
    }
    return Account(used=used, left=left)


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
            f"{where}: no HRNetV2 weights; its tensors are {_some(list(tensors.shapes))}"
        )
    return min(marks, key=len).removesuffix(hrnet_names.LANDMARK)


def _names(backbone, head) -> dict[str, tuple[str, tf.Variable]]:
    names = torch_names(backbone, hrnet_names.backbone_module)
    return names if head is None else names | torch_names(head, hrnet_names.head_module)


def _check(
    shapes: Mapping[str, Shape],
    prefix: str,
    wanted: Mapping[str, tuple[str, tf.Variable]],
    where: str,
    backbone_name: str,
) -> None:
    """Every wanted tensor is there in its shape, and no part of a backbone is left over."""
    width = shapes.get(f"{prefix}transition1.0.0.weight", ("?",))[0]
    ours = torch_shape(wanted["transition1.0.0.weight"][1])[0]
    if width != ours:
        raise FoiError(
            f"{where}: HRNetV2 of width {width}, but {backbone_name} has width {ours}; "
            "check --backbone"
        )
    missing = [name for name in wanted if f"{prefix}{name}" not in shapes]
    if missing:
        remedy = "a smaller network, or not the whole file"
        if not any(hrnet_names.is_of_backbone(name) for name in missing):
            remedy = "--classes=0 takes the backbone alone"
        raise FoiError(
            f"{where}: lacks {len(missing)} of the {len(wanted)} tensors of {backbone_name} "
            f"({_some(missing)}); {remedy}"
        )
    expected = {name: torch_shape(variable) for name, (_, variable) in wanted.items()}
    wrong = [name for name, shape in expected.items() if shapes[f"{prefix}{name}"] != shape]
    if _CLASSIFIER in wrong:
        found, ours = shapes[f"{prefix}{_CLASSIFIER}"][0], expected[_CLASSIFIER][0]
        raise FoiError(f"{where}: classifier of {found} classes, not {ours}; check --classes")
    if wrong:
        told = [f"{n} {_text(shapes[prefix + n])} not {_text(expected[n])}" for n in wrong]
        raise FoiError(
            f"{where}: {len(wrong)} tensors have other shapes than in {backbone_name}: "
            f"{_some(told)}"
        )
    others = (name.removeprefix(prefix) for name in shapes if name.startswith(prefix))
    extra = [
        name
        for name in others
        if hrnet_names.is_of_backbone(name) and name not in wanted and not name.endswith(_COUNTER)
    ]
    if extra:
        raise FoiError(
            f"{where}: {len(extra)} tensors more than {backbone_name} has ({_some(extra)}); "
            "a larger network"
        )


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")


def _text(shape: Shape) -> str:
    return "x".join(map(str, shape))
