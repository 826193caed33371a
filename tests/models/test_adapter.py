"""Tests the adapter of Keras models; benchmarks/keras_applications.py has real ones."""

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.models import adapter, backbones, heads, hrnet, keras_applications, layers, operations
from foi_tf.models.fold_batch_norm import fold_network
from foi_tf.study.backbones import BACKBONES, KERAS, find_backbone, list_names
from tests.models.lowering import lower_training_step

keras = tf.keras.layers


def build_small():
    """Builds a network with two ways between its maps, batch norm on its own, and dropout."""
    image = tf.keras.Input((None, None, 3))
    x = keras.Conv2D(4, 3, 2, padding="same", name="conv2")(image)
    for stride in (4, 8, 16, 32):
        y = keras.Conv2D(stride, 3, 2, padding="same", name=f"conv{stride}")(x)
        y = keras.BatchNormalization(name=f"bn{stride}")(y)
        y = keras.Dropout(0.5, name=f"drop{stride}")(y)
        x = keras.Conv2D(stride, 1, name=f"short{stride}")(keras.MaxPool2D(1, 2)(x))
        x = keras.Add(name=f"sum{stride}")([x, y])
        # What follows the sum alone belongs to the map.
        x = tf.nn.relu(keras.BatchNormalization(name=f"after{stride}")(x))
    return tf.keras.Model(image, x)


@pytest.fixture(name="small", scope="module")
def _small():
    tf.keras.utils.set_random_seed(4)
    made = adapter.adapt_model(build_small(), scale=(2.0,) * 3, offset=(-1.0,) * 3, order=(2, 1, 0))
    for variable in made.variables:
        if "kernel" not in variable.name:
            variable.assign(tf.random.uniform(variable.shape, 0.5, 1.5))
    return made


@pytest.mark.parametrize("size", [(64, 96), (71, 53)])
def test_maps_are_those_before_each_halving(small, size):
    outputs = tf.keras.Model(small.input, [*hrnet.branches(small), small.output])
    image = tf.random.stateless_uniform((1, *size, 3), [0, 1])
    *branches, features = outputs(image)
    for branch, stride in zip(branches, adapter.STRIDES, strict=True):
        assert branch.shape[1:] == (*(-(-side // stride) for side in size), stride)
    assert features.shape == (*branches[0].shape[:3], 60)
    padded = tf.pad(
        2 * image[..., ::-1] - 1, [[0, 0], [0, -size[0] % 32], [0, -size[1] % 32], [0, 0]]
    )
    own = build_small()
    own.set_weights(small.get_weights())
    own = tf.keras.Model(own.input, tf.nn.relu(own.get_layer("after4").output))
    expected = own(padded)[:, : branches[0].shape[1], : branches[0].shape[2]]
    np.testing.assert_allclose(branches[0], expected, rtol=1e-5, atol=1e-5)


def test_weights_are_those_of_the_model():
    model = build_small()
    for variable in model.variables:
        variable.assign(tf.random.stateless_uniform(variable.shape, [1, 2], 0.5, 1.5))
    made = adapter.adapt_model(model)
    assert [w.name for w in made.weights] == [w.name for w in model.weights]
    assert all(map(np.array_equal, made.get_weights(), model.get_weights()))


def test_settings_are_those_of_our_backbones(small):
    norms = [layer for layer in small.layers if isinstance(layer, keras.BatchNormalization)]
    assert len(norms) == 8 and {n.momentum for n in norms} == {layers.BATCH_NORM_MOMENTUM}
    image = tf.random.stateless_uniform((2, 64, 64, 3), [0, 1])
    assert np.array_equal(small(image, training=True), small(image, training=True))  # No dropout.


def test_every_head_takes_it(small):
    for head, shape in (
        (heads.SegmentationHead(5), (1, 71, 53, 5)),
        (heads.DetectionHead(3), (1, 18, 14, 3)),
        (heads.ClassificationHead(10), (1, 10)),
    ):
        outputs = tf.keras.Model(small.input, head.connect(small))(tf.ones((1, 71, 53, 3)))
        outputs = outputs["heatmap"] if isinstance(outputs, dict) else outputs
        assert outputs.shape == shape
    assert [layer.name for layer in head.model.layers if layer.weights] == ["logits"]


def test_batch_norm_is_folded_where_a_convolution_precedes(small):
    image = tf.random.stateless_uniform((1, 64, 64, 3), [0, 1])
    folded = fold_network(small)
    norms = [layer for layer in folded.layers if isinstance(layer, keras.BatchNormalization)]
    assert [norm.name for norm in norms] == [f"after{stride}" for stride in adapter.STRIDES]
    expected = small(image)
    np.testing.assert_allclose(folded(image), expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.slow
def test_a_training_step_lowers_with_static_shapes(small):
    hlo = lower_training_step(small, (71, 53))
    assert "convolution" in hlo and "<=" not in hlo


def test_a_network_without_a_stride_is_refused():
    image = tf.keras.Input((None, None, 3))
    x = keras.Conv2D(4, 3, 4, padding="same")(image)
    model = tf.keras.Model(image, keras.Conv2D(4, 8, 8)(x))
    with pytest.raises(FoiError, match="coarse: no map of stride 8: backbones need maps at"):
        adapter.adapt_model(model, name="coarse")


def test_preparation_is_found():
    found = keras_applications.find_preparation(tf.keras.applications.resnet.preprocess_input)
    assert found[0] == [2, 1, 0] and found[1] == [255, 255, 255]
    np.testing.assert_allclose(found[2], [-103.939, -116.779, -123.68], rtol=1e-6)
    with pytest.raises(FoiError, match="in another way than by channel"):
        keras_applications.find_preparation(np.square)


def test_operations_are_counted_by_hand(small):
    # conv2: 32 * 32 places of 3 * 3 * 3 * 4 weights, and so on; shortcuts have 1 x 1 kernels.
    channels = (4, 4, 8, 16, 32)
    pairs = zip(channels, channels[1:], (16, 8, 4, 2), strict=False)
    expected = 32**2 * 108 + sum(side**2 * a * b * (9 + 1) for a, b, side in pairs)
    assert operations.count_operations(small, (64, 64)) == expected


def test_one_can_register_a_backbone(monkeypatch):
    monkeypatch.setattr(backbones, "ARCHITECTURES", dict(backbones.ARCHITECTURES))
    before = set(BACKBONES)

    def build(input_shape):
        return adapter.adapt_model(build_small(), input_shape)

    try:
        backbones.register_backbone("own", build, statistics=((0.0,) * 3, (1.0,) * 3))
        assert backbones.build_backbone("own", (64, 64, 3)).output.shape == (None, 16, 16, 60)
        assert 0 < find_backbone("own").giga_operations < 0.01
        with pytest.raises(FoiError, match="own: not a new name of a backbone"):
            backbones.register_backbone("own", build)
    finally:
        for name in set(BACKBONES) - before:
            del BACKBONES[name]


def test_names_of_keras_are_known_without_tensorflow():
    row = find_backbone("keras:MobileNetV3Small")
    assert row.architecture == KERAS and row.statistics == ((0.0,) * 3, (1.0,) * 3)
    assert 0 < row.giga_operations < 0.1 and "keras:EfficientNetV2B0" in list_names()
    with pytest.raises(FoiError, match="did you mean 'keras:EfficientNetV2B"):
        find_backbone("keras:EfficientNetV2B")


@pytest.mark.slow
def test_a_keras_application_is_itself():
    made = backbones.build_backbone("keras:MobileNetV3Small")
    assert operations.count_operations(made) / 1e9 == pytest.approx(
        find_backbone("keras:MobileNetV3Small").giga_operations, abs=0.005
    )
    own = tf.keras.applications.MobileNetV3Small((64, 64, 3), include_top=False, weights=None)
    assert made.count_params() == own.count_params()
    own.set_weights(made.get_weights())
    pixels = tf.random.stateless_uniform((1, 64, 64, 3), [0, 1])
    last = tf.keras.Model(made.input, hrnet.branches(made)[-1])(pixels)
    np.testing.assert_allclose(last, own(255 * pixels), rtol=1e-4, atol=1e-5)
