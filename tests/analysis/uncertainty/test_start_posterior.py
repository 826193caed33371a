import numpy as np
import pytest

from foi_tf.analysis.uncertainty.start_posterior import NoisePrior, StartPosterior

NAMES = ["scratch", "ilsvrc", "a:segmentation", "b:segmentation"]


def test_many_seeds_give_means_and_the_gain_between_two_starts():
    rng = np.random.default_rng(0)
    truth = np.array([0.3, 0.5, 0.6, 0.4])
    table = truth[:, None] * np.exp(0.02 * rng.normal(size=(4, 30)))
    found = StartPosterior(NAMES, table, "miou")
    middle, low, high = found.estimates()
    assert middle == pytest.approx(np.exp(np.log(table).mean(1)), rel=0.01)
    assert (low < truth).all() and (truth < high).all()
    assert found.leader == 2 and found.p_best[2] > 0.999
    assert found.gain(2, 1)[0] == pytest.approx(20, abs=2)
    assert found.noise == pytest.approx(0.02, rel=0.3)


def test_effects_of_seeds_cancel():
    rng = np.random.default_rng(1)
    seeds = 0.1 * rng.normal(size=2)
    table = 0.5 * np.exp(np.array([[0.0], [0.02]]) + seeds + 0.001 * rng.normal(size=(2, 2)))
    prior = NoisePrior(0.05, 3.0)
    together = StartPosterior(NAMES[1:3], table, "miou", prior=prior)
    apart = np.full((2, 4), np.nan)
    apart[0, :2], apart[1, 2:] = table
    alone = StartPosterior(NAMES[1:3], apart, "miou", prior=prior)
    assert together.p_best[1] > alone.p_best[1]


def test_a_start_that_did_not_run_may_be_the_best():
    table = np.array([[0.3], [0.5], [0.52], [np.nan]])
    found = StartPosterior(NAMES, table, "miou")
    assert found.p_best[3] > 0.1 and found.p_best.sum() == pytest.approx(1)


def test_a_start_that_did_not_run_is_mostly_like_those_that_did():
    ran = np.array([[0.50], [0.52], [0.51], [0.49], [0.51], [0.50], [0.30], [0.31]])
    table = np.vstack([ran, [[np.nan]]])
    names = [f"s{i}:segmentation" for i in range(9)]
    found = StartPosterior(names, table, "miou")
    # It is drawn near one of two poor ones with a probability of a fifth.
    assert np.mean(found.draws[:, 8] < np.log(0.4 / found.level)) == pytest.approx(0.22, abs=0.08)
    assert np.exp(np.median(found.draws[:, 8])) * found.level == pytest.approx(0.5, rel=0.1)


def test_starts_that_stand_apart_say_nothing_of_the_scatter():
    table = np.array([[0.50, 0.51], [0.52, 0.51], [0.10, 0.11], [0.51, 0.5]])
    names = [f"s{i}:segmentation" for i in range(4)]
    with_it = StartPosterior(names, table, "miou").draws
    apart = StartPosterior(names, table, "miou", apart=["s2:segmentation"]).draws
    without = StartPosterior([names[i] for i in (0, 1, 3)], table[[0, 1, 3]], "miou").draws
    wide, narrow, alone = (x[:, 1] - x[:, 0] for x in (with_it, apart, without))
    assert narrow.std() < wide.std() and narrow.std() == pytest.approx(alone.std(), rel=0.2)


def test_equal_starts_share_the_probability():
    found = StartPosterior(NAMES[1:], np.full((3, 4), 0.5), "miou")
    assert found.p_best == pytest.approx(np.full(3, 1 / 3), abs=0.05)
    assert found.p_close.min() > 0.8


def test_few_images_widen_intervals():
    table = np.array([[0.5, 0.5], [0.6, 0.6]])
    images = 0.1 * np.random.default_rng(0).normal(size=(2, 5))
    narrow = StartPosterior(NAMES[1:3], table, "miou").estimates()
    wide = StartPosterior(NAMES[1:3], table, "miou", images=images).estimates()
    assert (wide[2] - wide[1] > narrow[2] - narrow[1]).all()


def test_lower_values_are_better_for_depth():
    found = StartPosterior(NAMES[1:3], np.array([[1.0, 1.0], [0.8, 0.8]]), "rmse")
    assert found.leader == 1 and found.gain(1, 0)[0] == pytest.approx(20, abs=1)
    assert found.estimates()[0] == pytest.approx([1.0, 0.8], rel=0.02)


def test_without_a_value_above_0_there_is_nothing_to_compare():
    with pytest.raises(ValueError, match="above 0"):
        StartPosterior(NAMES[1:3], np.zeros((2, 2)), "miou")
