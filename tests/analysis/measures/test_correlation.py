import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from foi_tf.analysis.measures import correlation, distance, gains
from foi_tf.errors import FoiError

NAMES = [f"d{i}" for i in range(8)]


def frame(rng, noise=0.0):
    """Eight datasets, all ordered pairs: gains fall with `near`'s distance, plus noise."""
    rows = []
    for target, source in itertools.permutations(NAMES, 2):
        near = -float(rng.uniform(1, 10))
        rows.append((target, "segmentation", source, near + noise * rng.normal(), near))
    columns = ["target", "target_type", "source", "gain", "near"]
    return pd.DataFrame(rows, columns=columns).assign(chance=rng.normal(size=len(rows)))


def test_factors_of_transfers(study):
    chains = gains.with_gains(study)
    features = {
        "camvid": np.array([[0.0, 0]]), "city": np.array([[3.0, 4], [0, 1]]),
        "coco": np.array([[0.0, 2]]),
    }  # fmt: skip
    found = correlation.join_factors(chains, distance.distances(features))
    found = found.set_index(["target", "source", "source_type"])
    assert set(found.index) == {
        ("camvid", "city", "segmentation"), ("camvid", "coco", "segmentation"),
        ("camvid", "coco", "detection"),
    }  # fmt: skip
    city = found.loc["camvid", "city", "segmentation"]
    assert city.gain == pytest.approx(25) and city.source_size == 2975 and city.same_domain == 1
    assert city.target_to_source == pytest.approx(-1)
    assert city.source_to_target == pytest.approx(-3)
    assert city["mean"] == pytest.approx(-2)
    coco = found.loc["camvid", "coco", "segmentation"]
    assert (coco.same_domain, coco.one_to_one) == (0, pytest.approx(-2))
    assert correlation.list_factors(found) == [*distance.ASSIGNMENTS, "source_size", "same_domain"]


def test_tau_is_scipys():
    pairs = frame(np.random.default_rng(0), noise=3.0)
    table = correlation.tau_over_all(pairs, ["near", "chance"], resamples=20).set_index("factor")
    for name in ("near", "chance"):
        assert table.tau[name] == stats.kendalltau(pairs[name], pairs.gain).statistic
    assert (table.pairs == 56).all() and (table.targets == 8).all()
    own = correlation.tau_by_target(pairs, ["near"]).set_index("target")
    third = pairs[pairs.target == "d3"]
    assert own.tau["d3"] == stats.kendalltau(third.near, third.gain).statistic
    assert own.pairs["d3"] == 7 and len(own) == 8


def test_what_matters_is_told_from_chance():
    pairs = frame(np.random.default_rng(1), noise=2.0)
    table = correlation.tau_over_all(pairs, ["near", "chance"], resamples=300).set_index("factor")
    near, chance = table.loc["near"], table.loc["chance"]
    assert near.low > 0.3 and near.low < near.tau < near.high and near.p_value < 0.01
    assert chance.low < 0 < chance.high and chance.p_value > 0.05
    again = correlation.tau_over_all(pairs, ["near", "chance"], resamples=300).set_index("factor")
    pd.testing.assert_frame_equal(table, again)


def crossed(rng, targets=6, sources=8):
    """Gains that targets and sources make, and properties of either that have no part in it."""
    target, source = np.divmod(np.arange(targets * sources), sources)
    gain = rng.normal(0, 10, targets)[target] + rng.normal(0, 8, sources)[source]
    return pd.DataFrame(
        {"target": [f"t{i}" for i in target], "target_type": "segmentation",
         "source": [f"s{i}" for i in source], "gain": gain + rng.normal(0, 5, len(target)),
         "size": rng.normal(size=sources)[source], "depth": rng.normal(size=targets)[target],
         "near": rng.normal(size=len(target))}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind"), [("size", "source"), ("depth", "target"), ("near", "pair")]
)
def test_chance_is_significant_as_often_as_it_should_be(name, kind):
    """Sources that gain more than others are no evidence for what else they have in common."""
    rng = np.random.default_rng(5)
    found = pd.concat(
        correlation.tau_over_all(crossed(rng), [name], resamples=39, seed=i) for i in range(60)
    )
    assert (found.property_of == kind).all()
    assert (found.p_value <= 0.05).mean() <= 0.1 and 0.4 < found.p_value.mean() < 0.6
    covered = (found.low < 0) & (found.high > 0)
    assert covered.mean() >= 0.93


def test_pairs_that_were_not_run_make_chance_no_more_significant():
    rng = np.random.default_rng(6)
    found = pd.concat(
        correlation.tau_over_all(
            crossed(rng, 8, 8).sample(frac=0.5, random_state=i), ["near"], resamples=39, seed=i
        )
        for i in range(60)
    )
    assert (found.p_value <= 0.05).mean() <= 0.1 and (found.pairs == 32).all()


def test_a_size_that_matters_is_found():
    rng = np.random.default_rng(3)
    pairs = crossed(rng, 8, 12)
    pairs = pairs.assign(gain=pairs.gain + 12 * pairs["size"])
    (found,) = correlation.tau_over_all(pairs, ["size"], resamples=199).to_dict("records")
    assert found["p_value"] < 0.02 and found["adjusted_tau"] > found["tau"] > 0.3
    assert (found["pairs"], found["targets"], found["sources"]) == (96, 8, 12)


def test_pairs_without_a_factor_do_not_count_for_it():
    pairs = crossed(np.random.default_rng(4))
    pairs.loc[:9, "near"] = np.nan
    some, all_of_them = correlation.tau_over_all(pairs, ["near", "size"], resamples=9).itertuples()
    assert (some.pairs, some.targets, all_of_them.pairs) == (38, 5, 48)
    assert some.tau == stats.kendalltau(pairs.near[10:], pairs.gain[10:]).statistic


def test_a_factor_of_the_target_alone_is_not_significant():
    """Targets that gain more and are near to everything say nothing about which source to take."""
    rng = np.random.default_rng(3)
    pairs = frame(rng)
    level = dict(zip(NAMES, rng.normal(0, 50, 8), strict=True))
    shift = pairs.target.map(level)
    pairs = pairs.assign(gain=shift + rng.normal(size=56), near=shift + rng.normal(size=56))
    (found,) = correlation.tau_over_all(pairs, ["near"], resamples=200).to_dict("records")
    assert found["tau"] > 0.6 and found["p_value"] > 0.05


def test_constants_have_no_tau():
    pairs = frame(np.random.default_rng(4)).assign(flat=1.0)
    (found,) = correlation.tau_over_all(pairs, ["flat"], resamples=5).to_dict("records")
    assert all(np.isnan(found[name]) for name in ("tau", "low", "high", "p_value"))


def test_one_target_resamples_its_pairs():
    pairs = frame(np.random.default_rng(5), noise=5.0)
    own = pairs[pairs.target == "d0"]
    (found,) = correlation.tau_over_all(own, ["near"], resamples=50).to_dict("records")
    assert found["low"] < found["high"] and found["targets"] == 1
    assert found["property_of"] == "source"  # One target leaves nothing to tell them apart.


def test_nothing_in_common_is_an_error(study):
    table = distance.distances({"suim": np.eye(2), "uwt": np.eye(2)})
    with pytest.raises(FoiError, match=r"results name camvid, .*, features suim, uwt"):
        correlation.join_factors(gains.with_gains(study), table)
