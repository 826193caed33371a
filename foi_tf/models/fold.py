"""Batch norm folded into the convolutions before it, for networks that only predict."""

import numpy as np
import tensorflow as tf

from foi_tf.models import layers


@layers.not_converted
def fold(model: tf.keras.Model) -> tf.keras.Model:
    """A functional model of the same outputs without batch norm, with variables of its own.

    In inference mode batch norm multiplies each channel by a constant and adds another; a
    convolution right before it can do that itself. Outputs agree up to rounding. Layers
    keep their names.
    """
    norms = {
        _convolution_before(layer): layer
        for layer in model.layers
        if isinstance(layer, tf.keras.layers.BatchNormalization)
    }
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
            target.set_weights(_folded(layer, norms[layer.name]))
        elif layer.name not in passed:
            target.set_weights(layer.get_weights())
    return folded


def _convolution_before(norm: tf.keras.layers.BatchNormalization) -> str:
    """The name of the convolution whose output alone it normalises, and that nothing else takes."""
    (node,) = norm.inbound_nodes
    layer = node.inbound_layers
    if not isinstance(layer, tf.keras.layers.Conv2D) or len(layer.outbound_nodes) != 1:
        raise ValueError(f"{norm.name} does not follow a convolution of its own")
    return layer.name


def _folded(
    convolution: tf.keras.layers.Conv2D, norm: tf.keras.layers.BatchNormalization
) -> list[np.ndarray]:
    """Kernel and bias; computed in float64, since they stand for two roundings."""
    kernel, *bias = (w.astype(np.float64) for w in convolution.get_weights())
    scale = norm.gamma.numpy() / np.sqrt(
        norm.moving_variance.numpy().astype(np.float64) + norm.epsilon
    )
    shift = (bias[0] if bias else 0.0) - norm.moving_mean.numpy()
    return [kernel * scale, norm.beta.numpy() + scale * shift]
