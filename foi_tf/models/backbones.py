"""Builds the backbones of `study.backbones` by name.

A backbone maps normalized images [B, H, W, 3] to features [B, ceil(H / 4), ceil(W / 4), C]. The
outputs of its layers `hrnet.BRANCHES` are its feature maps at strides 4, 8, 16 and 32. A ResNet
has only the last of these layers. A backbone that is classified by its last branch alone marks
it as `layers.PooledBranch`.
"""

from collections.abc import Callable

import tensorflow as tf

from foi_tf.errors import unknown_name_error
from foi_tf.models.efficientnet_lite import efficientnet_lite
from foi_tf.models.hrnet import hrnet_v2
from foi_tf.models.resnet import resnet_50
from foi_tf.study.backbones import BACKBONES, EFFICIENTNET_LITE, HRNET, RESNET

# Functions of `input_shape` and of the options of a backbone's variant.
ARCHITECTURES: dict[str, Callable[..., tf.keras.Model]] = {
    HRNET: hrnet_v2,
    RESNET: resnet_50,
    EFFICIENTNET_LITE: efficientnet_lite,
}


def build_backbone(
    name: str, input_shape: tuple[int | None, int | None, int] = (None, None, 3)
) -> tf.keras.Model:
    """Builds a backbone by name, for images of (H, W, 3); None where a side is unknown.

    Raises:
      FoiError: there is no backbone of this name.
    """
    if name not in BACKBONES:
        raise unknown_name_error("backbone", name, BACKBONES)
    backbone = BACKBONES[name]
    return ARCHITECTURES[backbone.architecture](input_shape=input_shape, **backbone.options)
