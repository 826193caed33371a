"""Tests ResNet-50; all tests are slow, since building it takes seconds."""

import numpy as np
import pytest
import tensorflow as tf
from official.vision.modeling.backbones.resnet import ResNet

from foi_tf.models import heads, layers
from foi_tf.models.fold_batch_norm import fold_network
from foi_tf.models.resnet import convolutions, resnet_50
from tests.models import head_shapes

pytestmark = pytest.mark.slow


@pytest.fixture(name="resnet", scope="module")
def _resnet():
    """A ResNet-50 in which all batch norms change their input."""
    tf.keras.utils.set_random_seed(2)
    made = resnet_50()
    for variable in made.variables:
        if "kernel" not in variable.name:
            variable.assign(tf.random.uniform(variable.shape, 0.5, 1.5))
    return made


def test_is_the_published_network(resnet):
    """Expects the published 25,557,032 parameters, with a classifier of 1000 classes."""
    head = heads.ClassificationHead(1000)
    head.connect(resnet)
    trainable = [*resnet.trainable_variables, *head.trainable_variables]
    assert sum(np.prod(v.shape) for v in trainable) == 25_557_032
    assert len(list(convolutions())) == 53


def test_equals_the_model_garden_where_padding_agrees(resnet):
    """Takes sizes that are odd at every stride, where "same" pads all sides alike."""
    # AutoGraph would convert tf-keras itself with TensorFlow 2.15, for half a minute.
    make = layers.not_converted(lambda: ResNet(50, norm_epsilon=layers.BATCH_NORM_EPSILON))
    garden = make()
    trainable, statistics = iter(garden.trainable_variables), iter(garden.non_trainable_variables)
    for name in convolutions():
        norm = resnet.get_layer(name.replace("conv", "bn"))
        for variable in (resnet.get_layer(name).kernel, norm.gamma, norm.beta):
            next(trainable).assign(variable)
        for variable in (norm.moving_mean, norm.moving_variance):
            next(statistics).assign(variable)
    images = tf.random.stateless_normal((1, 65, 97, 3), [0, 1])
    expected = garden(images, training=False)["5"]
    found = tf.keras.Model(resnet.input, resnet.get_layer("branch_3").output)(images)
    assert found.shape == (1, 3, 4, 2048)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("size", [(64, 96), (71, 53)])
def test_features_are_the_branch_upsampled(resnet, size):
    outputs = [resnet.get_layer("branch_3").output, resnet.output]
    branch, features = tf.keras.Model(resnet.input, outputs)(tf.ones((1, *size, 3)))
    height, width = (-(-side // 4) for side in size)
    assert features.shape == (1, height, width, 2048)
    raised = tf.image.resize(branch, [8 * side for side in branch.shape[1:3]])
    np.testing.assert_allclose(features, raised[:, :height, :width], rtol=1e-4, atol=1e-3)


def test_every_head_takes_it(resnet):
    head_shapes.assert_every_head_takes(resnet)


def test_folds(resnet):
    images = tf.random.stateless_normal((1, 64, 64, 3), [0, 1])
    expected = resnet(images)
    found = fold_network(resnet)(images)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
