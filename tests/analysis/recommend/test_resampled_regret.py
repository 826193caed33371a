import numpy as np
import pandas as pd
import pytest

from foi_tf.analysis.measures.two_way import POSITIVE, jackknife_interval
from foi_tf.analysis.recommend import regret
from foi_tf.analysis.recommend.resampled_regret import find_winner, resample_regrets
from tests.analysis.recommend.test_regret import pairs


def several(values, **columns):
    """Pairs of targets t0, t1, ... whose sources have these values."""
    frames = [pairs(row, target=f"t{i}", **columns) for i, row in enumerate(values)]
    return pd.concat(frames, ignore_index=True)


def test_the_regret_of_the_study_itself():
    frame = several([[0.5, 0.4, 0.3], [0.2, 0.4, 0.1]])
    scores = {"first": pd.Series([3.0, 2, 1, 3, 2, 1]), "last": pd.Series([1.0, 2, 3, 1, 2, 3])}
    found = resample_regrets(frame, scores, draws=200).set_index("rule")
    assert found.regret.to_dict() == pytest.approx({"first": 25, "last": (40 + 75) / 2})
    assert (found.compared == 2).all() and found.low.isna().all()  # Two targets are too few.
    table = regret.evaluate_rules(frame, scores).set_index("rule")
    assert table.regret_1["first"] == 25 and np.isnan(table.wins["random"])
    assert table.wins["first"] > 0.7 and table.wins[["first", "last"]].sum() == pytest.approx(1)


def test_who_is_always_right_wins_and_who_ties_shares():
    rng = np.random.default_rng(0)
    frame = several(rng.uniform(0.2, 0.8, (6, 5)))
    right, wrong = frame.value, -frame.value
    alone = resample_regrets(frame, {"right": right, "wrong": wrong}, draws=100)
    assert alone.rule.tolist() == ["right", "wrong"] and alone.regret[0] == 0
    assert alone.wins.sum() == pytest.approx(1) and find_winner(alone) == "right"
    shared = resample_regrets(frame, {"right": right, "twin": 2 * right, "wrong": wrong}, draws=100)
    assert shared.wins[0] == shared.wins[1] and find_winner(shared) == ""


def test_the_interval_is_over_targets_and_sources():
    rng = np.random.default_rng(2)
    frame = several(rng.uniform(0.2, 0.8, (10, 8)))
    rule = frame.value + rng.normal(0, 0.1, len(frame))
    found = resample_regrets(frame, {"rule": rule}, draws=9).iloc[0]

    def regret_of(own):
        picked = own.loc[rule[own.index].groupby(own.target).idxmax()].set_index("target").value
        return (100 * (1 - picked / own.groupby("target").value.max())).mean()

    assert found.regret == pytest.approx(regret_of(frame))
    without = [
        np.array([regret_of(frame[frame[end] != unit]) for unit in frame[end].unique()])
        for end in ("target", "source")
    ]
    expected = jackknife_interval(found.regret, *without, scale=POSITIVE)
    assert (found.low, found.high) == pytest.approx(expected)


def test_a_close_race_has_no_winner():
    rng = np.random.default_rng(1)
    frame = several(rng.uniform(0.2, 0.8, (12, 6)))
    noisy = {f"rule{i}": frame.value + rng.normal(0, 0.3, len(frame)) for i in range(4)}
    found = resample_regrets(frame, noisy, draws=300)
    assert find_winner(found) == "" and found.wins.max() < 0.8


def test_lower_values_are_better_for_depth():
    frame = several([[0.5, 0.4, 0.6]], metric="rmse")
    found = resample_regrets(frame, {"best": -frame.value, "size": frame.n_source}, draws=50)
    assert found.set_index("rule").regret.to_dict() == pytest.approx({"best": 0, "size": 50})


def test_drawn_gains_replace_values_where_there_are_some():
    frame = several([[0.6, 0.5]]).assign(baseline=0.5)
    scores = {"first": pd.Series([2.0, 1]), "second": pd.Series([1.0, 2])}
    turned = np.tile([0.0, 20.0], (400, 1))
    found = resample_regrets(frame, scores, turned).set_index("rule")
    assert found.regret["first"] == 0 and found.wins["second"] > 0.6
    unknown = resample_regrets(frame, scores, turned * np.nan).set_index("rule")
    assert unknown.wins["first"] > 0.6


def test_targets_and_settings_that_say_nothing_do_not_count():
    frame = several([[0.5, 0.4], [0.0, 0.0], [0.3, 0.2]])
    scores = {"some": pd.Series([1.0, 2, 1, 2, np.nan, 2]), "none": pd.Series(np.nan, range(6))}
    found = resample_regrets(frame, scores, draws=20)
    assert found.rule.tolist() == ["some"] and found.compared.tolist() == [1]
    both = pd.concat([frame.assign(setting=x) for x in ("small", "full")], ignore_index=True)
    twice = {"some": pd.concat([scores["some"]] * 2, ignore_index=True)}
    assert resample_regrets(both, twice, draws=20).compared.tolist() == [2]
    assert resample_regrets(frame, {}, draws=20).empty
