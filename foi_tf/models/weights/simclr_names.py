"""What our ResNet-50's layers are called in checkpoints of SimCLR's code (v1 and v2).

The same code made the supervised ResNet-50 that it compares with. Its TensorFlow 1 version
numbers layers in the order in which they are made; that for TensorFlow 2 stores objects by
their attributes.
"""

from collections.abc import Callable, Iterator, Mapping

from foi_tf.models import resnet
from foi_tf.models.weights.tensor_files import Shape

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"  # What TensorFlow 2 appends to a path of attributes.
_TF1_KIND = {"conv": "conv2d", "bn": "batch_normalization"}
_HEADS = {
    "head_supervised/linear_layer/dense/{}": "",
    "model/supervised_head/linear_layer/dense/{}": _VALUE,
}
# Of a block's list of layers in TensorFlow 2, where a convolution stands; its batch norm follows
# it, and dropblock that.
_PLACES = {"conv1": 0, "conv2": 3, "conv3": 6}


def map_backbone_names(shapes: Mapping[str, Shape]) -> dict[str, str]:
    """By the tensor's name in a checkpoint, our name, "stem/conv/kernel".

    Args:
      shapes: of all its tensors, which tell the version.
    """
    version = (
        _map_version_2
        if any(name.startswith("model/resnet_model/") for name in shapes)
        else _map_version_1
    )
    return dict(version())


def map_head_names(shapes: Mapping[str, Shape]) -> dict[str, str]:
    """Likewise of the classifier; empty if there is none."""
    for template, suffix in _HEADS.items():
        names = {f"{template.format(p)}{suffix}": f"logits/{p}" for p in ("kernel", "bias")}
        if any(name in shapes for name in names):
            return names
    return {}


def _map_version_1() -> Iterator[tuple[str, str]]:
    for i, name in enumerate(resnet.convolutions()):
        number = f"_{i}" if i else ""
        yield from _pair_tensors(
            name, lambda kind, n=number: f"base_model/{_TF1_KIND[kind]}{n}", ""
        )


def _map_version_2() -> Iterator[tuple[str, str]]:
    for name in resnet.convolutions():
        yield from _pair_tensors(name, _attribute_path(name), _VALUE)


def _attribute_path(name: str) -> Callable[[str], str]:
    """Of "conv" and "bn", the path of attributes to a convolution and to what follows it."""
    root, attribute = "model/resnet_model", {"conv": "conv2d", "bn": "bn"}
    if name == "stem/conv":
        # After the convolution stands a layer that only has a name.
        places = {"conv": 0, "bn": 2}
        path = f"{root}/initial_conv_relu_max_pool"
    else:
        stage, block, kind = name.split("/")
        path = f"{root}/block_groups/{int(stage[5:]) - 1}/layers/{block[5:]}"
        shortcut = kind.startswith("shortcut")
        path += "/projection_layers" if shortcut else "/conv_relu_dropblock_layers"
        first = 0 if shortcut else _PLACES[kind]
        places = {"conv": first, "bn": first + 1}
    return lambda kind: f"{path}/{places[kind]}/{attribute[kind]}"


def _pair_tensors(
    convolution: str, theirs: Callable[[str], str], suffix: str
) -> Iterator[tuple[str, str]]:
    """The tensors of a convolution and of its batch norm."""
    norm = convolution.replace("conv", "bn")
    yield f"{theirs('conv')}/kernel{suffix}", f"{convolution}/kernel"
    for parameter in ("gamma", "beta", "moving_mean", "moving_variance"):
        yield f"{theirs('bn')}/{parameter}{suffix}", f"{norm}/{parameter}"
