"""Defines the head of each task type (Section 3.3, Appendix A and Table 2).

On every published backbone, the channels inside a head are those of the paper. On a narrower
backbone (ours, for trials and tests) they shrink with its number of features, relative to the
720 of HRNetV2-W48, so that the head stays the small part of the network.
"""

from typing import TypeAlias

import tensorflow as tf

from foi_tf.models import efficientnet_lite, hrnet, layers
from foi_tf.study.choices import Upsample

OUTPUT_STD = 0.01  # Ours; the paper is silent on how heads are initialized.
# CenterNet's code: -log((1 - 0.1) / 0.1), so that few pixels fire at first.
HEATMAP_BIAS = -2.19
PROJECTION = 128  # Length of the vectors by which SimCLR compares images.

_PAPER_CHANNELS = 15 * 48
_NARROWEST_PUBLISHED = 15 * 18

Outputs: TypeAlias = tf.Tensor | dict[str, tf.Tensor]


class Head(tf.keras.layers.Layer):
    """Computes the outputs of a task type, float32 under any policy, from those of a backbone.

    A subclass defines `network` and, if its outputs need work without weights, `finish`.

    Attributes:
      takes: "features", the output of the backbone ([B, ceil(H / 4), ceil(W / 4), C] for
        HRNetV2), or "branches", the list of the outputs of its layers `hrnet.BRANCHES`.
    """

    takes = "features"

    @layers.not_converted
    def connect(self, backbone: tf.keras.Model) -> Outputs:
        """Applies the head to a backbone's symbolic outputs, for a functional model."""
        return self(self.inputs(backbone), backbone.input)

    def inputs(self, backbone: tf.keras.Model) -> tf.Tensor | list[tf.Tensor]:
        """Returns the symbolic outputs of a backbone that the head takes."""
        return hrnet.branches(backbone) if self.takes == "branches" else backbone.output

    @property
    def model(self) -> tf.keras.Model:
        """Returns the part with weights, with systematic layer names; needs `connect` first."""
        return self._network

    def network(self, inputs: tf.Tensor | list[tf.Tensor]) -> Outputs:
        """Builds the part with weights, on symbolic inputs of known channels and unknown size."""
        raise NotImplementedError

    def finish(self, outputs: Outputs, image: tf.Tensor) -> Outputs:
        """Computes the final outputs from float32 outputs; only the size of `image` matters."""
        del image
        return outputs

    def build(self, input_shape):
        """Creates the weights."""
        one = self.takes == "features"
        shapes = [input_shape] if one else input_shape
        inputs = [tf.keras.Input((None, None, shape[-1])) for shape in shapes]
        inputs = inputs[0] if one else inputs
        self._network = tf.keras.Model(inputs, self.network(inputs))
        super().build(input_shape)

    def call(self, inputs: tf.Tensor | list[tf.Tensor], image: tf.Tensor) -> Outputs:
        """Applies the head; only the size of the image [B, H, W, 3] matters."""
        return self.complete(self._network(inputs), image)

    def complete(self, outputs: Outputs, image: tf.Tensor) -> Outputs:
        """Turns the outputs of `model` into those of the head."""
        outputs = tf.nest.map_structure(lambda x: tf.cast(x, tf.float32), outputs)
        return self.finish(outputs, image)


class SegmentationHead(Head):
    """Computes maps [B, H, W, classes] by a linear classifier, upsampled (Section 4.2).

    With `upsample` "probabilities", softmax comes before the upsampling, as in the paper, and
    outputs are probabilities. With "logits", outputs are logits.
    """

    def __init__(self, classes: int, upsample: Upsample = "probabilities", **kwargs):
        super().__init__(**kwargs)
        self.classes, self.upsample = classes, upsample

    def network(self, inputs: tf.Tensor) -> tf.Tensor:
        """Builds the classifier, with logits at stride 4."""
        return _output(inputs, self.classes, 1, "logits")

    def finish(self, outputs: tf.Tensor, image: tf.Tensor) -> tf.Tensor:
        """Upsamples probabilities or logits to the size of the image."""
        if self.upsample == "probabilities":
            outputs = tf.nn.softmax(outputs)
        return layers.resize_bilinear(outputs, image)


class DepthHead(Head):
    """Computes depth in meters [B, H, W, 1]: regression, softplus, upsampling (Appendix A.5)."""

    def network(self, inputs: tf.Tensor) -> tf.Tensor:
        """Builds the regression, with depth at stride 4 before softplus."""
        return _output(inputs, 1, 1, "depth")

    def finish(self, outputs: tf.Tensor, image: tf.Tensor) -> tf.Tensor:
        """Applies softplus and upsamples depth to the size of the image."""
        return layers.resize_bilinear(tf.nn.softplus(outputs), image)


class DetectionHead(Head):
    """Computes CenterNet's maps at stride 4, after a neck (Appendix A.3).

    "heatmap" [B, h, w, classes] are logits, "offset" and "size" are [B, h, w, 2]; h and w
    are H / 4 and W / 4, rounded up.
    """

    def __init__(self, classes: int, **kwargs):
        super().__init__(**kwargs)
        self.classes = classes

    def network(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Builds the neck and three maps."""
        # The neck's width is ours: a third of the features gives the 2.4M weights of Table 2.
        channels = inputs.shape[-1] // 3
        x = layers.conv2d(channels, 1, use_bias=False, name="neck/conv1")(inputs)
        x = layers.conv_bn(x, channels, 3, "neck/{}2")
        inner = _inner_channels(256, inputs.shape[-1])
        return _maps(x, inner, {"heatmap": self.classes, "offset": 2, "size": 2})


class KeypointHead(Head):
    """Computes CenterNet's maps at stride 4, for one class with keypoints (Appendix A.4).

    "heatmap" [B, h, w, 1] and "keypoint_heatmap" [B, h, w, keypoints] are logits; "offset",
    "size" and "keypoint_offset" are [B, h, w, 2], "displacement" [B, h, w, 2 * keypoints];
    h and w are H / 4 and W / 4, rounded up.
    """

    def __init__(self, keypoints: int, **kwargs):
        super().__init__(**kwargs)
        self.keypoints = keypoints

    def network(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Builds six maps, without a neck."""
        maps = {
            "heatmap": 1,
            "offset": 2,
            "size": 2,
            "keypoint_heatmap": self.keypoints,
            "keypoint_offset": 2,
            "displacement": 2 * self.keypoints,
        }
        return _maps(inputs, _inner_channels(256, inputs.shape[-1]), maps)


class ClassificationHead(Head):
    """Computes logits [B, classes] with the head of Wang et al. (Appendix A.1, Figure A.2a).

    A bottleneck widens each branch. From the finest branch on, strided convolutions bring each
    sum down to the next branch. A 1x1 convolution, average pooling and a linear classifier
    follow. A backbone with a single branch, a ResNet, has only the last two, as published. So
    has a backbone that marks a branch as `layers.PooledBranch`, with that branch's convolution.
    """

    takes = "branches"

    def __init__(self, classes: int, **kwargs):
        super().__init__(**kwargs)
        self.classes, self._top = classes, 0

    @layers.not_converted
    def connect(self, backbone: tf.keras.Model) -> Outputs:
        """Applies the head as the backbone's publishers do, for a functional model."""
        pooled = _find_pooled(backbone)
        self._top = pooled.top if pooled else 0
        return super().connect(backbone)

    def inputs(self, backbone: tf.keras.Model) -> list[tf.Tensor]:
        """Returns all branches, or the one that is pooled alone."""
        pooled = _find_pooled(backbone)
        return [pooled.output] if pooled else super().inputs(backbone)

    def network(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """Builds all of the head."""
        if len(inputs) > 1:
            return self._classify(self._merge(inputs))
        x = inputs[0]
        return self._classify(efficientnet_lite.add_top(x, self._top) if self._top else x)

    def _merge(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """Merges the branches at the coarsest resolution."""
        total = sum(x.shape[-1] for x in inputs)
        channels = [_inner_channels(32 * 2**i, total) for i in range(len(inputs))]
        x = None
        for i, branch in enumerate(inputs):
            wide = layers.bottleneck(branch, channels[i], f"branch{i}")
            if x is not None:
                x = layers.conv_bn(x, 4 * channels[i], 3, f"down{i}/{{}}", strides=2, bias=True)
                wide = tf.keras.layers.Add(name=f"down{i}/add")([wide, x])
            x = wide
        return layers.conv_bn(x, _inner_channels(2048, total), 1, "final/{}", bias=True)

    def _classify(self, x: tf.Tensor) -> tf.Tensor:
        """Adds average pooling and the linear classifier."""
        # Averages and logits of a thousand classes need more digits than bfloat16 has.
        x = tf.keras.layers.GlobalAveragePooling2D(name="pool", dtype=tf.float32)(x)
        return tf.keras.layers.Dense(
            self.classes,
            kernel_initializer=tf.keras.initializers.RandomNormal(stddev=OUTPUT_STD),
            dtype=tf.float32,
            name="logits",
        )(x)


class ProjectionHead(Head):
    """Computes unit vectors [B, 128]: average pooling and SimCLR's projection (arXiv 2002.05709).

    The projection has a hidden layer as wide as the features, with batch norm and ReLU, and a
    linear layer.
    """

    def network(self, inputs: tf.Tensor) -> tf.Tensor:
        """Builds the projection, with vectors of any length."""
        # Similarities are divided by a small temperature, which bfloat16 has too few digits for.
        exact = {"dtype": tf.float32}
        x = tf.keras.layers.GlobalAveragePooling2D(name="pool", **exact)(inputs)
        x = tf.keras.layers.Dense(x.shape[-1], use_bias=False, name="project1", **exact)(x)
        x = layers.batch_norm("bn1", **exact)(x)
        x = tf.keras.layers.ReLU(name="relu1", **exact)(x)
        return tf.keras.layers.Dense(PROJECTION, use_bias=False, name="project2", **exact)(x)

    def finish(self, outputs: tf.Tensor, image: tf.Tensor) -> tf.Tensor:
        """Scales the vectors to unit length."""
        del image
        return tf.math.l2_normalize(outputs, axis=-1)


class LinearHead(Head):
    """Computes the outputs of another head by a linear map of each cell's features.

    It has one 1x1 convolution for each output, and no hidden layer.
    """

    def __init__(self, head: Head, **kwargs):
        super().__init__(**kwargs)
        self._head = head

    def network(self, inputs: tf.Tensor) -> Outputs:
        """Builds the convolutions."""
        outputs = self._head.network(inputs)
        if not isinstance(outputs, dict):
            return _output(inputs, outputs.shape[-1], 1, "linear")
        return {
            name: _output(inputs, output.shape[-1], 1, f"{name}/linear", _initial_bias(name))
            for name, output in outputs.items()
        }

    def finish(self, outputs: Outputs, image: tf.Tensor) -> Outputs:
        """Does what the other head does."""
        return self._head.finish(outputs, image)


def _find_pooled(backbone: tf.keras.Model) -> layers.PooledBranch | None:
    """Finds the branch of a backbone that the classification head pools alone, if any."""
    found = (layer for layer in backbone.layers if isinstance(layer, layers.PooledBranch))
    return next(found, None)


def _inner_channels(published: int, features: int) -> int:
    """Returns the channels of a hidden layer, fewer than published on a narrow backbone."""
    if features >= _NARROWEST_PUBLISHED:
        return published
    return max(8, published * features // _PAPER_CHANNELS // 8 * 8)


def _maps(x: tf.Tensor, inner: int, maps: dict[str, int]) -> dict[str, tf.Tensor]:
    """Builds maps of the given numbers of channels by name, each after its own hidden layer."""
    outputs = {}
    for name, channels in maps.items():
        hidden = layers.conv2d(inner, 3, activation="relu", name=f"{name}/conv1")(x)
        outputs[name] = _output(hidden, channels, 3, f"{name}/conv2", _initial_bias(name))
    return outputs


def _initial_bias(name: str) -> float:
    """Returns the bias that a map of CenterNet starts with."""
    return HEATMAP_BIAS if name.endswith("heatmap") else 0.0


def _output(x: tf.Tensor, channels: int, kernel: int, name: str, bias: float = 0.0) -> tf.Tensor:
    """Adds an output layer: a convolution with small random weights and a constant bias."""
    return layers.conv2d(
        channels,
        kernel,
        kernel_initializer=tf.keras.initializers.RandomNormal(stddev=OUTPUT_STD),
        bias_initializer=tf.keras.initializers.Constant(bias),
        name=name,
    )(x)
