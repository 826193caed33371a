"""Defines the layers of backbones and heads: convolution, batch norm and upsampling.

Public checkpoints are mapped onto layer and variable names, and initial weights follow from
`tf.keras.utils.set_random_seed` alone, so both are part of the interface.
"""

import tensorflow as tf

BATCH_NORM_MOMENTUM = 0.9  # HRNet authors' code, in which PyTorch's convention makes it 0.1.
BATCH_NORM_EPSILON = 1e-5  # HRNet authors' code; PyTorch's default, which public weights expect.

# Decorates functions that build models. Keras hands every layer of ours to AutoGraph, which takes
# seconds for each kind and finds nothing to convert.
not_converted = tf.autograph.experimental.do_not_convert


def he_normal() -> tf.keras.initializers.Initializer:
    """Creates a He initializer over fan-out.

    Each variable needs its own, since an instance repeats its values. The initializer is that
    of the HRNet classification code. (The HRNet segmentation code draws from N(0, 0.001^2),
    which only suits networks that load pre-trained weights.)
    """
    return tf.keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")


@tf.keras.utils.register_keras_serializable("foi_tf")
class Conv2D(tf.keras.layers.Conv2D):
    """Convolves with "same" padding of kernel_size // 2 on every side, also with strides.

    With strides of 2, Keras pads an even image only on its right and lower side. That shifts
    the image by a pixel relative to the weights of public checkpoints.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Convolves [B, H, W, C]; "same" padding gives ceil(H / strides), ceil(W / strides)."""
        if self.padding != "same" or self.strides == (1, 1):
            return super().convolution_op(inputs, kernel)
        around = [[size // 2] * 2 for size in self.kernel_size]
        # Padding inside the convolution itself would keep oneDNN from computing its gradients,
        # which doubles the time of a small network's training step in bfloat16.
        inputs = tf.pad(inputs, [[0, 0], *around, [0, 0]])
        return tf.nn.conv2d(inputs, kernel, self.strides, "VALID")


def conv2d(filters: int, kernel_size: int, *, strides: int = 1, **kwargs) -> Conv2D:
    """Creates a padded `Conv2D`, initialized by `he_normal` unless `kwargs` say otherwise."""
    kwargs.setdefault("kernel_initializer", he_normal())
    return Conv2D(filters, kernel_size, strides, padding="same", **kwargs)


def batch_norm(name: str, **kwargs) -> tf.keras.layers.BatchNormalization:
    """Creates batch norm over the global batch of the distribution strategy in scope.

    It is synchronized only if there is more than one replica, since the synchronized layer
    does not use the fused kernel. The variables are the same either way.
    """
    kwargs.setdefault("epsilon", BATCH_NORM_EPSILON)
    return tf.keras.layers.BatchNormalization(
        momentum=BATCH_NORM_MOMENTUM,
        synchronized=tf.distribute.get_strategy().num_replicas_in_sync > 1,
        name=name,
        **kwargs,
    )


def parameter(variable: tf.Variable) -> str:
    """Returns the name of a variable within its layer, such as "kernel" or "gamma"."""
    return variable.name.rpartition("/")[2].partition(":")[0]


def conv_bn(
    x: tf.Tensor,
    channels: int,
    kernel: int,
    name: str,
    *,
    strides: int = 1,
    relu: bool = True,
    bias: bool = False,
) -> tf.Tensor:
    """Adds convolution, batch norm and, unless `relu` is False, ReLU.

    `name` has a field for the kind of layer: "stem/{}1" names stem/conv1, stem/bn1, stem/relu1.
    """
    x = conv2d(channels, kernel, strides=strides, use_bias=bias, name=name.format("conv"))(x)
    x = batch_norm(name.format("bn"))(x)
    return tf.keras.layers.ReLU(name=name.format("relu"))(x) if relu else x


def bottleneck(x: tf.Tensor, channels: int, name: str, *, strides: int = 1) -> tf.Tensor:
    """Adds ResNet's bottleneck block: 1x1, 3x3 (strided) and 1x1 convolutions to 4 * `channels`.

    The shortcut is a 1x1 convolution if the input has another number of channels.
    """
    y = conv_bn(x, channels, 1, f"{name}/{{}}1")
    y = conv_bn(y, channels, 3, f"{name}/{{}}2", strides=strides)
    y = conv_bn(y, 4 * channels, 1, f"{name}/{{}}3", relu=False)
    if x.shape[-1] != 4 * channels:
        x = conv_bn(x, 4 * channels, 1, f"{name}/shortcut_{{}}", strides=strides, relu=False)
    y = tf.keras.layers.Add(name=f"{name}/add")([x, y])
    return tf.keras.layers.ReLU(name=f"{name}/relu3")(y)


def identity(name: str) -> tf.keras.layers.Layer:
    """Creates a layer that passes its input on under a name, as a branch."""
    return tf.keras.layers.Activation("linear", name=name)


def upsample_nearest(x: tf.Tensor, factor: int) -> tf.Tensor:
    """Upsamples [B, H, W, C] to [B, factor * H, factor * W, C] by repeating each pixel.

    Unlike `UpSampling2D`, it consists of operations whose gradients XLA has, so that the
    network trains on TPUs. Among these, stacking has the cheapest gradient on a CPU.
    """
    height, width = spatial_size(x)
    x = tf.stack([tf.stack([x] * factor, axis=3)] * factor, axis=2)
    return tf.reshape(x, [-1, height * factor, width * factor, x.shape[-1]])


def upsample_bilinear(x: tf.Tensor, factor: int) -> tf.Tensor:
    """Upsamples [B, H, W, C] to [B, factor * H, factor * W, C] of x's dtype, half-pixel centers."""
    height, width = spatial_size(x)
    return tf.cast(tf.image.resize(x, [height * factor, width * factor]), x.dtype)


def resize_bilinear(x: tf.Tensor, reference: tf.Tensor, aligned: bool = False) -> tf.Tensor:
    """Resizes [B, h, w, C] to the height and width of `reference`; keeps the dtype.

    Args:
      aligned: whether the centers of the outermost pixels stay in the corners (PyTorch's
        `align_corners=True`). Otherwise the edges of the images coincide.
    """
    if None not in x.shape[1:3] and x.shape[1:3] == reference.shape[1:3]:
        return x
    size = tf.stack(spatial_size(reference))
    found = tf.raw_ops.ResizeBilinear(
        images=x, size=size, align_corners=aligned, half_pixel_centers=not aligned
    )
    found.set_shape((*x.shape[:1], *reference.shape[1:3], x.shape[-1]))
    return tf.cast(found, x.dtype)


def crop_like(x: tf.Tensor, reference: tf.Tensor) -> tf.Tensor:
    """Cuts off the rows and columns that `x` has more than `reference`.

    Strides round sizes up, so upsampling by the same factor can overshoot.
    """
    if None not in x.shape[1:3] and x.shape[1:3] == reference.shape[1:3]:
        return x
    height, width = spatial_size(reference)
    return x[:, :height, :width]


def spatial_size(x: tf.Tensor) -> tuple[int | tf.Tensor, int | tf.Tensor]:
    """Returns (height, width) of [B, H, W, C]: numbers if static, otherwise scalar tensors."""
    dynamic = tf.shape(x)
    return tuple(x.shape[i] if x.shape[i] is not None else dynamic[i] for i in (1, 2))


@tf.keras.utils.register_keras_serializable("foi_tf")
class AddUpsampled(tf.keras.layers.Layer):
    """Adds the coarse input, upsampled by 2 (nearest), to the fine input of [fine, coarse].

    Both are [B, H, W, C] with the same C; coarse has half of fine's size, rounded up.
    The result has fine's size.
    """

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """Adds the upsampled second input to the first."""
        fine, coarse = inputs
        return fine + crop_like(upsample_nearest(coarse, 2), fine)


class _Resizing(tf.keras.layers.Layer):
    """Brings coarse branches to the size of the first, bilinearly; see `resize_bilinear`.

    The HRNet segmentation code does so, whatever the sizes are.
    """

    def __init__(self, aligned: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.aligned = aligned

    def get_config(self) -> dict:
        """Returns the configuration, with the way of resizing."""
        return super().get_config() | {"aligned": self.aligned}

    def _resize(self, inputs: list[tf.Tensor]) -> list[tf.Tensor]:
        """Resizes all branches to the size of the first."""
        return [resize_bilinear(x, inputs[0], self.aligned) for x in inputs]


@tf.keras.utils.register_keras_serializable("foi_tf")
class AddResized(_Resizing):
    """Adds branches of equally many channels, resized to the size of the first."""

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """Resizes and adds."""
        return tf.add_n(self._resize(inputs))


@tf.keras.utils.register_keras_serializable("foi_tf")
class ConcatUpsampled(_Resizing):
    """Concatenates branches at strides s, 2s, 4s ... at stride s, in their order."""

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """Resizes all branches to the size of the first and concatenates them."""
        return tf.concat(self._resize(inputs), axis=-1)


@tf.keras.utils.register_keras_serializable("foi_tf")
class PooledBranch(tf.keras.layers.Layer):
    """Passes a branch on, and tells the classification head how its publishers pool it.

    Networks without HRNetV2's exchange between branches are classified by the last one alone.

    Attributes:
      top: channels of a 1x1 convolution before the pooling; 0 for none.
    """

    def __init__(self, top: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.top = top

    def get_config(self) -> dict:
        """Returns the configuration, with the channels of the convolution."""
        return super().get_config() | {"top": self.top}

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the input."""
        return tf.identity(inputs)
