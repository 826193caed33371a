"""What each task type puts on top of a backbone (Section 3.3, Appendix A and Table 2).

The channels inside of a head are those of the paper on every published backbone. On a
narrower one (ours, for trials and tests) they shrink in the proportion of its features to
the 720 of HRNetV2-W48, so that the head stays the small part of the network.
"""

from typing import TypeAlias

import tensorflow as tf

from foi_tf.models import hrnet, layers

OUTPUT_STD = 0.01  # Ours; the paper is silent on how heads are initialized.
HEATMAP_BIAS = (
    -2.19
)  # Of CenterNet's code: -log((1 - 0.1) / 0.1), so that few pixels fire at first.
PROJECTION = 128  # Numbers that SimCLR compares images by.

_PAPER_CHANNELS = 15 * 48
_NARROWEST_PUBLISHED = 15 * 18

Outputs: TypeAlias = tf.Tensor | dict[str, tf.Tensor]


class Head(tf.keras.layers.Layer):
    """From a backbone's outputs to those of a task type, which are float32 under any policy.

    Attributes:
      takes: "features", the output of the backbone ([B, ceil(H / 4), ceil(W / 4), C] for
        HRNetV2), or "branches", the list of the outputs of its layers `hrnet.BRANCHES`.

    A subclass defines `network` and, where there is work without weights to do on its
    outputs, `finish`.
    """

    takes = "features"

    @layers.not_converted
    def connect(self, backbone: tf.keras.Model) -> Outputs:
        """The head's symbolic outputs on top of a backbone, for a functional model."""
        return self(self.inputs(backbone), backbone.input)

    def inputs(self, backbone: tf.keras.Model) -> tf.Tensor | list[tf.Tensor]:
        """What it takes of a backbone, symbolic."""
        return hrnet.branches(backbone) if self.takes == "branches" else backbone.output

    @property
    def model(self) -> tf.keras.Model:
        """The part with weights, whose layers have systematic names; once it is connected."""
        return self._network

    def network(self, inputs: tf.Tensor | list[tf.Tensor]) -> Outputs:
        """The part with weights, on symbolic inputs whose channels alone are known."""
        raise NotImplementedError

    def finish(self, outputs: Outputs, image: tf.Tensor) -> Outputs:
        """What follows on float32 outputs; `image` tells the size of the input."""
        del image
        return outputs

    def build(self, input_shape):
        """Makes the weights."""
        one = self.takes == "features"
        shapes = [input_shape] if one else input_shape
        inputs = [tf.keras.Input((None, None, shape[-1])) for shape in shapes]
        inputs = inputs[0] if one else inputs
        self._network = tf.keras.Model(inputs, self.network(inputs))
        super().build(input_shape)

    def call(self, inputs: tf.Tensor | list[tf.Tensor], image: tf.Tensor) -> Outputs:
        """Applies the head; of the image [B, H, W, 3] only the size matters."""
        return self.complete(self._network(inputs), image)

    def complete(self, outputs: Outputs, image: tf.Tensor) -> Outputs:
        """From the outputs of `model` to those of the head."""
        outputs = tf.nest.map_structure(lambda x: tf.cast(x, tf.float32), outputs)
        return self.finish(outputs, image)


class SegmentationHead(Head):
    """Logits [B, H, W, classes]: a linear classifier a pixel, upsampled (Appendix A.2)."""

    def __init__(self, classes: int, **kwargs):
        super().__init__(**kwargs)
        self.classes = classes

    def network(self, inputs: tf.Tensor) -> tf.Tensor:
        """Logits at stride 4."""
        return _output(inputs, self.classes, 1, "logits")

    def finish(self, outputs: tf.Tensor, image: tf.Tensor) -> tf.Tensor:
        """Logits at the size of the image."""
        return layers.crop_like(layers.upsample_bilinear(outputs, 4), image)


class DepthHead(Head):
    """Depth in meters [B, H, W, 1]: linear regression, softplus, upsampling (Appendix A.5)."""

    def network(self, inputs: tf.Tensor) -> tf.Tensor:
        """Depth at stride 4, before softplus."""
        return _output(inputs, 1, 1, "depth")

    def finish(self, outputs: tf.Tensor, image: tf.Tensor) -> tf.Tensor:
        """Depth at the size of the image."""
        return layers.crop_like(layers.upsample_bilinear(tf.nn.softplus(outputs), 4), image)


class DetectionHead(Head):
    """CenterNet's maps at stride 4, after a neck (Appendix A.3).

    "heatmap" [B, h, w, classes] are logits, "offset" and "size" are [B, h, w, 2]; h and w
    are H / 4 and W / 4, rounded up.
    """

    def __init__(self, classes: int, **kwargs):
        super().__init__(**kwargs)
        self.classes = classes

    def network(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """The neck and three maps."""
        # The neck's width is ours: a third of the features makes the 2.4M of Table 2.
        channels = inputs.shape[-1] // 3
        x = layers.conv2d(channels, 1, use_bias=False, name="neck/conv1")(inputs)
        x = layers.conv_bn(x, channels, 3, "neck/{}2")
        inner = _inner_channels(256, inputs.shape[-1])
        return _maps(x, inner, {"heatmap": self.classes, "offset": 2, "size": 2})


class KeypointHead(Head):
    """CenterNet's maps at stride 4 for one class of objects with keypoints (Appendix A.4).

    "heatmap" [B, h, w, 1] and "keypoint_heatmap" [B, h, w, keypoints] are logits; "offset",
    "size" and "keypoint_offset" are [B, h, w, 2], "displacement" [B, h, w, 2 * keypoints];
    h and w are H / 4 and W / 4, rounded up.
    """

    def __init__(self, keypoints: int, **kwargs):
        super().__init__(**kwargs)
        self.keypoints = keypoints

    def network(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Six maps, without a neck."""
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
    """Logits [B, classes]: the head of Wang et al. (Appendix A.1, Figure A.2a).

    A bottleneck widens each branch; from the finest on they are brought down by strided
    convolutions and added; then a 1x1 convolution, average pooling and a linear classifier.
    Of a backbone with a single branch, a ResNet, the last two alone are used, as published.
    """

    takes = "branches"

    def __init__(self, classes: int, **kwargs):
        super().__init__(**kwargs)
        self.classes = classes

    def network(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """All of it."""
        return self._classify(inputs[0] if len(inputs) == 1 else self._merge(inputs))

    def _merge(self, inputs: list[tf.Tensor]) -> tf.Tensor:
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
        # Averages and logits of a thousand classes need more digits than bfloat16 has.
        x = tf.keras.layers.GlobalAveragePooling2D(name="pool", dtype=tf.float32)(x)
        return tf.keras.layers.Dense(
            self.classes,
            kernel_initializer=tf.keras.initializers.RandomNormal(stddev=OUTPUT_STD),
            dtype=tf.float32,
            name="logits",
        )(x)


class ProjectionHead(Head):
    """Unit vectors [B, 128]: average pooling and SimCLR's projection (arXiv 2002.05709).

    A hidden layer as wide as the features, with batch norm and ReLU, and a linear one.
    """

    def network(self, inputs: tf.Tensor) -> tf.Tensor:
        """The vectors before they are brought to unit length."""
        # Similarities are divided by a small temperature, which bfloat16 has too few digits for.
        exact = {"dtype": tf.float32}
        x = tf.keras.layers.GlobalAveragePooling2D(name="pool", **exact)(inputs)
        x = tf.keras.layers.Dense(x.shape[-1], use_bias=False, name="project1", **exact)(x)
        x = layers.batch_norm("bn1", **exact)(x)
        x = tf.keras.layers.ReLU(name="relu1", **exact)(x)
        return tf.keras.layers.Dense(PROJECTION, use_bias=False, name="project2", **exact)(x)

    def finish(self, outputs: tf.Tensor, image: tf.Tensor) -> tf.Tensor:
        """Their directions."""
        del image
        return tf.math.l2_normalize(outputs, axis=-1)


def _inner_channels(published: int, features: int) -> int:
    if features >= _NARROWEST_PUBLISHED:
        return published
    return max(8, published * features // _PAPER_CHANNELS // 8 * 8)


def _maps(x: tf.Tensor, inner: int, maps: dict[str, int]) -> dict[str, tf.Tensor]:
    """By name, a map of so many channels after a hidden layer of its own."""
    outputs = {}
    for name, channels in maps.items():
        hidden = layers.conv2d(inner, 3, activation="relu", name=f"{name}/conv1")(x)
        bias = HEATMAP_BIAS if name.endswith("heatmap") else 0.0
        outputs[name] = _output(hidden, channels, 3, f"{name}/conv2", bias)
    return outputs


def _output(x: tf.Tensor, channels: int, kernel: int, name: str, bias: float = 0.0) -> tf.Tensor:
    return layers.conv2d(
        channels,
        kernel,
        kernel_initializer=tf.keras.initializers.RandomNormal(stddev=OUTPUT_STD),
        bias_initializer=tf.keras.initializers.Constant(bias),
        name=name,
    )(x)
