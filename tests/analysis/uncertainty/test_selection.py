import pathlib
import sys

import numpy as np
import pytest

from foi_tf.analysis.uncertainty import selection

sys.path.append(str(pathlib.Path(__file__).parents[3] / "benchmarks"))
import uncertainty


def test_critical_values_are_those_of_dunnett_s_table():
    assert selection.critical_value(1, 10**6) == pytest.approx(1.645, abs=1e-3)
    assert selection.critical_value(1, 5) == pytest.approx(2.015, abs=0.01)
    assert selection.critical_value(5, 20) == pytest.approx(2.39, abs=0.01)
    assert selection.critical_value(9, 60) == pytest.approx(2.48, abs=0.01)


@pytest.fixture(scope="module")
def studies_without_effect():
    """20 studies of 5 targets and 15 sources without any effect, and the truth."""
    world = uncertainty.World(targets=5, seeds=2, noise=0.03, effects="none")
    return uncertainty.simulate(world, 20, seed=0)


def test_intervals_hold_the_truth_and_stars_are_rare(studies_without_effect):
    found = uncertainty.check_intervals(*studies_without_effect)
    assert 93 <= found["covers"] <= 98
    assert found["stars"] <= 5 and found["clear"] <= 5


def test_the_best_of_15_equal_sources_gains_nothing(studies_without_effect):
    found = uncertainty.check_best(*studies_without_effect, noise=0.03)
    assert found["measured"] > 100  # Percent of the noise of a run.
    assert abs(found["bias"]) < 25
    assert found["holds"] >= 95 and found["of"] > 13


def test_the_probabilities_of_being_the_best_add_up(studies_without_effect):
    analysis, _ = studies_without_effect
    chains = analysis.chains
    sums = chains.groupby(["backbone", "target"]).p_best.sum()
    np.testing.assert_allclose(sums, 1)
    assert (chains.groupby(["backbone", "target"]).gain_selected.count() == 1).all()


@pytest.mark.slow
@pytest.mark.parametrize("world", [
    {"targets": 1, "seeds": 2, "tails": "t3"},
    {"targets": 5, "seeds": 3, "uneven": 3.0},
    {"targets": 5, "seeds": 5, "effects": "levels"},
], ids=["heavy", "uneven", "effects"])  # fmt: skip
def test_intervals_hold_the_truth_in_other_worlds(world):
    found = uncertainty.check_intervals(
        *uncertainty.simulate(uncertainty.World(noise=0.03, **world), 25, seed=1)
    )
    assert 92 <= found["covers"] <= 98 and found["stars"] <= 5


@pytest.mark.slow
def test_probabilities_hold_where_seeds_differ_and_the_baseline_has_more():
    """Seeds that chains lack move the gains of all of them alike."""
    world = uncertainty.World(
        targets=6, seeds=5, further=5, noise=0.025, seed_effect=0.05, effects="spread"
    )
    analysis, truth = uncertainty.simulate(world, 20, seed=3)
    better = analysis.chains.p_better.to_numpy()
    assert (truth[better > 0.9] > 0).mean() > 0.92 and (better > 0.9).sum() > 300
    assert (truth[better < 0.1] < 0).mean() > 0.92
    assert 91 <= uncertainty.check_intervals(analysis, truth)["covers"] <= 98


@pytest.mark.slow
def test_single_runs_with_images_have_no_false_stars(tmp_path):
    world = uncertainty.World(targets=1, seeds=1, noise=0.03, images=20, effects="none")
    found = uncertainty.check_intervals(*uncertainty.simulate(world, 6, 2, tmp_path))
    assert found["stars"] <= 5 and found["covers"] > 90
