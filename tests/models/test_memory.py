"""The sizes that memory is estimated from are those of the networks."""

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.models import heads
from foi_tf.models.backbones import build_backbone
from foi_tf.study import memory
from foi_tf.study.backbones import BACKBONES

SIDE = 256
CLASSES = 20
HEADS = {
    "segmentation": heads.SegmentationHead,
    "detection": heads.DetectionHead,
    "keypoints": heads.KeypointHead,
    "classification": heads.ClassificationHead,
}


def count_kept(model):
    """Counts what the backward pass needs: outputs of convolutions and of ReLU."""
    layers = tf.keras.layers
    kept = (layers.Conv2D, layers.DepthwiseConv2D, layers.ReLU)
    return sum(np.prod(x.output_shape[1:]) for x in model.layers if isinstance(x, kept))


def count_weights(model):
    return sum(np.prod(variable.shape) for variable in model.trainable_variables)


def check_backbone(network, backbone):
    """Compares the numbers of a backbone with the network for images of `SIDE` pixels."""
    # Beside the kept maps, the features are an input of the head.
    kept = count_kept(backbone) + np.prod(backbone.output_shape[1:])
    assert network.kept == pytest.approx(kept / SIDE**2, rel=1e-3)
    assert network.weights == count_weights(backbone)
    assert network.features == backbone.output_shape[-1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hrnet_mini", "resnet50"])
def test_counts_are_those_of_the_networks(name):
    backbone, network = build_backbone(name, (SIDE, SIDE, 3)), memory.NETWORKS[name]
    check_backbone(network, backbone)
    for task_type, make in HEADS.items():
        head = make(CLASSES)
        inputs = tf.nest.map_structure(lambda x: tf.keras.Input(x.shape[1:]), head.inputs(backbone))
        model = tf.keras.Model(inputs, head.network(inputs))
        expected = memory.count_head(task_type, network.features, CLASSES)
        # Biases and batch norm are not counted.
        assert expected.weights == pytest.approx(count_weights(model), rel=0.02), task_type
        kept = count_kept(model) / (SIDE / 4) ** 2
        assert expected.kept == pytest.approx(kept, rel=0.02), task_type


def test_every_backbone_has_a_size():
    assert set(memory.NETWORKS) == set(BACKBONES)
