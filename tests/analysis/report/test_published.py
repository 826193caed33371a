"""The published numbers, re-derived here with plain pandas from Table 1's sizes and domains."""

import pandas as pd
import pytest

import foi_tf.analysis.measures
from foi_tf.analysis.measures import published_results
from foi_tf.analysis.measures.published_results import load_published_results, regrets_of_rules
from foi_tf.analysis.report import published_tables
from foi_tf.study.registry import DATASETS

DOMAINS = {
    "consumer": ["pcontext", "pvoc", "ade", "coco"],
    "driving": ["kitti", "camvid", "city", "idd", "bdd", "mapillary"],
    "aerial": ["isprs", "isaid"],
    "indoor": ["sunrgbd", "scannet"],
    "underwater": ["suim"],
    "synthetic": ["vkitti2", "vgallery"],
}
DOMAIN = {name: domain for domain, names in DOMAINS.items() for name in names}


@pytest.fixture(scope="module")
def wide():
    """Targets by sources, as in the file."""
    (folder,) = foi_tf.analysis.measures.__path__
    return pd.read_csv(f"{folder}/published.csv", index_col=0)


@pytest.fixture(scope="module")
def frame():
    return load_published_results()


def size(name):
    return DATASETS[name].train


def mates(name):
    return [other for other in DOMAINS[DOMAIN[name]] if other != name]


def test_the_table_is_whole(wide, frame):
    assert wide.shape == (17, 17) and list(wide.index) == list(wide.columns) == list(DOMAIN)
    assert wide.isna().sum().sum() == 17 and wide.isna().sum().max() == 1
    assert wide.min().min() > 0.1 and wide.max().max() < 0.8
    assert len(frame) == 272
    # Spot checks against the source, first and last line among them.
    assert wide.loc["ade", "bdd"] == 0.21628
    assert wide.loc["vkitti2", "vgallery"] == 0.55995
    assert wide.loc["bdd", "mapillary"] == 0.58592
    assert wide.to_numpy()[~wide.isna()].sum() == pytest.approx(109.33721)


def test_ranks_and_best_sources(wide, frame):
    ranks = wide.rank(axis=1, ascending=False, method="min")
    for row in frame.itertuples():
        assert row.rank == ranks.loc[row.target, row.source]
        best = wide.loc[row.target].max()
        assert row.regret == pytest.approx(100 * (best - wide.loc[row.target, row.source]) / best)
    best = published_tables.build_published_tables(frame)[2].data.set_index("target")["best source"]
    assert best.to_dict() == wide.idxmax(axis=1).to_dict()


def test_how_often_the_largest_within_the_domain_is_best(wide, frame):
    best, near = 0, 0
    for target in wide.index:
        if mates(target):
            largest = max(mates(target), key=size)
            best += wide.loc[target].idxmax() == largest
            near += wide.loc[target, largest] >= 0.98 * wide.loc[target].max()
    assert (best, near) == (10, 13)
    fact = published_tables.describe_published(frame)[1]
    assert f"best of all for {best} of 16 targets, and within 2 % of the best for {near}" in fact


def test_best_sources_within_the_domain(wide, frame):
    best = wide.idxmax(axis=1)
    within = sum(DOMAIN[source] == DOMAIN[target] for target, source in best.items())
    fact = published_tables.describe_published(frame)[0]
    assert f"for {within} of the 16 targets that have one" in fact


def test_the_upper_triangle(wide, frame):
    ranks = wide.rank(axis=1, ascending=False, method="min")
    pairs = [(target, source) for target in wide.index for source in mates(target)]
    larger = [ranks.loc[pair] for pair in pairs if size(pair[1]) > size(pair[0])]
    smaller = [ranks.loc[pair] for pair in pairs if size(pair[1]) < size(pair[0])]
    assert len(larger) == len(smaller) == 24
    fact = published_tables.describe_published(frame)[2]
    for own in (larger, smaller):
        top = 100 * sum(rank <= 4 for rank in own) / 24
        assert f"{sum(own) / 24:.1f}" in fact and f"{top:.0f} % of 24" in fact


def test_regret_of_rules(wide, frame):
    regret = 100 * (1 - wide.div(wide.max(axis=1), axis=0))
    by_rule = regrets_of_rules(frame).set_index("rule")
    largest = {t: max((s for s in wide if s != t), key=size) for t in wide.index}
    within = {t: max(mates(t), key=size) for t in wide.index if mates(t)}
    coco = {t: "coco" for t in wide.index if t != "coco"}
    for rule, picks in (("largest", largest), ("within", within), ("coco", coco)):
        own = pd.Series({t: regret.loc[t, s] for t, s in picks.items()})
        row = by_rule.loc[published_results.RULES[rule]]
        assert row.targets == len(own)
        assert row["mean"] == pytest.approx(own.mean())
        assert row["median"] == pytest.approx(own.median())
        assert row.worst == pytest.approx(own.max())
        assert row.best == (own == 0).sum() and row.near == (own <= 2).sum()
    chance = by_rule.loc[published_results.RULES["random"]]
    assert chance["mean"] == pytest.approx(regret.mean(axis=1).mean())
    # No source is picked by chance more often than once in 16; no two tie for the best.
    assert chance.best == pytest.approx(17 / 16)
