import numpy as np
import pytest
import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.models import layers
from foi_tf.models.backbones import BACKBONES, build_backbone
from foi_tf.models.hrnet import BRANCHES, aligns_corners, hrnet_v2
from foi_tf.study.backbones import ALIGNED, BILINEAR
from tests.models.lowering import lower_training_step


def parameters(model):
    return sum(np.prod(variable.shape) for variable in model.trainable_variables)


def test_mini_is_small(mini):
    assert parameters(mini) == 881_872


@pytest.mark.parametrize("size", [(64, 96), (71, 53), (33, 32), (89, 90)])
@pytest.mark.parametrize("static", [True, False])
def test_any_size(size, static, mini):
    model = build_backbone("hrnet_mini", (*size, 3)) if static else mini
    outputs = [model.get_layer(name).output for name in BRANCHES]
    branches = tf.keras.Model(model.input, [*outputs, model.output])
    *branches, features = branches(tf.zeros((2, *size, 3)))
    assert features.shape == (2, -(-size[0] // 4), -(-size[1] // 4), 15 * 16)
    for i, branch in enumerate(branches):
        stride = 2 ** (i + 2)
        assert branch.shape == (2, -(-size[0] // stride), -(-size[1] // stride), 16 * 2**i)


@pytest.mark.slow
@pytest.mark.parametrize("fusion", [BILINEAR, ALIGNED])
def test_bilinear_fusion(fusion, mini):
    """Computes the first fusion of stage 4 by hand, from the sums before it; same weights."""
    small = BACKBONES["hrnet_mini"].options
    model = hrnet_v2(input_shape=(71, 53, 3), fusion=fusion, **small)
    by_name = {layer.name: layer for layer in mini.layers if layer.weights}
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(by_name[layer.name].get_weights())
    name = "stage4/module0"
    last = {i: f"{name}/branch{i}/block0/relu2" for i in range(4)}
    norms = {j: f"{name}/fuse0/from{j}/bn0" for j in (1, 2, 3)}
    wanted = [*(norms[j] for j in (1, 2, 3)), last[0], BRANCHES[0]]
    outputs = [model.get_layer(each).output for each in wanted]
    x = tf.random.stateless_normal((1, 71, 53, 3), seed=(0, 1))
    *shares, own, found = tf.keras.Model(model.input, outputs)(x)
    for share in shares:
        own += layers.resize_bilinear(share, own, fusion == ALIGNED)
    np.testing.assert_allclose(found, tf.nn.relu(own), rtol=1e-4, atol=1e-4)
    assert aligns_corners(model) == (fusion == ALIGNED) and not aligns_corners(mini)


@pytest.mark.slow
@pytest.mark.parametrize("fusion", [BILINEAR, ALIGNED])  # test_lowering.py has the nearest.
def test_training_step_lowers_to_xla(fusion):
    small = BACKBONES["hrnet_mini"].options
    model = hrnet_v2(input_shape=(71, 53, 3), fusion=fusion, **small)
    assert "convolution" in lower_training_step(model, (71, 53))


def test_static_and_dynamic_sizes_agree(mini):
    static = build_backbone("hrnet_mini", (53, 71, 3))
    static.set_weights(mini.get_weights())
    x = tf.random.stateless_normal((1, 53, 71, 3), seed=(0, 1))
    np.testing.assert_allclose(static(x), mini(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [(64, 64), (71, 53)])
def test_features_are_the_branches_at_the_size_of_the_first(size, mini):
    x = tf.random.stateless_normal((1, *size, 3), seed=(0, 1))
    outputs = [mini.get_layer(name).output for name in BRANCHES]
    *branches, features = tf.keras.Model(mini.input, [*outputs, mini.output])(x)
    first = branches[0].shape[1:3]
    expected = tf.concat([tf.image.resize(branch, first) for branch in branches], axis=-1)
    np.testing.assert_allclose(features, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_the_seed_determines_the_weights():
    def weights(seed):
        tf.keras.utils.set_random_seed(seed)
        return build_backbone("hrnet_mini").get_weights()

    first, again, other = weights(1), weights(1), weights(2)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_layer_names_are_stable(mini):
    names = {layer.name for layer in mini.layers}
    assert {
        "stem/conv2",
        "stage1/block0/shortcut_conv",
        "transition1/branch0/bn",
        "stage2/module0/branch1/block0/conv1",
        "stage3/module0/fuse2/from0/conv1",
        "stage4/module0/fuse0/from3/bn0",
        *BRANCHES,
    } <= names
    assert names == {layer.name for layer in build_backbone("hrnet_mini").layers}


def test_every_weight_gets_a_gradient(mini):
    x = tf.random.stateless_normal((1, 64, 64, 3), seed=(0, 1))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(mini(x, training=True)))
    for gradient in tape.gradient(loss, mini.trainable_variables):
        assert np.any(gradient)


@pytest.mark.slow
def test_replicas_synchronize_batch_norm(two_replicas):
    with two_replicas.scope():
        model = build_backbone("hrnet_mini")
    norms = [x for x in model.layers if isinstance(x, tf.keras.layers.BatchNormalization)]
    assert norms
    assert all(norm.synchronized for norm in norms)


def test_bfloat16_network_keeps_float32_weights(bfloat16):
    model = build_backbone("hrnet_mini")
    assert model.output.dtype == tf.bfloat16
    assert {variable.dtype for variable in model.variables} == {tf.float32}


def test_unknown_name():
    assert "hrnet_w48" in BACKBONES
    with pytest.raises(FoiError, match="unknown backbone 'hrnet_w49'; did you mean 'hrnet_w48'"):
        build_backbone("hrnet_w49")
