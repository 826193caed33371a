import numpy as np
import pandas as pd
import pytest

from foi_tf.analysis.findings.resampled_chains import ResampledChains, weighted_mean

GAINS = {("a", "x"): 5.0, ("a", "y"): -4.0, ("b", "x"): 1.0, ("b", "y"): 12.0, ("b", "multi"): 3.0}


@pytest.fixture(name="chains")
def _chains():
    frame = pd.DataFrame([(*pair, gain) for pair, gain in GAINS.items()])
    frame.columns = ["target", "source", "gain"]
    gain = frame.gain
    return frame.assign(
        target_type="segmentation", source_type="segmentation", gain_size=gain.abs(),
        positive=(gain > 2).astype(float), very_positive=(gain > 10).astype(float),
        negative=(gain < -2).astype(float),
    )  # fmt: skip


ALL = np.arange(len(GAINS))


def test_the_first_sample_is_the_study_itself(chains):
    drawn = ResampledChains(chains, draws=50)
    assert drawn.mean("gain", ALL)[0] == pytest.approx(17 / 5)
    assert drawn.percentages(ALL)["P"][0] == pytest.approx(60)
    best = drawn.best_percentages(ALL)
    assert (best["P"][0], best["VP"][0]) == (100, 50)
    tau = drawn.tau(ALL, np.array([[1.0], [2], [3], [4], [5]]))
    assert tau[0, 0] == pytest.approx((6 - 4) / 10)


def test_chains_count_as_often_as_their_ends_are_drawn(chains):
    drawn = ResampledChains(chains, draws=300, seed=3)
    targets, sources = drawn.targets_drawn, drawn.sources_drawn
    assert (targets[1:, 0] + targets[1:, 2] == 2).all()  # Two targets, drawn twice.
    assert (sources[:, 4] == 1).all()  # There is no other model of several sources to draw.
    weights = drawn.weights(ALL)
    np.testing.assert_array_equal(weights, targets * sources)
    gains = np.array(list(GAINS.values()))
    by_hand = [np.average(gains, weights=w) if w.any() else np.nan for w in weights]
    np.testing.assert_allclose(drawn.mean("gain", ALL), by_hand)


def test_the_best_is_picked_among_the_drawn(chains):
    drawn = ResampledChains(chains, draws=300)
    picked = drawn.pick(ALL[:4], drawn.effect("gain", ALL[:4]))
    gains = picked.take(drawn.effect("gain", ALL[:4]))
    x, y = drawn.sources_drawn[:, 0] > 0, drawn.sources_drawn[:, 1] > 0
    assert (gains[x, 0] == 5).all() and (gains[y & ~x, 0] == -4).all()
    assert (gains[y, 1] == 12).all() and (gains[x & ~y, 1] == 1).all()
    assert (picked.weights[:, 0] == drawn.targets_drawn[:, 0] * (x | y)).all()


def test_drawn_gains_have_levels_of_their_own(chains):
    gains = np.random.default_rng(0).normal(0, 8, (40, 5))
    drawn = ResampledChains(chains, gains)
    np.testing.assert_array_equal(drawn.effect("gain", ALL)[1:], gains)
    np.testing.assert_array_equal(drawn.effect("positive", ALL)[1:], gains > 2)
    np.testing.assert_array_equal(drawn.effect("gain_size", ALL)[1:], np.abs(gains))
    assert drawn.effect("gain", ALL)[0].tolist() == list(GAINS.values())


def test_means_of_nothing_are_unknown():
    found = weighted_mean(np.array([[1.0, 3], [5, np.nan]]), np.array([[0, 0], [2, 0]]))
    np.testing.assert_array_equal(found, [np.nan, 5])
