import numpy as np
import pytest
from scipy import stats

from foi_tf.analysis.measures import kendall


def values(rng, *shape):
    """Random numbers, some of which are tied."""
    return rng.integers(0, 6, shape).astype(float)


def test_taus_of_samples_are_scipys():
    rng = np.random.default_rng(0)
    samples, others = values(rng, 5, 12), values(rng, 12, 3)
    samples[3] = 1.0  # Constant.
    found = kendall.tau_of_samples(samples, others)
    for i, sample in enumerate(samples):
        expected = [stats.kendalltau(sample, other).statistic for other in others.T]
        np.testing.assert_allclose(found[i], expected)
    assert np.isnan(found[3]).all() and not np.isnan(found[:3]).any()


def test_weights_are_repetitions():
    rng = np.random.default_rng(1)
    samples, others, more = values(rng, 4, 9), values(rng, 9, 2), values(rng, 4, 9)
    weights = rng.integers(0, 4, (4, 9))
    found = kendall.tau_of_samples(samples, others, weights)
    between = kendall.tau_between(samples, more, weights)
    for i, often in enumerate(weights):
        sample = np.repeat(samples[i], often)
        for k in range(2):
            expected = stats.kendalltau(sample, np.repeat(others[:, k], often)).statistic
            assert found[i, k] == pytest.approx(expected)
        expected = stats.kendalltau(sample, np.repeat(more[i], often)).statistic
        assert between[i] == pytest.approx(expected)


def test_groups_are_left_out():
    rng = np.random.default_rng(2)
    first, second, codes = values(rng, 14), values(rng, 14), np.arange(14) % 4
    found = kendall.tau_without_groups(first, second, codes)
    expected = [stats.kendalltau(first[codes != i], second[codes != i]).statistic for i in range(4)]
    np.testing.assert_allclose(found, expected)
