import numpy as np
import pytest

from foi_tf.analysis.uncertainty.noise_model import fit_pool
from foi_tf.analysis.uncertainty.run_noise import measure_noise
from foi_tf.analysis.uncertainty.start_choice import find_metric_bounds, judge_starts
from foi_tf.analysis.uncertainty.target_runs import TargetRuns

KEY = ("segmentation", "small", "hrnet_mini", "ilsvrc", "miou")
NAMES = ("ilsvrc", "a", "b", "c", "scratch")


def make_runs(values, names=NAMES):
    """The runs of a target, from [starts, seeds] metrics; the first start is the reference."""
    runs = [
        [
            {"seed": seed, "value": value, "metric": "miou", "source": name,
             "source_type": "segmentation" if len(name) == 1 else ""}
            for seed, value in enumerate(own)
        ]
        for name, own in zip(names, values, strict=True)
    ]  # fmt: skip
    others = runs[1:]
    return TargetRuns("t", runs[0], others, range(len(others)), np.zeros(len(others)))


def judge(values, **options):
    runs = make_runs(values)
    noise = measure_noise([runs])
    return judge_starts(fit_pool(KEY, [runs], noise), **options)[0], runs, noise


def test_the_start_that_is_clearly_ahead_is_chosen():
    choice, *_ = judge([[0.5, 0.51], [0.61, 0.6], [0.5, 0.5], [0.48, 0.49], [0.4, 0.41]])
    assert choice.best == 1 and choice.p_best[1] > 0.95
    assert choice.maybe_best.tolist() == [False, True, False, False, False]
    assert choice.p_best.sum() == pytest.approx(1)
    assert choice.middle[0] == 0 and choice.more_seeds[1] == 0


def test_a_start_that_may_not_be_chosen_is_left_out():
    values = [[0.5, 0.51], [0.61, 0.6], [0.5, 0.5], [0.48, 0.49], [0.4, 0.41]]
    ranked = [np.array([True, False, True, True, True])]
    choice, *_ = judge(values, ranked=ranked)
    assert choice.best in (0, 2) and np.isnan(choice.p_best[1]) and not choice.maybe_best[1]


def test_unknown_noise_has_no_choice():
    runs = make_runs([[0.5], [0.6], [0.5], [0.5], [0.4]])
    assert measure_noise([runs]) is None
    assert judge_starts(fit_pool(KEY, [runs], None)) == [None]


def test_metrics_have_intervals_that_hold_the_true_one():
    rng = np.random.default_rng(0)
    truth = np.array([0.5, 0.55, 0.5, 0.45, 0.4])
    held = []
    for _ in range(60):
        runs = make_runs(truth[:, None] * np.exp(rng.normal(0, 0.05, (5, 3))))
        bounds = find_metric_bounds(runs, measure_noise([runs]).targets[0])
        held += list((bounds[:, 0] < truth) & (truth < bounds[:, 1]))
    assert 0.92 <= np.mean(held) <= 0.99


@pytest.mark.slow
def test_probabilities_to_be_the_best_are_true_as_often_as_they_say():
    """Effects of sources are drawn anew in each study, with a deviation of 4 %."""
    rng = np.random.default_rng(1)
    said, right, held = [], [], []
    for _ in range(120):
        effects = np.array([0, *rng.normal(0.03, 0.04, 3), -0.1])
        values = 0.5 * np.exp(effects[:, None] + rng.normal(0, 0.02, (5, 3)))
        choice, *_ = judge(values, draws=500)
        said.append(choice.p_best[choice.best])
        right.append(choice.best == effects.argmax())
        held.append(choice.maybe_best[effects.argmax()])
    said, right = np.array(said), np.array(right)
    sure = said >= 0.9
    assert sure.sum() > 50 and right[sure].mean() >= 0.9
    assert abs(said.mean() - right.mean()) < 0.06  # Two standard errors.
    assert np.mean(held) >= 0.93
