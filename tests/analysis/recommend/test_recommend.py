import dataclasses

import numpy as np
import pandas as pd
import pytest

from foi_tf.analysis.measures import distance, gains
from foi_tf.analysis.recommend import pair_scores, past_transfers, regret, source_ranking
from foi_tf.analysis.recommend.default_rule import choose_rule
from foi_tf.analysis.report import domain_report
from foi_tf.errors import FoiError
from foi_tf.study.feature_files import Points
from tests.feature_vectors import make_features

LABELS = np.arange(60) % 3


def seen_by(source, apart, seed=0, **changes):
    """Makes points of camvid by a source model; its three classes are `apart` from each other."""
    rng = np.random.default_rng(seed)
    points = Points(
        vectors=(apart * np.eye(4)[LABELS] + rng.normal(size=(60, 4))).astype(np.float32),
        targets=LABELS,
        images=np.arange(60) // 20,
        probabilities=rng.dirichlet(np.ones(3), 60).astype(np.float32),
    )
    chain = ("ilsvrc", f"{source}:segmentation")
    return make_features("camvid", points=points, chain=chain, weights=source, **changes)


POINTS = [seen_by("coco", 1.0), seen_by("city", 5.0), seen_by("isprs", 0.0)]


@pytest.mark.parametrize("by", ["logme", "hscore", "gbc", "nleep"])
def test_sources_ranked_by_what_they_make_of_the_target(by):
    found = source_ranking.recommend_sources("camvid", by, [], POINTS, None)
    assert found.source.tolist() == [f"{s}:segmentation" for s in ("city", "coco", "isprs")]
    assert found.n_source.tolist() == [2975, 118_287, 4_000]
    assert found.same_domain.tolist() == [True, False, False]
    assert list(found)[-1] == "why" and "gain" not in found


@pytest.mark.parametrize("features", [POINTS, [make_features("camvid"), *POINTS]])
def test_the_default_ranks_the_models_that_points_are_of(features):
    by = choose_rule("camvid", features)
    found = source_ranking.recommend_sources("camvid", by, [], features, None)
    assert found.source.tolist() == [f"{s}:segmentation" for s in ("city", "coco", "isprs")]


@pytest.fixture(name="before")
def _before(make_results):
    frame = make_results(
        ("camvid:segmentation", "ilsvrc", 0.4),
        ("camvid:segmentation", "city:segmentation", 0.6),
        ("camvid:segmentation", "coco:segmentation", 0.5),
        ("camvid:segmentation", "isprs:segmentation", 0.3),
    )
    return past_transfers.select_past_transfers(gains.with_gains(frame), "small")


def test_metrics_against_rules_on_what_was_tried(before):
    scores = source_ranking.score_past_transfers(before, ["logme", "size", "inclusion"], POINTS)
    found = regret.evaluate_rules(before, scores).set_index("rule")
    assert found.regret_1["logme"] == 0 and found.weighted_tau["logme"] == pytest.approx(1)
    assert found.regret_1["size"] == pytest.approx(100 / 6)
    assert "inclusion" not in found.index  # Nothing is known of distances.
    ranked = source_ranking.recommend_sources("camvid", "logme", [], POINTS, before).set_index(
        "source"
    )
    assert ranked.gain["city:segmentation"] == pytest.approx(50)


def test_a_target_whose_points_are_all_alike_is_left_out_among_others(make_results, capsys):
    frame = make_results(
        *((f"{target}:segmentation", source, value)
          for target in ("camvid", "isprs")
          for source, value in (("ilsvrc", 0.4), ("city:segmentation", 0.6),
                                ("coco:segmentation", 0.5)))
    )  # fmt: skip
    tried = past_transfers.select_past_transfers(gains.with_gains(frame), "small")
    flat = [
        make_features("isprs", points=dataclasses.replace(each.points, targets=0 * LABELS),
                      chain=each.origin.chain, weights=each.origin.weights)
        for each in POINTS[:2]
    ]  # fmt: skip
    scores = source_ranking.score_past_transfers(tried, ["logme"], [*POINTS, *flat])
    assert scores["logme"].isna().tolist() == (tried.target == "isprs").tolist()
    said = capsys.readouterr().err
    assert said.count("points of isprs:segmentation by") == 1
    assert "all points have the same target" in said and "logme leaves this target out" in said
    assert regret.evaluate_rules(tried, scores).set_index("rule").regret_1["logme"] == 0
    with pytest.raises(FoiError, match=r"points of isprs:segmentation by .* the same target"):
        source_ranking.score_past_transfers(tried, ["logme"], flat)


def test_scores_are_kept_and_read_in_place_of_points(before, tmp_path):
    path = tmp_path / "scores.csv"
    made = source_ranking.score_past_transfers(before, ["logme", "hscore"], POINTS)
    pair_scores.write_scores(path, before, made)
    known = pair_scores.read_scores(path)
    assert known.shape == (3, 6)
    again = source_ranking.score_past_transfers(before, [], [], known.iloc[::-1])
    assert list(again) == [*source_ranking.WITHOUT_POINTS, "logme", "hscore"]
    for name, values in made.items():
        np.testing.assert_allclose(again[name], values, rtol=1e-5)
    part = source_ranking.score_past_transfers(before, ["logme"], POINTS, known[1:])["logme"]
    assert part.isna().sum() == 1  # Kept scores replace computed ones.
    with pytest.raises(FoiError, match="unknown rule 'logm'; did you mean 'logme'"):
        source_ranking.score_past_transfers(before, ["logm"], POINTS)
    with pytest.raises(FoiError, match="no pair has all of the scores leep; name some --by"):
        pair_scores.write_scores(path, before, {"leep": made["logme"] * np.nan})


def test_points_have_to_be_the_same_ones():
    assert pair_scores.index_by_pair([make_features("camvid"), seen_by("camvid", 1.0)]) == {}
    with pytest.raises(FoiError, match="by coco:segmentation and by city:segmentation are of diff"):
        pair_scores.index_by_pair([POINTS[0], seen_by("city", 1.0, seed=1, points_per_image=9)])
    with pytest.raises(FoiError, match="by coco:segmentation were given twice"):
        pair_scores.index_by_pair([POINTS[0], dataclasses.replace(
            POINTS[1], origin=dataclasses.replace(POINTS[0].origin, weights="other")
        )])  # fmt: skip
    with pytest.raises(FoiError, match=r"no file has points of suim:segmentation by a source"):
        source_ranking.recommend_sources("suim", "logme", [], POINTS, None)


def test_domain_and_size_of_own_sources_are_those_of_their_features():
    points = [seen_by("coco", 1.0), seen_by("mine", 5.0)]
    alone = source_ranking.recommend_sources("camvid", "logme", [], points, None).set_index(
        "source"
    )
    assert not alone.same_domain["mine:segmentation"] and alone.n_source["mine:segmentation"] == 0
    mine = make_features("camvid", train={"segmentation": 40})
    mine = dataclasses.replace(mine, origin=dataclasses.replace(mine.origin, dataset="mine"))
    found = source_ranking.recommend_sources(
        "camvid", "logme", [], [*points, mine], None
    ).set_index("source")
    assert found.same_domain["mine:segmentation"] and found.n_source["mine:segmentation"] == 40
    assert found.n_source["coco:segmentation"] == 118_287


def test_own_data_is_a_target_by_its_features():
    mine = make_features("camvid", vectors=np.zeros((3, 2)), train={"depth": 40})
    mine = dataclasses.replace(mine, origin=dataclasses.replace(mine.origin, dataset="mine"))
    others = [
        make_features(n, vectors=np.full((2, 2), i + 1.0))
        for i, n in enumerate(["city", "sunrgbd"])
    ]
    found = source_ranking.recommend_sources("mine", "advice", [], [mine, *others], None)
    assert found.source.tolist() == ["city:segmentation", "sunrgbd:depth", "sunrgbd:segmentation"]
    assert found.distance.tolist() == pytest.approx([2**0.5, 8**0.5, 8**0.5])
    only = source_ranking.recommend_sources(
        "mine", "advice", ["sunrgbd:depth"], [mine, *others], None
    )
    assert only.source.tolist() == ["sunrgbd:depth"]
    with pytest.raises(FoiError, match="coco:depth is not a candidate; candidates: city:segm"):
        source_ranking.recommend_sources("mine", "advice", ["coco:depth"], [mine, *others], None)


def test_fitted_rankings_say_nothing_of_types_that_were_not_tried():
    found = source_ranking.recommend_sources(
        "suim", "fitted", [], [], past_transfers.load_published_transfers()
    )
    assert len(found) == 16 and found.same_type.all() and found.source[0] == "coco:segmentation"
    with pytest.raises(FoiError, match="no transfer to detection"):
        source_ranking.recommend_sources(
            "uwt", "fitted", [], [], past_transfers.load_published_transfers()
        )


def test_every_way_to_rank_has_a_text():
    assert set(source_ranking.WITHOUT_POINTS) < set(source_ranking.TEXTS)
    assert "CVPR 2022" in source_ranking.TEXTS["gbc"]


@pytest.mark.slow
def test_tables_9_and_10_and_figure_3_as_files(study, tmp_path):
    names = ("camvid", "city", "coco", "isprs")
    space = [make_features(name, images=12, width=6, seed=i) for i, name in enumerate(names)]
    table = domain_report.write_distances(space, tmp_path)
    assert len(table) == 4 * 3 * len(distance.ASSIGNMENTS)
    other = make_features("camvid", images=12, width=6, seed=9, weights="beef")
    domain_report.write_networks([*space, other], tmp_path)
    found = domain_report.write_agreement(gains.with_gains(study), table, tmp_path)
    assert found.factor.tolist() == [*distance.ASSIGNMENTS, "source_size", "same_domain"]
    assert (found.setting == "small").all() and (found.pairs == 4).all()
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == sorted(
        ["distances.csv", "agreement.csv", "agreement-by-target.csv"]
        + [f"embedding-{n}.{kind}" for n in ("euclidean", "cosine", "camvid")
           for kind in ("csv", "png", "svg")]
    )  # fmt: skip
    with pytest.raises(FoiError, match="camvid by several networks are of different images"):
        domain_report.write_networks(
            [space[0], make_features("camvid", images=5, weights="x")], tmp_path
        )
    chains = gains.with_gains(study)
    assert domain_report.write_agreement(chains[chains.source_type == ""], table, tmp_path).empty
    # A setting without distances does not take the others along.
    elsewhere = chains.assign(setting="full", source="pvoc")
    both = domain_report.write_agreement(pd.concat([chains, elsewhere]), table, tmp_path)
    assert (both.setting == "small").all() and len(both) == len(found)
    with pytest.raises(FoiError, match="no transfer with a gain is between datasets"):
        domain_report.write_agreement(elsewhere, table, tmp_path)
