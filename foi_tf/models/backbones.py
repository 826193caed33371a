"""The backbones by name.

A backbone maps normalized images [B, H, W, 3] to features [B, ceil(H / 4), ceil(W / 4), C];
the outputs of its layers `hrnet.BRANCHES` are its feature maps at strides 4, 8, 16 and 32,
of which a ResNet has the last alone.
"""

import functools

import tensorflow as tf

from foi_tf.errors import unknown_name_error
from foi_tf.models.hrnet import hrnet_v2
from foi_tf.models.resnet import resnet_50

BACKBONES = {
    "hrnet_w48": functools.partial(hrnet_v2, 48),  # The paper's.
    "hrnet_w32": functools.partial(hrnet_v2, 32),
    "hrnet_w18": functools.partial(hrnet_v2, 18),
    # Ours, for trials on a CPU: the same topology, small enough to train in minutes.
    "hrnet_mini": functools.partial(
        hrnet_v2, 16, modules=(1, 1, 1), blocks=1, bottlenecks=1, stem=16
    ),
    "resnet50": resnet_50,  # Of the additional scenarios (Section 7, Appendix B).
}


def build_backbone(
    name: str, input_shape: tuple[int | None, int | None, int] = (None, None, 3)
) -> tf.keras.Model:
    """Builds the backbone of that name for images of (H, W, 3), None where unknown.

    Raises:
      FoiError: there is no such backbone.
    """
    if name not in BACKBONES:
        raise unknown_name_error("backbone", name, BACKBONES)
    return BACKBONES[name](input_shape)
