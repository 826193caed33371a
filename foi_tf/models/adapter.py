"""Makes a backbone with strides 4 to 32 of any convolutional Keras model.

The strides are found by walking the model. Its map of a stride is the output of the last layer of
that resolution through which every path to the end goes: the sum after the last residual block,
or what follows it alone.
"""

from collections.abc import Sequence

import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.models import layers, operations
from foi_tf.models.hrnet import BRANCHES

STRIDES = (4, 8, 16, 32)
_PROBE = 256  # Side of the image that sizes of maps are computed for, where it is unknown.


@layers.not_converted
def adapt_model(
    model: tf.keras.Model,
    input_shape: tuple[int | None, int | None, int] = (None, None, 3),
    *,
    order: Sequence[int] = (0, 1, 2),
    scale: Sequence[float] = (1.0, 1.0, 1.0),
    offset: Sequence[float] = (0.0, 0.0, 0.0),
    name: str = "adapted",
) -> tf.keras.Model:
    """Builds a backbone of the maps at strides 4, 8, 16 and 32 of a Keras model.

    The maps are upsampled bilinearly and concatenated, as in HRNetV2 (section 4.2). Images are
    padded at the right and lower side to a multiple of 32, and the maps are cut accordingly: at
    stride s, [B, ceil(H / s), ceil(W / s), C]. As in HRNetV2, batch norm has the momentum of
    `layers` and is synchronized between replicas; there is no dropout, so that equal runs end
    with equal weights (ours). Batch norm, dropout and all other layers keep their weights.

    Args:
      model: a functional model of images [B, H, W, 3] of any size, of which the last layer has
        one output. Its layers and weights are copied.
      input_shape: (H, W, 3), None where unknown.
      order, scale, offset: what the model expects as its input: the channels in this order,
        times `scale`, plus `offset`.
      name: name of the backbone, for messages.

    Raises:
      FoiError: the model has no map of one of the strides.
    """
    image = tf.keras.Input(input_shape, name="image")
    prepare = PrepareImage(order, scale, offset, name="prepare", dtype=tf.float32)
    network = tf.keras.Model(image, _copy_layers(model, prepare(image)))
    branches = []
    for place, (found, stride) in enumerate(zip(find_maps(network, name), STRIDES, strict=True)):
        mark = layers.PooledBranch if stride == STRIDES[-1] else layers.identity
        cut = CutToStride(stride, name=f"cut_{place}")([found, network.input])
        branches.append(mark(name=BRANCHES[place])(cut))
    features = layers.ConcatUpsampled(name="features")(branches)
    return tf.keras.Model(network.input, features, name=name.replace(":", "_"))


def find_maps(network: tf.keras.Model, name: str) -> list[tf.Tensor]:
    """Finds the symbolic maps of a model at strides 4, 8, 16 and 32; see the module.

    Raises:
      FoiError: there is none of one of the strides.
    """
    passed = [operations.find_output(layer) for layer in _find_dominators(network)]
    passed = [x for x in passed if len(x.shape) == 4]
    height, width = (side or _PROBE for side in network.input.shape[1:3])
    shapes = operations.infer_shapes(network, passed, (height, width))
    height, width = (side + -side % STRIDES[-1] for side in (height, width))  # As prepared.
    found = {tuple(shape[1:3]): x for shape, x in zip(shapes, passed, strict=True)}
    maps = [found.get((height // stride, width // stride)) for stride in STRIDES]
    if missing := [s for s, x in zip(STRIDES, maps, strict=True) if x is None]:
        raise FoiError(
            f"{name}: no map of stride {missing[0]}: backbones need maps at strides "
            f"{', '.join(map(str, STRIDES))}, of sizes that these divide"
        )
    return maps


def _find_dominators(network: tf.keras.Model) -> list[tf.keras.layers.Layer]:
    """Lists the layers that every path from the input to the output goes through, in order."""
    # For each layer, the last layer before it that all paths to it share, and how many there are.
    before: dict[str, str] = {}
    depth: dict[str, int] = {}
    for layer in network.layers:
        # A nested model has earlier nodes, of its own input.
        sources = [each.name for each in tf.nest.flatten(layer.inbound_nodes[-1].inbound_layers)]
        common = sources[0] if sources else ""
        for other in sources[1:]:
            while common != other:
                if depth[common] < depth[other]:
                    other = before[other]
                else:
                    common = before[common]
        before[layer.name], depth[layer.name] = common, depth.get(common, 0) + 1
    names, last = [], network.output_names[0]
    while last:
        names.append(last)
        last = before[last]
    return [network.get_layer(each) for each in reversed(names)]


def _copy_layers(network: tf.keras.Model, image: tf.Tensor) -> tf.Tensor:
    """Applies copies of a model's layers to an image, with our settings and the same weights."""
    synchronized = tf.distribute.get_strategy().num_replicas_in_sync > 1

    def make(layer: tf.keras.layers.Layer) -> tf.keras.layers.Layer:
        config = layer.get_config()
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            config |= {"momentum": layers.BATCH_NORM_MOMENTUM, "synchronized": synchronized}
        elif isinstance(layer, tf.keras.layers.Dropout):
            config["rate"] = 0.0
        return type(layer).from_config(config)

    # Keras' clone_model keeps the input, before which there is no place for the preparation.
    copied = {id(network.input): image}
    for layer in network.layers:
        if isinstance(layer, tf.keras.layers.InputLayer):
            continue
        node, copy = layer.inbound_nodes[-1], make(layer)
        args, kwargs = tf.nest.map_structure(
            lambda x: copied.get(id(x), x), (node.call_args, node.call_kwargs)
        )
        copied[id(node.outputs)] = copy(*args, **kwargs)
        copy.set_weights(layer.get_weights())
    return copied[id(network.output)]


@tf.keras.utils.register_keras_serializable("foi_tf")
class PrepareImage(tf.keras.layers.Layer):
    """Turns normalized images into what a model expects, padded to a multiple of 32.

    Args:
      order, scale, offset: see `adapt_model`.
    """

    def __init__(
        self, order: Sequence[int], scale: Sequence[float], offset: Sequence[float], **kwargs
    ):
        super().__init__(**kwargs)
        self.order, self.scale, self.offset = list(order), list(scale), list(offset)

    def get_config(self) -> dict:
        """Returns the configuration."""
        own = {"order": self.order, "scale": self.scale, "offset": self.offset}
        return super().get_config() | own

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Prepares [B, H, W, 3]."""
        x = inputs if self.order == [0, 1, 2] else tf.gather(inputs, self.order, axis=-1)
        x = x * tf.constant(self.scale, x.dtype) + tf.constant(self.offset, x.dtype)
        height, width = layers.spatial_size(x)
        below, right = (-side % STRIDES[-1] for side in (height, width))
        if isinstance(below, int) and isinstance(right, int) and not below + right:
            return x
        return tf.pad(x, [[0, 0], [0, below], [0, right], [0, 0]])


@tf.keras.utils.register_keras_serializable("foi_tf")
class CutToStride(tf.keras.layers.Layer):
    """Cuts x of [x, image] to the size of the image divided by a stride, rounded up."""

    def __init__(self, stride: int, **kwargs):
        super().__init__(**kwargs)
        self.stride = stride

    def get_config(self) -> dict:
        """Returns the configuration, with the stride."""
        return super().get_config() | {"stride": self.stride}

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """Cuts off what padding added."""
        x, image = inputs
        height, width = (-(-side // self.stride) for side in layers.spatial_size(image))
        if None not in x.shape[1:3] and (*x.shape[1:3],) == (height, width):
            return x
        return x[:, :height, :width]
