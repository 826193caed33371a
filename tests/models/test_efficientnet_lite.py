"""Tests EfficientNet-Lite; benchmarks/efficientnet_lite.py compares it with PyTorch's."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.models import backbones, efficientnet_lite, heads, hrnet
from foi_tf.models.fold_batch_norm import fold_network
from tests.models import head_shapes
from tests.models.lowering import lower_training_step

NARROW = tuple(
    dataclasses.replace(stage, blocks=min(stage.blocks, 2), expansion=min(stage.expansion, 2))
    for stage in efficientnet_lite.STAGES
)


@pytest.fixture(name="narrow", scope="module")
def _narrow():
    """A network of few channels in which all batch norms change their input."""
    tf.keras.utils.set_random_seed(3)
    made = efficientnet_lite.efficientnet_lite(width=0.1, stages=NARROW)
    for variable in made.variables:
        if "kernel" not in variable.name:
            variable.assign(tf.random.uniform(variable.shape, 0.5, 1.5))
    return made


@pytest.mark.slow
def test_is_the_published_network():
    """Expects as many parameters as PyTorch counts in the published network, for 1000 classes."""
    backbone = backbones.build_backbone("efficientnet_lite0")
    head = heads.ClassificationHead(1000)
    head.connect(backbone)
    trainable = [*backbone.trainable_variables, *head.trainable_variables]
    assert sum(np.prod(v.shape) for v in trainable) == 4_652_008
    assert [x.shape[-1] for x in hrnet.branches(backbone)] == [24, 40, 112, 320]


def test_channels_are_rounded_as_published():
    rounded = [efficientnet_lite.round_channels(1.1 * c) for c in (16, 24, 40, 80, 112, 192, 320)]
    assert rounded == [16, 24, 48, 88, 120, 208, 352]  # EfficientNet-Lite2.
    assert efficientnet_lite.round_channels(1) == 8


@pytest.mark.parametrize("size", [(64, 96), (71, 53)])
def test_branches_have_strides_4_to_32(narrow, size):
    outputs = tf.keras.Model(narrow.input, [*hrnet.branches(narrow), narrow.output])
    *branches, features = outputs(tf.ones((1, *size, 3)))
    for branch, stride in zip(branches, (4, 8, 16, 32), strict=True):
        assert branch.shape[1:3] == tuple(-(-side // stride) for side in size)
    assert features.shape == (*branches[0].shape[:3], sum(x.shape[-1] for x in branches))
    np.testing.assert_array_equal(features[..., : branches[0].shape[-1]], branches[0])


def test_every_head_takes_it(narrow):
    head_shapes.assert_every_head_takes(narrow)


def test_the_classifier_pools_the_last_branch_after_a_convolution(narrow):
    head = heads.ClassificationHead(10)
    head.connect(narrow)
    assert head.model.get_layer("top/conv").kernel.shape == (1, 1, 32, efficientnet_lite.TOP)
    assert [layer.name for layer in head.model.layers if layer.weights] == [
        "top/conv", "top/bn", "logits",
    ]  # fmt: skip


def test_folds(narrow):
    images = tf.random.stateless_normal((1, 64, 64, 3), [0, 1])
    expected = narrow(images)
    folded = fold_network(narrow)
    assert not any(isinstance(x, tf.keras.layers.BatchNormalization) for x in folded.layers)
    np.testing.assert_allclose(folded(images), expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.slow
@pytest.mark.parametrize("size", [(64, 64), (50, 71)])
def test_training_step_lowers_with_static_shapes(narrow, size):
    hlo = lower_training_step(narrow, size)
    assert "<=" not in hlo and "custom-call" not in hlo
