"""Builds ResNet-50 (He et al., CVPR 2016) as a backbone (Appendix B).

It is the network of the Model Garden and of SimCLR's code: strides in the 3x3 convolutions, and
a projection in the first block of each stage. Layers are ours, so that batch norm, names,
folding and export are those of HRNetV2, and strided convolutions pad all sides alike, as
SimCLR's checkpoints expect. The Model Garden pads even sizes at the right and lower side only.
On sizes where the paddings agree, so do the networks.

Layer names, onto which checkpoints are mapped:
  stem/{conv,bn}
  stage{s}/block{b}/{conv,bn}{1,2,3}, stage{s}/block0/shortcut_{conv,bn}     s from 1 to 4
"""

from collections.abc import Iterator

import tensorflow as tf

from foi_tf.models import layers
from foi_tf.models.hrnet import BRANCHES

BLOCKS = (3, 4, 6, 3)
_UPSAMPLING = 8  # From stride 32 to stride 4, at which heads work.


@layers.not_converted
def resnet_50(
    input_shape: tuple[int | None, int | None, int] = (None, None, 3),
) -> tf.keras.Model:
    """Builds a backbone that computes features [B, ceil(H / 4), ceil(W / 4), 2048] of images.

    Images are normalized, [B, H, W, 3]. The only branch, the output of the layer
    `BRANCHES[-1]`, has stride 32: [B, ceil(H / 32), ceil(W / 32), 2048]. The classification
    head pools it. All other heads take the features, which are the branch upsampled bilinearly
    to the stride of HRNetV2. For the linear classifier of segmentation this equals classifying
    at stride 32 and upsampling the logits, and CenterNet's maps keep their stride. The paper
    says only that activations are "at a lower resolution" (Appendix B).

    Args:
      input_shape: (H, W, 3), None where unknown.
    """
    image = tf.keras.Input(input_shape, name="image")
    x = layers.conv_bn(image, 64, 7, "stem/{}", strides=2)
    x = tf.keras.layers.MaxPool2D(3, 2, padding="same", name="stem/pool")(x)
    for i, blocks in enumerate(BLOCKS):
        for block in range(blocks):
            strides = 2 if i > 0 and block == 0 else 1
            x = layers.bottleneck(x, 64 * 2**i, f"stage{i + 1}/block{block}", strides=strides)
    x = layers.identity(BRANCHES[-1])(x)
    features = Upsample(_UPSAMPLING, name="features")([x, image])
    return tf.keras.Model(image, features, name="resnet50")


def convolutions() -> Iterator[str]:
    """Yields the names of the convolutions in the order in which SimCLR's code creates them."""
    yield "stem/conv"
    for stage, blocks in enumerate(BLOCKS, start=1):
        for block in range(blocks):
            name = f"stage{stage}/block{block}"
            if block == 0:
                yield f"{name}/shortcut_conv"
            yield from (f"{name}/conv{i}" for i in (1, 2, 3))


@tf.keras.utils.register_keras_serializable("foi_tf")
class Upsample(tf.keras.layers.Layer):
    """Upsamples x of [x, image] bilinearly, and cuts it to a quarter of the image's size."""

    def __init__(self, factor: int, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def get_config(self) -> dict:
        """Returns the configuration, with the factor."""
        return super().get_config() | {"factor": self.factor}

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """Upsamples and cuts off the excess, since strides round sizes up."""
        x, image = inputs
        x = layers.upsample_bilinear(x, self.factor)
        height, width = (-(-side // 4) for side in layers.spatial_size(image))
        return x[:, :height, :width]
