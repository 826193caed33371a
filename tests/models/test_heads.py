import numpy as np
import pytest
import tensorflow as tf

from foi_tf.models import heads
from tests import tiny_backbone
from tests.models.lowering import lower_training_step

# Small heads of every kind, and the shapes of their outputs for an image of 71 x 53 pixels.
KINDS = {
    "segmentation": (lambda: heads.SegmentationHead(5), (71, 53, 5)),
    "segmentation of logits": (lambda: heads.SegmentationHead(5, "logits"), (71, 53, 5)),
    "depth": (heads.DepthHead, (71, 53, 1)),
    "detection": (
        lambda: heads.DetectionHead(3),
        {"heatmap": (18, 14, 3), "offset": (18, 14, 2), "size": (18, 14, 2)},
    ),
    "keypoints": (
        lambda: heads.KeypointHead(4),
        {
            "heatmap": (18, 14, 1),
            "offset": (18, 14, 2),
            "size": (18, 14, 2),
            "keypoint_heatmap": (18, 14, 4),
            "keypoint_offset": (18, 14, 2),
            "displacement": (18, 14, 8),
        },
    ),
    "classification": (lambda: heads.ClassificationHead(10), (10,)),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def connected(kind, body):
    return tf.keras.Model(body.input, KINDS[kind][0]().connect(body))


@every_kind
def test_shapes_with_unknown_size(kind, tiny):
    outputs = connected(kind, tiny)(tf.zeros((2, 71, 53, 3)))
    shapes = tf.nest.map_structure(lambda x: tuple(x.shape[1:]), outputs)
    assert shapes == KINDS[kind][1]


@every_kind
def test_shapes_with_known_size(kind):
    outputs = connected(kind, tiny_backbone.build_tiny((71, 53, 3))).output
    shapes = tf.nest.map_structure(lambda x: tuple(x.shape[1:]), outputs)
    assert shapes == KINDS[kind][1]


@every_kind
def test_outputs_are_float32_under_bfloat16(kind, bfloat16):
    outputs = connected(kind, tiny_backbone.build_tiny((None, None, 3)))(
        tf.random.normal((1, 64, 64, 3))
    )
    for output in tf.nest.flatten(outputs):
        assert output.dtype == tf.float32
        assert np.all(np.isfinite(output))


def test_heads_shrink_with_narrow_backbones(mini):
    """Expects a third of 256 channels for 240 of 720 features, rounded down to a multiple of 8."""
    head = heads.KeypointHead(4)
    head.connect(mini)
    kernels = {x.shape[-1] for x in head.trainable_variables if len(x.shape) == 4}
    assert kernels == {80, 1, 2, 4, 8}


@pytest.mark.parametrize(
    ("upsample", "before"), [("probabilities", tf.nn.softmax), ("logits", tf.identity)]
)
def test_segmentation_upsamples_what_it_is_told_to(upsample, before, tiny):
    head = heads.SegmentationHead(2, upsample)
    head.connect(tiny)
    kernel, bias = head.trainable_variables
    features = tf.random.stateless_normal((1, 4, 4, 60), seed=(0, 1))
    outputs = head(features, tf.zeros((1, 15, 13, 3)))
    linear = tf.einsum("bhwc,ck->bhwk", features, kernel[0, 0]) + bias
    expected = tf.image.resize(before(linear), (15, 13))
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


def test_depth_is_softplus_before_upsampling():
    head = heads.DepthHead()
    features = tf.reshape(tf.constant([-30.0, 2.0]), (1, 1, 2, 1))
    head(features, tf.zeros((1, 4, 8, 3)))
    head.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    row = head(features, tf.zeros((1, 4, 8, 3)))[0, 0, :, 0]
    far = np.log1p(np.exp(2.0))
    # Linear between the two depths, as it would not be if softplus came last.
    np.testing.assert_allclose(row, far * np.array([0, 0, 1, 3, 5, 7, 8, 8]) / 8, atol=1e-5)


def test_heatmaps_start_low(tiny):
    outputs = connected("keypoints", tiny)(tf.zeros((1, 32, 32, 3)))
    for name in ("heatmap", "keypoint_heatmap"):
        np.testing.assert_allclose(tf.sigmoid(outputs[name]), 0.1, atol=0.02)


@pytest.mark.slow
@every_kind
def test_training_step_lowers_to_xla(kind):
    model = connected(kind, tiny_backbone.build_tiny((71, 53, 3)))
    assert "convolution" in lower_training_step(model, (71, 53))
