"""Counts the operations of networks, to compare what they cost."""

import math
from collections.abc import Sequence

import tensorflow as tf

from foi_tf.models import layers
from foi_tf.study.dataset import Size


def count_operations(model: tf.keras.Model, size: Size = (224, 224)) -> int:
    """Counts the multiply-adds of convolutions and dense layers for one image.

    Args:
      model: a functional model of images [B, H, W, 3].
      size: (height, width) of the image.
    """
    weighted = [layer for layer in model.layers if layer.weights]
    if not weighted:
        return 0
    shapes = infer_shapes(model, [find_output(layer) for layer in weighted], size)
    return sum(map(_count_of_layer, weighted, shapes))


@layers.not_converted
def count_kept(model: tf.keras.Model, size: Size = (256, 256)) -> int:
    """Counts the elements of maps that the backward pass of a network needs, for one image.

    The gradient of the model's output is built as TensorFlow does it. The maps are those that its
    operations read. Padded copies of a map count as that map, as XLA makes none. The output itself
    counts too, since what follows a backbone needs it.

    Args:
      model: a functional model of images [B, H, W, 3].
      size: (height, width) of the image.
    """

    def count(image):
        output = model(image, training=True)
        tf.gradients(output, model.trainable_variables, name=_BACKWARD)
        kept = {output.ref(): output}
        for operation in output.graph.get_operations():
            if operation.name.startswith(_BACKWARD):
                read = (_find_origin(x) for x in operation.inputs)
                kept |= {x.ref(): x for x in read if _is_map(x)}
        return tf.add_n([tf.size(x, tf.int64) for x in kept.values()])

    return int(tf.function(count, autograph=False)(tf.zeros((1, *size, 3))))


_BACKWARD = "backward_pass"
_GIVEN = ("Const", "Placeholder", "ReadVariableOp")  # Constants, the image and weights.
_COPIES = ("Identity", "Pad", "Reshape", "StopGradient")


def _find_origin(tensor: tf.Tensor) -> tf.Tensor:
    """Returns the map of which a tensor is a copy, maybe padded or reshaped."""
    while tensor.op.type in _COPIES:
        tensor = tensor.op.inputs[0]
    return tensor


def _is_map(tensor: tf.Tensor) -> bool:
    """Tells whether a tensor is a map that the forward pass makes."""
    made = tensor.op
    forward = not made.name.startswith(_BACKWARD) and made.type not in _GIVEN
    # Batch norm for CPUs has a workspace beside its output.
    first = tensor.value_index == 0 and tensor.dtype.is_floating
    return forward and first and tensor.shape.rank in (None, 3, 4)


def find_output(layer: tf.keras.layers.Layer) -> tf.Tensor:
    """Returns the symbolic output of a layer inside a functional model that calls it once."""
    return layer.inbound_nodes[-1].outputs  # A nested model has earlier nodes, of its own input.


@layers.not_converted
def infer_shapes(
    model: tf.keras.Model, outputs: Sequence[tf.Tensor], size: Size
) -> list[tuple[int, ...]]:
    """Returns the shapes of symbolic tensors of a model for one image of a size, by tracing it."""
    inner = tf.keras.Model(model.input, list(outputs))
    traced = tf.function(lambda image: tf.nest.flatten(inner(image)), autograph=False)
    found = traced.get_concrete_function(tf.TensorSpec((1, *size, 3)))
    return [tuple(shape) for shape in found.output_shapes]


def _count_of_layer(layer: tf.keras.layers.Layer, shape: tuple[int, ...]) -> int:
    """Counts the multiply-adds of a layer whose output has a shape."""
    if isinstance(layer, tf.keras.Sequential):
        return sum(_count_of_layer(inner, shape) for inner in layer.layers)
    # Each weight of a kernel is used once at each place of the output.
    places = math.prod(shape[1:-1])
    names = ("kernel", "depthwise_kernel", "pointwise_kernel")
    kernels = [getattr(layer, name, None) for name in names]
    return sum(places * math.prod(kernel.shape) for kernel in kernels if kernel is not None)
