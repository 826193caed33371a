"""Converts tensors of PyTorch's networks to our variables and back."""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.models import layers
from foi_tf.models.weights import efficientnet_names, hrnet_names, import_report
from foi_tf.models.weights.tensor_files import Shape, Tensors
from foi_tf.models.weights.torch_layout import TorchLayout
from foi_tf.study.backbones import (
    ALIGNED,
    BACKBONES,
    BILINEAR,
    EFFICIENTNET_LITE,
    HRNET,
    NEAREST,
    find_backbone,
)

# How PyTorch names the tensors of an architecture; others have no names there.
LAYOUTS: Mapping[str, TorchLayout] = {
    HRNET: hrnet_names.LAYOUT,
    EFFICIENTNET_LITE: efficientnet_names.LAYOUT,
}

# PyTorch's name of a parameter, by the last part of our variable's name.
_PARAMETERS = {
    "kernel": "weight",
    "depthwise_kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
# Only kernels have another layout: our (H, W, in, out) is (out, in, H, W) in PyTorch, and our
# (in, out) is (out, in). Depthwise, our (H, W, in, 1) is (in, 1, H, W).
_TO_TORCH, _DEPTHWISE = (3, 2, 0, 1), (2, 3, 0, 1)

_COUNTER = "num_batches_tracked"  # PyTorch's batch norm only counts its steps with it.
_FUSIONS = {
    NEAREST: "by the nearest pixel (HRNet's classification code, timm)",
    BILINEAR: "bilinearly (HRNet's segmentation code)",
    ALIGNED: "bilinearly with aligned corners (HRNet's segmentation code with OCR)",
}
_WIDTH = "transition1.0.0.weight"  # Its first axis is the width.


def map_torch_names(
    model: tf.keras.Model, module: Callable[[str], str]
) -> dict[str, tuple[str, tf.Variable]]:
    """Maps PyTorch's names to our names and variables, in the order of the model's layers.

    Args:
      model: the model whose variables are named.
      module: turns the name of a layer into PyTorch's name of a module; see `hrnet_names`.
    """
    names = {}
    for layer in model.layers:
        for variable in layer.variables:
            parameter = layers.parameter(variable)
            key = f"{module(layer.name)}.{_PARAMETERS[parameter]}"
            names[key] = (f"{layer.name}/{parameter}", variable)
    return names


def torch_shape(variable: tf.Variable) -> Shape:
    """Returns the shape that a variable's tensor has in PyTorch."""
    return tuple(variable.shape[axis] for axis in _torch_axes(variable))


def to_torch(variable: tf.Variable) -> np.ndarray:
    """Returns a variable's values in PyTorch's layout, contiguous."""
    return np.ascontiguousarray(variable.numpy().transpose(_torch_axes(variable)))


def from_torch(values: np.ndarray, variable: tf.Variable) -> np.ndarray:
    """Converts a tensor's values to the layout of our variable, float32."""
    return values.transpose(np.argsort(_torch_axes(variable))).astype(np.float32)


def _torch_axes(variable: tf.Variable) -> tuple[int, ...]:
    """Returns the axes of a variable in the order in which PyTorch has them."""
    if layers.parameter(variable) == "depthwise_kernel":
        return _DEPTHWISE
    rank = len(variable.shape)
    return _TO_TORCH if rank == 4 else tuple(range(rank))[::-1]


def load_weights(
    tensors: Tensors, where: str, target: import_report.ImportTarget
) -> import_report.ImportReport:
    """Copies the weights of PyTorch's network into ours, and nothing if an error occurs.

    Raises:
      FoiError: the file, named `where`, has another architecture or width, or lacks tensors.
    """
    layout = layout_of(target.backbone_name)
    prefix = find_name_prefix(tensors, where, layout)
    wanted = {
        f"{prefix}{name}": entry
        for name, entry in _map_all_names(target.backbone, target.head, layout).items()
    }
    expected = {name: torch_shape(variable) for name, (_, variable) in wanted.items()}
    key = f"{prefix}{_WIDTH}"
    if key in expected and tensors.shapes.get(key, expected[key])[0] != expected[key][0]:
        raise FoiError(
            f"{where}: HRNetV2 of width {tensors.shapes[key][0]}, but {target.backbone_name} has "
            f"width {expected[key][0]}; check --backbone"
        )

    def of_backbone(name: str) -> bool:
        own = name.startswith(prefix) and not name.endswith(_COUNTER)
        return own and layout.is_backbone_tensor(name.removeprefix(prefix))

    import_report.check_tensors(
        tensors.shapes,
        expected,
        of_backbone=of_backbone,
        classifier=(f"{prefix}{layout.classifier}", 0),
        where=where,
        backbone_name=target.backbone_name,
    )
    used = {}
    for name, (ours, variable) in wanted.items():
        values = import_report.check_values(name, tensors.read(name), where)
        variable.assign(from_torch(values, variable))
        used[name] = ours
    left = {
        name: "a counter of PyTorch" if name.endswith(_COUNTER) else import_report.NOT_IMPORTED
        for name in tensors.shapes
        if name not in used
    }
    return import_report.ImportReport(used=used, left=left)


def check_fusion(tensors: Tensors, where: str, backbone_name: str) -> None:
    """Checks that a file's network fuses its branches as a backbone does.

    The tensors of both networks would be the same, and their features would not.

    Raises:
      FoiError: they differ.
    """
    found = hrnet_names.find_fusion(tensors.shapes)
    if found is None or found == find_backbone(backbone_name).fusion:
        return
    prefix = find_name_prefix(tensors, where, hrnet_names.LAYOUT)
    width = tensors.shapes.get(f"{prefix}{_WIDTH}", (0,))[0]
    fitting = [
        f"--backbone={name}"
        for name, row in BACKBONES.items()
        if row.architecture == HRNET and row.fusion == found and row.options["width"] == width
    ]
    remedy = f"take {' or '.join(fitting)}" if fitting else f"no backbone of width {width} does so"
    raise FoiError(
        f"{where}: a network that fuses its branches {_FUSIONS[found]}, unlike {backbone_name}; "
        f"{remedy}"
    )


def layout_of(backbone_name: str) -> TorchLayout:
    """Returns how PyTorch names the tensors of a backbone, which must be one of `LAYOUTS`."""
    return LAYOUTS[find_backbone(backbone_name).architecture]


def has_head(tensors: Tensors, where: str, backbone_name: str) -> bool:
    """Tells whether a file has a classifier beside the backbone."""
    layout = layout_of(backbone_name)
    return f"{find_name_prefix(tensors, where, layout)}{layout.classifier}" in tensors.shapes


def collect_torch_values(
    backbone: tf.keras.Model, head: tf.keras.Model | None, backbone_name: str
) -> dict[str, np.ndarray]:
    """Returns the values of all variables under PyTorch's names and in its layout."""
    names = _map_all_names(backbone, head, layout_of(backbone_name))
    return {name: to_torch(variable) for name, (_, variable) in names.items()}


def find_name_prefix(tensors: Tensors, where: str, layout: TorchLayout) -> str:
    """Finds the prefix of the names of the network's tensors ("model.", "module.", "").

    Raises:
      FoiError: the file has no such network.
    """
    marks = [name for name in tensors.shapes if f".{name}".endswith(f".{layout.landmark}")]
    if not marks:
        names = import_report.join_first_names(list(tensors.shapes))
        raise FoiError(f"{where}: no {layout.title} weights; its tensors are {names}")
    return min(marks, key=len).removesuffix(layout.landmark)


def _map_all_names(
    backbone: tf.keras.Model, head: tf.keras.Model | None, layout: TorchLayout
) -> dict[str, tuple[str, tf.Variable]]:
    """Maps the names of a backbone and its classification head; see `map_torch_names`."""
    names = map_torch_names(backbone, layout.backbone_module)
    return names if head is None else names | map_torch_names(head, layout.head_module)
