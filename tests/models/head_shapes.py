"""Checks that every head can be connected to a backbone."""

import tensorflow as tf

from foi_tf.models import heads


def assert_every_head_takes(backbone):
    """Asserts the shapes of all heads' outputs for an odd image size."""
    for head, shape in (
        (heads.SegmentationHead(5), (1, 71, 53, 5)),
        (heads.DepthHead(), (1, 71, 53, 1)),
        (heads.DetectionHead(3), (1, 18, 14, 3)),
        (heads.KeypointHead(4), (1, 18, 14, 1)),
        (heads.ClassificationHead(10), (1, 10)),
    ):
        outputs = tf.keras.Model(backbone.input, head.connect(backbone))(tf.ones((1, 71, 53, 3)))
        outputs = outputs["heatmap"] if isinstance(outputs, dict) else outputs
        assert outputs.shape == shape
