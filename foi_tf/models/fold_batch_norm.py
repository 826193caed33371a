"""Speeds up networks that only predict; outputs stay the same up to rounding."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from foi_tf.models import layers

_CONVOLUTIONS = (tf.keras.layers.Conv2D, tf.keras.layers.DepthwiseConv2D)


@layers.not_converted
def fold_network(model: tf.keras.Model) -> tf.keras.Model:
    """Builds a functional model with batch norm folded, with the same outputs, own variables.

    In inference mode batch norm multiplies each channel by a constant and adds another. A
    convolution right before it can do that itself; other batch norms stay. Outputs agree up to
    rounding. Layers keep their names.
    """
    found = (
        (_convolution_before(layer), layer)
        for layer in model.layers
        if isinstance(layer, tf.keras.layers.BatchNormalization)
    )
    norms = {name: layer for name, layer in found if name}
    passed = {norm.name for norm in norms.values()}

    def make(layer: tf.keras.layers.Layer) -> tf.keras.layers.Layer:
        if layer.name in passed:
            return tf.keras.layers.Activation("linear", name=layer.name, dtype=layer.dtype_policy)
        config = layer.get_config()
        if layer.name in norms:
            config["use_bias"] = True
        return type(layer).from_config(config)

    folded = tf.keras.models.clone_model(model, clone_function=make)
    for layer in model.layers:
        target = folded.get_layer(layer.name)
        if layer.name in norms:
            target.set_weights(_fold_weights(layer, norms[layer.name]))
        elif layer.name not in passed:
            target.set_weights(layer.get_weights())
    return folded


def is_linear(head: tf.keras.Model) -> bool:
    """Tells whether a head's part with weights is one 1x1 convolution without activation."""
    weighted = [layer for layer in head.layers if not isinstance(layer, tf.keras.layers.InputLayer)]
    if len(weighted) != 1 or not isinstance(weighted[0], tf.keras.layers.Conv2D):
        return False
    return weighted[0].kernel_size == (1, 1) and not _has_activation(weighted[0])


def move_before_upsampling(
    head: tf.keras.Model, aligned: bool = False
) -> Callable[[Sequence[tf.Tensor]], tf.Tensor]:
    """Returns a function that applies a linear head to HRNetV2's branches before upsampling.

    A 1x1 convolution and bilinear upsampling can swap places, and each branch has its own part
    of the kernel. So the few channels of the result are upsampled instead of the many channels
    of the features, which need not be concatenated.

    Args:
      head: a head for which `is_linear` holds.
      aligned: whether the backbone aligns corners; see `hrnet.aligns_corners`.

    Returns:
      A function from branches [B, h_i, w_i, C_i] at strides 4, 8, ... to float32
      [B, h_0, w_0, classes].
    """
    kernel, bias = head.layers[-1].get_weights()

    def apply(branches: Sequence[tf.Tensor]) -> tf.Tensor:
        ends = np.cumsum([branch.shape[-1] for branch in branches])[:-1]
        shares = zip(branches, np.split(kernel, ends, axis=2), strict=True)
        first, *others = (
            tf.cast(tf.nn.conv2d(x, tf.cast(share, x.dtype), 1, "VALID"), tf.float32)
            for x, share in shares
        )
        found = tf.nn.bias_add(first, bias)
        for x in others:
            found += layers.resize_bilinear(x, first, aligned)
        return found

    return apply


def _convolution_before(norm: tf.keras.layers.BatchNormalization) -> str:
    """Returns the name of the convolution whose output goes into this batch norm only, or ""."""
    (node,) = norm.inbound_nodes
    layer = node.inbound_layers
    fits = isinstance(layer, _CONVOLUTIONS) and len(layer.outbound_nodes) == 1
    return layer.name if fits and not _has_activation(layer) else ""


def _has_activation(convolution: tf.keras.layers.Layer) -> bool:
    """Tells whether a convolution has an activation of its own."""
    # Not by identity: a layer that was made of its configuration may hold a copy of the function.
    return getattr(convolution.activation, "__name__", "") != "linear"


def _fold_weights(
    convolution: tf.keras.layers.Layer, norm: tf.keras.layers.BatchNormalization
) -> list[np.ndarray]:
    """Returns kernel and bias with batch norm folded in; computed in float64, then rounded once."""
    kernel, *bias = (w.astype(np.float64) for w in convolution.get_weights())
    scale = 1 / np.sqrt(norm.moving_variance.numpy().astype(np.float64) + norm.epsilon)
    if norm.scale:
        scale = scale * norm.gamma.numpy()
    shift = scale * ((bias[0] if bias else 0.0) - norm.moving_mean.numpy())
    if norm.center:
        shift = shift + norm.beta.numpy()
    # A depthwise kernel is [H, W, in, multiplier], others end with the channels of the output.
    depthwise = isinstance(convolution, tf.keras.layers.DepthwiseConv2D)
    return [kernel * (scale.reshape(kernel.shape[2:]) if depthwise else scale), shift]
