import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from foi_tf.analysis.measures import gains, summary
from foi_tf.analysis.recommend import learned_ranking, past_transfers, regret, rules
from foi_tf.errors import FoiError


def pairs(values, metric="miou", target="camvid"):
    """Makes pairs of one target whose sources s0, s1, ... have these values."""
    count = len(values)
    return pd.DataFrame(
        {
            "target": target, "target_type": "segmentation", "target_domain": "driving",
            "source": [f"s{i}" for i in range(count)], "source_type": "segmentation",
            "source_domain": "indoor", "n_source": [10 * i for i in range(count)],
            "distance": np.nan, "metric": metric, "value": values, "baseline": np.nan,
            "gain": np.nan,
        }
    )  # fmt: skip


def test_regret_by_hand():
    one, two = pairs([0.5, 0.4, 0.45, 0.3]), pairs([0.2, 0.1], target="city")
    frame = pd.concat([one, two], ignore_index=True)
    scores = pd.Series([1.0, 4, 3, 2, 1, 2])  # Best first: s1, s2, s3, s0; and s1, s0.
    found = regret.evaluate_rules(frame, {"mine": scores}).set_index("rule").loc["mine"]
    assert found.targets == 2
    assert found.regret_1 == pytest.approx((20 + 50) / 2)
    assert found.regret_3 == pytest.approx((10 + 0) / 2)
    assert found.worst == pytest.approx(50) and found.best_found == 0
    taus = [stats.weightedtau([1.0, 4, 3, 2], [0.5, 0.4, 0.45, 0.3]).statistic, -1.0]
    assert found.weighted_tau == pytest.approx(np.mean(taus))


def test_lower_values_are_better_for_depth():
    frame = pairs([0.5, 0.4, 0.6], "rmse")
    assert summary.compute_regrets(frame).tolist() == pytest.approx([25, 0, 50])
    found = regret.evaluate_rules(frame, {"best": pd.Series([2.0, 3, 1])}).iloc[0]
    assert (found.regret_1, found.best_found, found.weighted_tau) == (0, 100, pytest.approx(1))


def test_random_picks_are_expected_exactly():
    values = [0.5, 0.4, 0.45, 0.3, 0.35]
    found = regret.evaluate_rules(pairs(values), {}).set_index("rule").loc["random"]
    losses = 100 * (1 - np.array(values) / 0.5)
    assert found.regret_1 == pytest.approx(losses.mean())
    threes = [min(chosen) for chosen in itertools.combinations(losses, 3)]
    assert found.regret_3 == pytest.approx(np.mean(threes))
    assert found.best_found == pytest.approx(20)


def test_targets_without_a_choice_or_a_score_do_not_count():
    frame = pd.concat([pairs([0.5, 0.4]), pairs([0.3], target="a")], ignore_index=True)
    frame = pd.concat([frame, pairs([0.3, 0.2], target="b")], ignore_index=True)
    frame = pd.concat([frame, pairs([0.0, 0.0], target="c")], ignore_index=True)
    found = regret.evaluate_rules(frame, {"half": pd.Series([1.0, 2, 3, 4, np.nan, 5, 6])})
    assert found.set_index("rule").targets.to_dict() == {"half": 1, "random": 2}
    assert found.regret_1[0] == pytest.approx(20)


def test_published_results_again_with_plain_pandas():
    """Computes the regret of simple rules without the code under test."""
    frame = past_transfers.load_published_transfers()
    assert len(frame) == 17 * 16 and frame.groupby("target").size().eq(16).all()
    size = frame.drop_duplicates("source").set_index("source").n_source
    domain = frame.drop_duplicates("source").set_index("source").source_domain
    losses = {"size": [], "domain": [], "coco": []}
    for target, own in frame.groupby("target"):
        own = own.set_index("source").value
        largest = size[own.index].idxmax()
        near = [name for name in own.index if domain[name] == domain[target]]
        picks = {
            "size": largest, "domain": size[near].idxmax() if near else largest,
            "coco": "coco" if target != "coco" else largest,
        }  # fmt: skip
        for rule, pick in picks.items():
            losses[rule].append(100 * (own.max() - own[pick]) / own.max())
    scores = {name: rules.RULES[name].score(frame) for name in losses}
    found = regret.evaluate_rules(frame, scores).set_index("rule")
    for rule, values in losses.items():
        assert found.regret_1[rule] == pytest.approx(np.mean(values))
        assert found.worst[rule] == pytest.approx(np.max(values))
    assert found.regret_1["domain"] < found.regret_1["coco"] < found.regret_1["random"]


def test_a_ranking_is_learned_from_other_targets():
    rng = np.random.default_rng(0)
    frame = pd.concat([pairs(np.zeros(6), target=f"t{i}") for i in range(5)], ignore_index=True)
    frame = frame.assign(distance=rng.uniform(1, 9, len(frame)))
    frame = frame.assign(value=1 / (10 + frame.distance), n_source=rng.integers(1, 99, len(frame)))
    weights = dict(zip(learned_ranking.FACTORS, learned_ranking.fit_weights(frame), strict=True))
    assert weights["nearness"] > 3 * abs(weights["log of training images"])
    assert weights["same domain"] == 0 == weights["same task type"]
    nothing = pairs([0.0, 0.0], target="t9")
    again = learned_ranking.fit_weights(pd.concat([frame, nothing], ignore_index=True))
    np.testing.assert_allclose(again, list(weights.values()))
    found = regret.evaluate_rules(frame, {"fitted": learned_ranking.score_left_out(frame)}).iloc[0]
    assert found.regret_1 < 2 and found.weighted_tau > 0.8


def test_a_target_does_not_teach_about_itself():
    frame = pd.concat([pairs([0.1, 0.2, 0.3], target=f"t{i}") for i in range(3)], ignore_index=True)
    before = learned_ranking.score_left_out(frame)
    turned = frame.assign(value=frame.value.where(frame.target != "t1", 0.4 - frame.value))
    after = learned_ranking.score_left_out(turned)
    np.testing.assert_allclose(after[frame.target == "t1"], before[frame.target == "t1"])
    assert not np.allclose(after, before)
    assert learned_ranking.score_left_out(pairs([0.1, 0.2])).isna().all()
    for few in (pairs([0.1]), pairs([])):
        with pytest.raises(FoiError, match="no target was tried with two sources"):
            learned_ranking.fit_weights(few)


def test_rows_that_contradict_each_other_are_named(make_results, tmp_path):
    make_results(
        ("camvid:segmentation", "city:segmentation", 0.6),
        ("camvid:segmentation", "coco:segmentation", 0.5),
        ("camvid:segmentation", "isprs:segmentation", 0.9, {"metric": "ap50"}),
    )
    found, said, _ = past_transfers.load_past_transfers(tmp_path / "results", "small", [])
    assert found.source.tolist() == ["city", "coco"]
    assert len(said) == 1 and "camvid" in said[0]


def test_pairs_of_result_rows(study, make_results):
    found = past_transfers.select_past_transfers(gains.with_gains(study), "small")
    assert len(found) == 8 and found.distance.isna().all()
    camvid = found[(found.target == "camvid") & (found.source == "city")].iloc[0]
    assert camvid.gain == pytest.approx(25) and camvid.value == pytest.approx(0.625)
    apart = pd.DataFrame(
        [("camvid", "city", "target_to_source", 3.0), ("camvid", "city", "mean", 9.0)],
        columns=["target", "source", "distance", "value"],
    )
    found = past_transfers.select_past_transfers(gains.with_gains(study), "small", apart)
    assert found.distance.dropna().tolist() == [3.0]
    with pytest.raises(FoiError, match=r"no transfers with a value in setting 'full'.*have: small"):
        past_transfers.select_past_transfers(gains.with_gains(study), "full")
    mixed = make_results(
        ("camvid:segmentation", "coco:segmentation", 0.5, {"backbone": "hrnet_w18"}),
        ("camvid:segmentation", "city:segmentation", 0.5),
    )
    with pytest.raises(FoiError, match=r"are of hrnet_w\d+ from ilsvrc and hrnet_w\d+ from ilsvrc"):
        past_transfers.select_past_transfers(gains.with_gains(mixed), "small")


def test_sources_of_different_seeds_are_held_against_their_own_baselines():
    # Seed 1 is better by 20 % throughout; s0 has both seeds, s1 the first alone.
    frame = pairs([0.363, 0.36]).assign(baseline=[0.33, 0.3])
    assert summary.compute_regrets(frame).tolist() == pytest.approx([100 * (1 - 1.1 / 1.2), 0])
    unknown = frame.assign(baseline=[0.33, np.nan])
    assert summary.compute_regrets(unknown).tolist() == pytest.approx([0, 100 * (1 - 0.36 / 0.363)])
