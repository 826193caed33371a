import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from foi_tf.tasks.contrastive import Contrastive, compute_nt_xent
from tests.augmented_examples import ROW

TASK = Contrastive(ROW)


def embeddings(pairs, seed=0):
    """Makes unit vectors [2 * pairs, 5], partners beside each other."""
    values = np.random.default_rng(seed).normal(size=(2 * pairs, 5)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def transcribed(z, temperature):
    """Computes Equation 1 of SimCLR term by term, and its gradient with respect to z."""
    count = len(z)
    total, gradient = 0.0, np.zeros_like(z, np.float64)
    for i in range(count):
        j = i + 1 if i % 2 == 0 else i - 1
        others = [k for k in range(count) if k != i]
        s = np.array([float(z[i] @ z[k]) for k in others]) / temperature
        total += scipy.special.logsumexp(s) - float(z[i] @ z[j]) / temperature
        for k, p in zip(others, scipy.special.softmax(s), strict=True):
            weight = (p - (k == j)) / temperature / count
            gradient[i] += weight * z[k]
            gradient[k] += weight * z[i]
    return total / count, gradient


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_one_replica_has_the_loss_of_the_paper(temperature):
    z = embeddings(6)
    value = tf.constant(z)
    with tf.GradientTape() as tape:
        tape.watch(value)
        loss = compute_nt_xent(value, temperature)
    expected, gradient = transcribed(z, temperature)
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(tape.gradient(loss, value), gradient, atol=1e-5)


def test_two_replicas_tell_views_apart_from_those_of_both(two_replicas):
    """The shares add up to the loss of the whole batch, and so do the gradients."""
    z, temperature = embeddings(6), 0.3

    @tf.function(autograph=False)
    def both(whole):
        def one():
            place = tf.distribute.get_replica_context().replica_id_in_sync_group
            own = tf.ensure_shape(tf.slice(whole, [6 * place, 0], [6, 5]), (6, 5))
            with tf.GradientTape() as tape:
                tape.watch(own)
                loss = compute_nt_xent(own, temperature)
            return loss, tape.gradient(loss, own)

        return two_replicas.run(tf.autograph.experimental.do_not_convert(one))

    losses, gradients = map(two_replicas.experimental_local_results, both(tf.constant(z)))
    expected, gradient = transcribed(z, temperature)
    assert float(sum(losses)) == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(np.concatenate(gradients), gradient, atol=1e-5)
    # Each replica alone, with only its own views, would have another task.
    alone = np.mean([transcribed(half, temperature)[0] for half in (z[:6], z[6:])])
    assert abs(alone - expected) > 0.1


def test_temperature_and_order():
    z = embeddings(8)
    # A high temperature leaves no difference between the 15 others.
    assert float(compute_nt_xent(tf.constant(z), 1e4)) == pytest.approx(np.log(15), rel=1e-3)
    perfect = np.repeat(np.eye(4, dtype=np.float32), 2, 0)
    values = [float(compute_nt_xent(tf.constant(perfect), t)) for t in (0.05, 0.5, 1.0)]
    assert values[0] < 1e-6 and values == sorted(values)
    assert values[2] == pytest.approx(np.log(1 + 6 * np.exp(-1.0)), rel=1e-5)
    # Neither the order of images matters, nor which view is the first; but who is beside whom.
    whole = float(compute_nt_xent(tf.constant(z), 0.5))
    images = z.reshape(8, 2, 5)[np.random.default_rng(1).permutation(8)][:, ::-1]
    assert float(compute_nt_xent(tf.constant(images.reshape(16, 5)), 0.5)) == pytest.approx(
        whole, rel=1e-5
    )
    assert abs(float(compute_nt_xent(tf.constant(np.roll(z, 1, 0)), 0.5)) - whole) > 1e-2


def test_accuracy_is_told_among_the_views_of_all_batches(monkeypatch):
    monkeypatch.setattr("foi_tf.tasks.contrastive._ROWS", 3)  # Does not divide the views.
    # The second view of the last of four images resembles those of the first image.
    z = np.repeat(np.eye(4, dtype=np.float32), 2, 0)
    z[7] = 0.8 * z[0] + 0.6 * z[7]
    evaluator = TASK.accumulator()
    for half in (z[:4], z[4:]):
        statistics = TASK.summarize(TASK.decode(tf.constant(half)), {})
        assert statistics["embedding"].shape == (2, 2, 4)
        evaluator.update({name: value.numpy() for name, value in statistics.items()})
    found = evaluator.result()
    assert found == {"contrastive_accuracy": 7 / 8, "constant_contrastive_accuracy": 1 / 7}
    assert np.isnan(TASK.accumulator().result()["contrastive_accuracy"])
