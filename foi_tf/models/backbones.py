"""Builds the backbones of `study.backbones` by name.

A backbone maps normalized images [B, H, W, 3] to features [B, ceil(H / 4), ceil(W / 4), C]. The
outputs of its layers `hrnet.BRANCHES` are its feature maps at strides 4, 8, 16 and 32. A ResNet
has only the last of these layers. A backbone that is classified by its last branch alone marks
it as `layers.PooledBranch`.
"""

from collections.abc import Callable

import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.models import operations
from foi_tf.models.efficientnet_lite import efficientnet_lite
from foi_tf.models.hrnet import hrnet_v2
from foi_tf.models.keras_applications import keras_application
from foi_tf.models.resnet import resnet_50
from foi_tf.study.backbones import (
    BACKBONES,
    EFFICIENTNET_LITE,
    HRNET,
    KERAS,
    RESNET,
    Backbone,
    find_backbone,
)
from foi_tf.study.dataset import Channels

# Functions of `input_shape` and of the options of a backbone's variant.
ARCHITECTURES: dict[str, Callable[..., tf.keras.Model]] = {
    HRNET: hrnet_v2,
    RESNET: resnet_50,
    EFFICIENTNET_LITE: efficientnet_lite,
    KERAS: keras_application,
}


def build_backbone(
    name: str, input_shape: tuple[int | None, int | None, int] = (None, None, 3)
) -> tf.keras.Model:
    """Builds a backbone by name, for images of (H, W, 3); None where a side is unknown.

    Raises:
      FoiError: there is no backbone of this name.
    """
    backbone = find_backbone(name)
    return ARCHITECTURES[backbone.architecture](input_shape=input_shape, **backbone.options)


def register_backbone(
    name: str,
    build: Callable[..., tf.keras.Model],
    *,
    statistics: tuple[Channels, Channels] | None = None,
    giga_operations: float | None = None,
) -> None:
    """Adds a backbone of one's own, which all functions of this process know by its name.

    Args:
      name: its name, without a colon.
      build: function of the keyword argument `input_shape`, (H, W, 3) with None where a side is
        unknown, that returns a backbone as this module describes it;
        `adapter.adapt_model` makes one of any convolutional Keras model.
      statistics: mean and standard deviation of the channels, in [0, 1], that its pixels are
        always normalized by; None takes those of the dataset at hand.
      giga_operations: 10**9 multiply-adds for an image of 224 x 224 pixels, for estimates of
        cost; None builds the backbone and counts.

    Raises:
      FoiError: the name is taken, or has a colon.
    """
    if name in BACKBONES or ":" in name:
        raise FoiError(f"{name}: not a new name of a backbone; it is taken or has a colon")
    if giga_operations is None:
        giga_operations = operations.count_operations(build(input_shape=(None, None, 3))) / 1e9
    ARCHITECTURES[name] = build
    BACKBONES[name] = Backbone(
        architecture=name, giga_operations=giga_operations, statistics=statistics
    )
