import types

import numpy as np
import pytest
from scipy import stats

from foi_tf.comparison import run_value


def posterior(means, deviations, noise):
    normal = np.random.default_rng(0).standard_normal((20000, len(means)))
    return types.SimpleNamespace(draws=np.array(means) + deviations * normal, noise=noise)


def test_a_run_is_worth_what_the_knowledge_gradient_says():
    found = posterior([0.10, 0.08, -0.5], [0.03, 0.03, 0.03], 0.04)
    worth = run_value.value_next(found, np.full(3, True))
    moved = 0.03**2 / 0.05  # Pythagoras: 3, 4, 5.
    expected = moved * (stats.norm.pdf(0.02 / moved) - 0.02 / moved * stats.norm.sf(0.02 / moved))
    assert worth[:2] == pytest.approx([expected] * 2, rel=0.05)
    assert worth[2] < 1e-6


def test_a_start_that_did_not_run_is_worth_its_chance_to_be_ahead():
    found = posterior([0.0, -1.0, 0.0], [1e-3, 1e-3, 0.3], 0.4)
    worth = run_value.value_next(found, np.array([True, True, False]))
    assert worth[2] == pytest.approx(0.3 * stats.norm.pdf(0) * 0.36, rel=0.05)
    assert worth[2] > worth[:2].max()


def test_a_seed_of_all_gains_a_part_of_the_loss():
    runs = np.full(2, True)
    # The larger of two normal variables is expected to be 1 / sqrt(pi) deviations higher.
    for noise, share in ((0.1, np.sqrt(0.5)), (1e-6, 1.0)):
        gain = run_value.value_seed(posterior([0.0, 0.0], [0.1, 0.1], noise), 0, runs)
        assert gain == pytest.approx(100 * np.expm1(share * 0.1 / np.sqrt(np.pi)), abs=0.25)
    found = posterior([0.0, 0.0], [0.1, 0.1], 0.1)
    assert run_value.value_seed(found, 0, ~runs) == pytest.approx(0.0, abs=0.25)
