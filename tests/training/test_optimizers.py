import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.study.schedules import Schedule
from foi_tf.training import optimizers

STEP = Schedule(
    optimizer="sgd", learning_rate=0.4, steps=100, small_steps=1, batch_size=1,
    boundaries=(0.5, 0.8),
)  # fmt: skip


def rates(schedule, steps=100):
    rate = optimizers.create_learning_rate(schedule, steps)
    return np.asarray([float(rate(step)) for step in range(steps)])


def test_step_policy_divides_by_ten_at_each_boundary():
    expected = np.where(np.arange(100) < 50, 0.4, np.where(np.arange(100) < 80, 0.04, 0.004))
    np.testing.assert_allclose(rates(STEP), expected, rtol=1e-6)


def test_poly_policy_is_that_of_appendix_a2():
    expected = 0.4 * (1 - np.arange(100) / 100) ** 0.9
    poly = dataclasses.replace(STEP, policy="poly")
    np.testing.assert_allclose(rates(poly), expected, rtol=1e-5)


def test_cosine_policy_is_that_of_simclr():
    expected = 0.4 * (1 + np.cos(np.pi * np.arange(100) / 100)) / 2
    cosine = dataclasses.replace(STEP, policy="cosine")
    np.testing.assert_allclose(rates(cosine), expected, atol=1e-6)


def test_warmup_rises_linearly():
    warm = rates(dataclasses.replace(STEP, warmup=0.1))
    np.testing.assert_allclose(warm[:10], 0.4 * np.arange(1, 11) / 10, rtol=1e-6)
    np.testing.assert_allclose(warm[10:], rates(STEP)[10:], rtol=1e-6)


@pytest.mark.parametrize("policy", ["poly", "step"])
@pytest.mark.parametrize("steps", [100, 100_000])
def test_a_schedule_that_restarts_repeats_its_rates_twice_as_slowly(policy, steps):
    once = dataclasses.replace(STEP, policy=policy, warmup=0.1)
    plain = optimizers.create_learning_rate(once, steps)
    again = optimizers.create_learning_rate(dataclasses.replace(once, restarts=2), steps)
    for share in (0, 0.05, 0.1, 0.4, 0.7, 0.99):
        step = round(share * steps)
        expected = pytest.approx(float(plain(step)), rel=1e-5)
        assert float(again(step)) == expected
        assert float(again(tf.constant(steps + 2 * step, tf.int64))) == expected
        assert float(again(3 * steps + 4 * step)) == expected
    for end, pass_end in ((1, steps - 1), (2, 3 * steps - 2), (4, 7 * steps - 4)):
        assert float(again(pass_end)) == pytest.approx(float(plain(steps - 1)), rel=1e-5), end


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_weight_decay_spares_biases_and_batch_norm(name):
    schedule = dataclasses.replace(STEP, optimizer=name, weight_decay=0.1)
    made = optimizers.create_optimizer(schedule, 100)
    layer = tf.keras.Sequential(
        [tf.keras.layers.Dense(2, input_shape=(2,), bias_initializer="ones"),
         tf.keras.layers.BatchNormalization()]
    )  # fmt: skip
    before = {v.name: v.numpy() for v in layer.trainable_variables}
    made.build(layer.trainable_variables)
    made.apply_gradients([(tf.zeros_like(v), v) for v in layer.trainable_variables])
    for variable in layer.trainable_variables:
        decayed = 0.96 if "kernel" in variable.name else 1.0
        np.testing.assert_allclose(variable, decayed * before[variable.name], rtol=1e-5)


def test_momentum_is_used():
    made = optimizers.create_optimizer(dataclasses.replace(STEP, momentum=0.5), 100)
    variable = tf.Variable(1.0)
    made.build([variable])
    for _ in range(2):
        made.apply_gradients([(tf.constant(1.0), variable)])
    assert float(variable) == pytest.approx(1 - 0.4 - 0.4 * 1.5)


def test_the_fused_update_equals_that_of_keras():
    start = tf.random.stateless_normal([50, 3], [1, 2])
    rate = optimizers.create_learning_rate(dataclasses.replace(STEP, policy="poly"), 100)
    variables = [tf.Variable(start, name="kernel") for _ in range(2)]
    made = (optimizers.FusedSGD(rate, 0.9, weight_decay=1e-2),
            tf.keras.optimizers.SGD(rate, 0.9, weight_decay=1e-2))  # fmt: skip
    for number in range(6):
        gradient = tf.random.stateless_normal([50, 3], [3, number])
        for one, variable in zip(made, variables, strict=True):
            one.apply_gradients([(gradient, variable)])
    assert np.abs(variables[0] - start).max() > 0.1
    np.testing.assert_allclose(*variables, rtol=1e-6, atol=1e-6)


def test_adam_is_its_formula_with_decoupled_weight_decay():
    """Kingma and Ba's update in float64; the decay is Loshchilov and Hutter's, before it."""
    rate, decay, first, second, tiny = 0.4, 0.01, 0.9, 0.999, 1e-7
    made = optimizers.create_optimizer(
        dataclasses.replace(STEP, optimizer="adam", weight_decay=decay), 100
    )
    rng = np.random.default_rng(0)
    value = rng.normal(size=(4, 3))
    variable = tf.Variable(value, dtype=tf.float32, name="kernel")
    made.build([variable])
    mean = square = np.zeros_like(value)
    for step in range(1, 6):
        gradient = rng.normal(size=value.shape)
        made.apply_gradients([(tf.constant(gradient, tf.float32), variable)])
        value = value - decay * rate * value
        mean = first * mean + (1 - first) * gradient
        square = second * square + (1 - second) * gradient**2
        corrected = mean / (1 - first**step), square / (1 - second**step)
        value = value - rate * corrected[0] / (np.sqrt(corrected[1]) + tiny)
    np.testing.assert_allclose(variable, value, rtol=1e-4)


LARS = dataclasses.replace(STEP, optimizer="lars", weight_decay=0.5, momentum=0.9)


def test_lars_scales_each_layer_by_its_norms():
    """You et al. (arXiv 1708.03888), whose coefficient 0.001 SimCLR keeps; two steps by hand."""
    start, gradient = np.float32([[3.0, 0], [0, 4]]), np.float32([[0.0, 2], [1, 0]])
    kernel, bias = tf.Variable(start, name="a/kernel"), tf.Variable([1.0, 2], name="a/bias")
    made = optimizers.create_optimizer(LARS, 100)
    made.build([kernel, bias])
    expected, slot = start.astype(float), np.zeros((2, 2))
    for _ in range(2):
        made.apply_gradients([(tf.constant(gradient), kernel), (tf.ones(2), bias)])
        decayed = gradient + 0.5 * expected
        trust = 0.001 * np.linalg.norm(expected) / np.linalg.norm(decayed)
        slot = 0.9 * slot + 0.4 * trust * decayed
        expected = expected - slot
    np.testing.assert_allclose(kernel, expected, rtol=1e-6)
    # Biases have neither decay nor a rate of their own.
    np.testing.assert_allclose(bias, [1 - 0.4 - 0.76, 2 - 0.4 - 0.76], rtol=1e-6)
    assert float(made.learning_rate.numpy()) == pytest.approx(0.4)


def test_lars_goes_on_from_a_checkpoint(tmp_path):
    def made():
        variable = tf.Variable([[1.0, 2.0]], name="kernel")
        one = optimizers.create_optimizer(dataclasses.replace(LARS, policy="cosine"), 10)
        one.build([variable])
        return variable, one, tf.train.Checkpoint(variable=variable, optimizer=one)

    def train(variable, one, steps):
        for _ in range(steps):
            one.apply_gradients([(tf.constant([[0.3, -0.1]]), variable)])

    whole, one, _ = made()
    train(whole, one, 5)
    first, one, state = made()
    train(first, one, 2)
    path = state.write(str(tmp_path / "state"))
    second, one, state = made()
    state.read(path).assert_consumed()
    train(second, one, 3)
    assert np.array_equal(whole, second) and not np.array_equal(first, second)
