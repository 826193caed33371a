import numpy as np
import pytest
import tensorflow as tf

from foi_tf.models import layers


@pytest.mark.parametrize("factor", [2, 4])
def test_nearest_upsampling_repeats_pixels(factor):
    x = tf.random.stateless_normal((2, 3, 5, 4), seed=(0, 1))
    expected = tf.repeat(tf.repeat(x, factor, axis=1), factor, axis=2)
    np.testing.assert_array_equal(layers.upsample_nearest(x, factor), expected)


def test_nearest_upsampling_has_the_gradient_of_repetition():
    x = tf.Variable(tf.zeros((1, 2, 2, 1)))
    with tf.GradientTape() as tape:
        weights = tf.reshape(tf.range(16.0), (1, 4, 4, 1))
        loss = tf.reduce_sum(weights * layers.upsample_nearest(x, 2))
    # Each pixel gathers the weights of its four copies: 0 + 1 + 4 + 5, and so on.
    assert tf.reshape(tape.gradient(loss, x), [-1]).numpy().tolist() == [10, 18, 42, 50]


def test_bilinear_upsampling_has_half_pixel_centers():
    x = tf.reshape(tf.constant([0.0, 4.0]), (1, 1, 2, 1))
    row = layers.upsample_bilinear(x, 2)[0, 0, :, 0]
    # Output pixels lie at -1/4, 1/4, 3/4 and 5/4 between the centers of the inputs.
    np.testing.assert_allclose(row, [0, 1, 3, 4])


def test_bilinear_upsampling_keeps_bfloat16():
    assert layers.upsample_bilinear(tf.zeros((1, 2, 2, 3), tf.bfloat16), 4).dtype == tf.bfloat16


@pytest.mark.parametrize("size", [4, 5])
def test_strided_convolution_pads_alike_on_both_sides(size):
    layer = layers.conv2d(1, 3, strides=2, use_bias=False, kernel_initializer="ones")
    x = tf.reshape(tf.range(1.0, size + 1), (1, 1, size, 1))
    # Windows are centered on pixels 1, 3 and 5.
    expected = {4: [1 + 2, 2 + 3 + 4], 5: [1 + 2, 2 + 3 + 4, 4 + 5]}[size]
    assert layer(x)[0, 0, :, 0].numpy().tolist() == expected
    assert layer.compute_output_shape((1, 1, size, 1)) == (1, 1, len(expected), 1)


def test_add_upsampled_crops_the_coarse_map():
    fine = tf.zeros((1, 3, 3, 1))
    coarse = tf.reshape(tf.constant([1.0, 2.0, 3.0, 4.0]), (1, 2, 2, 1))
    total = layers.AddUpsampled()([fine, coarse])
    assert total[0, :, :, 0].numpy().tolist() == [[1, 1, 2], [1, 1, 2], [3, 3, 4]]


def test_concat_upsampled_keeps_the_order_of_branches():
    branches = [tf.fill((1, 5, 5, 1), 0.0), tf.fill((1, 3, 3, 2), 1.0), tf.fill((1, 2, 2, 3), 2.0)]
    features = layers.ConcatUpsampled()(branches)
    assert features.shape == (1, 5, 5, 6)
    np.testing.assert_allclose(features[0, 4, 4], [0, 1, 1, 2, 2, 2])


@pytest.mark.parametrize("sizes", [(5, 3), (8, 4), (7, 2)])
def test_resizing_is_linear_between_centers(sizes):
    """Computes one row by linear interpolation: edges coincide, or the outermost centers do."""
    fine, coarse = sizes
    row = np.random.default_rng(0).normal(size=coarse).astype(np.float32)
    x, reference = tf.reshape(row, (1, 1, coarse, 1)), tf.zeros((1, 1, fine, 1))
    places = {
        False: (np.arange(fine) + 0.5) * coarse / fine - 0.5,
        True: np.linspace(0, coarse - 1, fine),
    }
    for aligned, at in places.items():
        found = layers.resize_bilinear(x, reference, aligned)[0, 0, :, 0]
        np.testing.assert_allclose(found, np.interp(at, np.arange(coarse), row), atol=1e-5)
        total = layers.AddResized(aligned)([reference + 1, x])[0, 0, :, 0]
        np.testing.assert_allclose(total, found + 1, atol=1e-6)
        whole = layers.ConcatUpsampled(aligned)([reference, x])[0, 0, :, 1]
        np.testing.assert_allclose(whole, found, atol=1e-6)


def test_each_initializer_draws_its_own_values():
    tf.keras.utils.set_random_seed(0)
    first, second = layers.he_normal()((3, 3, 8, 64)), layers.he_normal()((3, 3, 8, 64))
    assert not np.allclose(first, second)
    # Fan-out is 3 * 3 * 64.
    np.testing.assert_allclose(np.std(first), np.sqrt(2 / 576), rtol=0.05)


def test_batch_norm_in_training_is_its_formula():
    """Mean and variance of the batch; PyTorch's momentum 0.1 for the moving ones, and unbiased."""
    values = np.random.default_rng(0).normal(2, 3, (4, 5, 6, 3)).astype(np.float32)
    norm = layers.batch_norm("bn")
    found = norm(values, training=True)
    flat = values.reshape(-1, 3).astype(np.float64)
    expected = (values - flat.mean(0)) / np.sqrt(flat.var(0) + 1e-5)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(norm.moving_mean, 0.1 * flat.mean(0), rtol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, 0.9 + 0.1 * flat.var(0, ddof=1), rtol=1e-5)


def test_batch_norm_is_synchronized_only_over_several_replicas(two_replicas):
    x = tf.constant([[0.0], [1.0], [10.0], [15.0]])[:, None, None]

    def means(strategy):
        with strategy.scope():
            norm = layers.batch_norm("bn")
            norm.build(x.shape)

        def train(context):
            share = len(x) // strategy.num_replicas_in_sync
            start = context.replica_id_in_sync_group * share
            return norm(x[start : start + share], training=True)

        @tf.function(autograph=False)
        def step():
            contexts = strategy.experimental_distribute_values_from_function(lambda c: c)
            return strategy.run(train, (contexts,))

        outputs = tf.concat(strategy.experimental_local_results(step()), axis=0)
        return norm, outputs[:, 0, 0, 0]

    one, alone = means(tf.distribute.OneDeviceStrategy("CPU:0"))
    two, together = means(two_replicas)
    assert not one.synchronized
    assert two.synchronized
    np.testing.assert_allclose(together, alone, rtol=1e-4)
