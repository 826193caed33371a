"""The sizes that memory is estimated from are those of the networks."""

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.models import heads, operations, rematerialization
from foi_tf.models.backbones import build_backbone
from foi_tf.study import memory
from foi_tf.study.backbones import find_backbone, list_names

SIDE = 256
CLASSES = 20
HEADS = {
    "segmentation": heads.SegmentationHead,
    "detection": heads.DetectionHead,
    "keypoints": heads.KeypointHead,
    "classification": heads.ClassificationHead,
}


def count_maps(model):
    """Counts outputs of convolutions and of ReLU: all that backward passes of HRNets need."""
    layers = tf.keras.layers
    kept = (layers.Conv2D, layers.DepthwiseConv2D, layers.ReLU)
    return sum(np.prod(x.output_shape[1:]) for x in model.layers if isinstance(x, kept))


def count_weights(model):
    return sum(np.prod(variable.shape) for variable in model.trainable_variables)


def check_backbone(network, backbone, kept):
    """Compares the numbers of a backbone with the network for images of `SIDE` pixels."""
    assert network.kept == pytest.approx(kept / SIDE**2, rel=1e-3)
    assert network.weights == count_weights(backbone)
    assert network.features == backbone.output_shape[-1]


def count_rematerialized(backbone):
    """Counts what there is at a time: maps that cross cuts, one segment's, and the features."""
    size = {
        id(x): np.prod(x.shape[1:])
        for layer in backbone.layers
        for x in tf.nest.flatten(operations.find_output(layer))
    }
    segments = rematerialization.cut_into_segments(backbone)
    crossing = sum(size[key] for segment in segments[:-1] for key in segment.outputs)
    return crossing + max(map(count_maps, segments)) + np.prod(backbone.output_shape[1:])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hrnet_mini", "resnet50"])
def test_counts_are_those_of_the_networks(name):
    backbone, network = build_backbone(name, (SIDE, SIDE, 3)), find_backbone(name).size
    check_backbone(network, backbone, operations.count_kept(backbone, (SIDE, SIDE)))
    again = count_rematerialized(backbone) / SIDE**2
    assert network.rematerialized == pytest.approx(again, rel=1e-3)
    for task_type, make in HEADS.items():
        head = make(CLASSES)
        inputs = tf.nest.map_structure(lambda x: tf.keras.Input(x.shape[1:]), head.inputs(backbone))
        model = tf.keras.Model(inputs, head.network(inputs))
        expected = memory.count_head(task_type, network.features, CLASSES)
        # Biases and batch norm are not counted.
        assert expected.weights == pytest.approx(count_weights(model), rel=0.02), task_type
        kept = count_maps(model) / (SIDE / 4) ** 2
        assert expected.kept == pytest.approx(kept, rel=0.02), task_type


@pytest.mark.slow
def test_counts_of_a_network_of_keras_are_its_own():
    name = "keras:MobileNetV3Small"
    backbone = build_backbone(name, (SIDE, SIDE, 3))
    check_backbone(
        find_backbone(name).size, backbone, operations.count_kept(backbone, (SIDE, SIDE))
    )


def test_every_backbone_has_a_size():
    assert all(find_backbone(name).size for name in list_names())


def test_kept_maps_are_those_that_gradients_read():
    """Counts by hand what a small network keeps."""
    image = tf.keras.Input((8, 8, 3))
    bent = tf.keras.layers.ReLU()(tf.keras.layers.Conv2D(5, 3, padding="same")(image))
    after = tf.keras.layers.Conv2D(5, 3, padding="same")(bent)
    model = tf.keras.Model(image, bent + after)
    # ReLU and the second convolution share the map between them; the sum is the output.
    assert operations.count_kept(model, (8, 8)) == 8 * 8 * (5 + 5)
