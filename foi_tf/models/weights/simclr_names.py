"""Maps tensors in checkpoints of SimCLR's code (v1 and v2) to variables of our ResNet-50.

The same code made the supervised ResNet-50 that SimCLR is compared with. Its TensorFlow 1
version numbers layers in the order of their creation. Its TensorFlow 2 version stores objects
by their attributes.
"""

from collections.abc import Iterator, Mapping

from foi_tf.models import resnet
from foi_tf.models.weights.tensor_files import Shape

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"  # TensorFlow 2 appends it to a path of attributes.
_TF1_KIND = {"conv": "conv2d", "bn": "batch_normalization"}
_HEADS = {
    "head_supervised/linear_layer/dense/{}": "",
    "model/supervised_head/linear_layer/dense/{}": _VALUE,
}
# Place of a convolution in a block's list of layers in TensorFlow 2. Its batch norm comes next,
# followed by dropblock.
_PLACES = {"conv1": 0, "conv2": 3, "conv3": 6}


def map_backbone_names(shapes: Mapping[str, Shape]) -> dict[str, str]:
    """Maps names of the backbone's tensors in a checkpoint to ours, such as "stem/conv/kernel".

    Args:
      shapes: shapes of all tensors of the checkpoint by name; the names tell the version.
    """
    if any(name.startswith("model/resnet_model/") for name in shapes):
        return dict(_map_version_2())
    return dict(_map_version_1())


def map_head_names(shapes: Mapping[str, Shape]) -> dict[str, str]:
    """Maps names of the classifier's tensors, as `map_backbone_names`; empty without classifier."""
    for template, suffix in _HEADS.items():
        names = {f"{template.format(p)}{suffix}": f"logits/{p}" for p in ("kernel", "bias")}
        if any(name in shapes for name in names):
            return names
    return {}


def _map_version_1() -> Iterator[tuple[str, str]]:
    """Yields names in a checkpoint of TensorFlow 1, and ours."""
    for i, name in enumerate(resnet.convolutions()):
        number = f"_{i}" if i else ""
        paths = {kind: f"base_model/{layer}{number}" for kind, layer in _TF1_KIND.items()}
        yield from _pair_tensors(name, paths, "")


def _map_version_2() -> Iterator[tuple[str, str]]:
    """Yields names in a checkpoint of TensorFlow 2, and ours."""
    for name in resnet.convolutions():
        yield from _pair_tensors(name, _attribute_paths(name), _VALUE)


def _attribute_paths(name: str) -> dict[str, str]:
    """Returns the paths to a convolution, "conv", and to its batch norm, "bn"."""
    root = "model/resnet_model"
    if name == "stem/conv":
        # A layer that only has a name comes after the convolution.
        places = {"conv": 0, "bn": 2}
        path = f"{root}/initial_conv_relu_max_pool"
    else:
        stage, block, kind = name.split("/")
        path = f"{root}/block_groups/{int(stage[5:]) - 1}/layers/{block[5:]}"
        shortcut = kind.startswith("shortcut")
        path += "/projection_layers" if shortcut else "/conv_relu_dropblock_layers"
        first = 0 if shortcut else _PLACES[kind]
        places = {"conv": first, "bn": first + 1}
    return {"conv": f"{path}/{places['conv']}/conv2d", "bn": f"{path}/{places['bn']}/bn"}


def _pair_tensors(
    convolution: str, paths: Mapping[str, str], suffix: str
) -> Iterator[tuple[str, str]]:
    """Yields the tensors of a convolution and its batch norm: names in a checkpoint, and ours."""
    norm = convolution.replace("conv", "bn")
    yield f"{paths['conv']}/kernel{suffix}", f"{convolution}/kernel"
    for parameter in ("gamma", "beta", "moving_mean", "moving_variance"):
        yield f"{paths['bn']}/{parameter}{suffix}", f"{norm}/{parameter}"
