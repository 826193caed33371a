import math

import pandas as pd
import pytest

from foi_tf.analysis.measures import floors, gains, summary
from foi_tf.analysis.recommend import past_transfers
from foi_tf.errors import FoiError
from foi_tf.study import results
from tests.analysis import conftest

CAMVID, CITY, COCO, PVOC = (
    "camvid:segmentation", "city:segmentation", "coco:segmentation", "pvoc:segmentation",
)  # fmt: skip


def judge(directory, *specs):
    """The chains of rows that are given as the arguments of `make_row`, by source."""
    rows = []
    for spec in specs:
        *given, extra = spec if isinstance(spec[-1], dict) else (*spec, {})
        rows.append((conftest.make_row(*given), extra))
    for row, extra in rows:
        for name, value in extra.items():
            object.__setattr__(row, name, value)
        results.write_row(row, directory)
    chains = gains.with_gains(results.load(directory))
    return {(x.source, x.source_type, x.setting): x for x in chains.itertuples()}, chains


def constant(value, metric="miou", **others):
    """The field that holds the metric of a constant prediction."""
    return {"extra": {f"constant_{metric}": value}, **others}


@pytest.mark.parametrize(
    ("metric", "value", "known", "said"),
    [
        ("miou", 0.0814, 0.08, "at the constant prediction (0.08)"),  # 1.75 % better.
        ("miou", 0.0824, 0.08, ""),  # 3 % better.
        ("miou", 0.0788, 0.08, "at the constant prediction (0.08)"),
        ("miou", 0.0700, 0.08, "below the constant prediction (0.08)"),
        ("rmse", 1.97, 2.0, "at the constant prediction (2)"),
        ("rmse", 1.90, 2.0, ""),
        ("rmse", 2.50, 2.0, "below the constant prediction (2)"),
        ("map", 0.0099, 0.0, "AP below 0.01: a ratio means nothing"),
        ("oks_ap50", 0.0, math.nan, "AP below 0.01: a ratio means nothing"),
        ("ap50", 0.01, 0.0, ""),
        ("miou", 0.001, math.nan, ""),  # Rows of earlier versions do not tell.
        ("miou", math.nan, 0.08, "diverged"),
    ],
)
def test_the_floor_of_a_value(metric, value, known, said):
    assert floors.describe_floor(metric, value, known) == said


def test_a_run_at_the_constant_prediction_is_not_ranked(tmp_path):
    found, chains = judge(
        tmp_path,
        (CAMVID, "ilsvrc", 0.5, constant(0.08)),
        (CAMVID, CITY, 0.0805, constant(0.08)),
        (CAMVID, COCO, 0.45, constant(0.08)),
    )
    city, coco = found["city", "segmentation", "small"], found["coco", "segmentation", "small"]
    assert city.floor == "at the constant prediction (0.08)"
    assert math.isnan(city.gain) and city.level == ""
    assert city.value == pytest.approx(0.0805) and city.baseline == pytest.approx(0.5)
    assert coco.floor == "" and coco.gain == pytest.approx(-10)
    best = summary.best_sources(chains)
    assert list(best.source) == ["coco"] and list(best.sources) == [1]
    assert summary.effect_shares(chains).iloc[0]["count"] == 1
    tried = past_transfers.select_past_transfers(chains, "small")
    assert list(tried.source) == ["coco"]


def test_a_baseline_at_the_floor_leaves_nothing_to_rank(tmp_path):
    found, chains = judge(
        tmp_path,
        ("coco:detection", "ilsvrc", 0.0002),
        ("coco:detection", "pvoc:detection", 0.0014),
    )
    source = found["pvoc", "detection", "small"]
    assert source.floor == "AP below 0.01: a ratio means nothing"
    assert summary.best_sources(chains).empty
    with pytest.raises(FoiError, match=r"can be ranked: coco:detection .* AP below 0\.01"):
        past_transfers.select_past_transfers(chains, "small")


def test_a_diverged_baseline_is_told_from_a_missing_one(tmp_path):
    found, _ = judge(
        tmp_path,
        (CAMVID, "ilsvrc", math.nan),
        (CAMVID, COCO, 0.4),
        (CITY, COCO, 0.4),
    )
    assert found["ilsvrc", "", "small"].floor == "diverged"
    chains = gains.with_gains(results.load(tmp_path)).set_index(["target", "source"])
    assert chains.floor["camvid", "coco"] == "baseline diverged"
    assert chains.floor["city", "coco"] == ""  # Its baseline was never run.


def test_a_baseline_below_random_weights(tmp_path):
    found, _ = judge(
        tmp_path,
        (CAMVID, "ilsvrc", 0.40),
        (CAMVID, "scratch", 0.44),
        (CAMVID, COCO, 0.60),
    )
    assert found["coco", "segmentation", "small"].floor == "baseline below random weights"
    assert found["scratch", "", "small"].gain == pytest.approx(10)  # Finding A1 counts it.


def test_random_weights_may_learn_nothing(tmp_path):
    found, _ = judge(
        tmp_path,
        (CAMVID, "ilsvrc", 0.5, constant(0.08)),
        (CAMVID, "scratch", 0.08, constant(0.08)),
        (CAMVID, COCO, 0.6, constant(0.08)),
    )
    assert found["scratch", "", "small"].gain == pytest.approx(-84)
    assert found["coco", "segmentation", "small"].gain == pytest.approx(20)


def test_random_weights_that_are_hardly_better_are_no_floor(tmp_path):
    found, _ = judge(
        tmp_path,
        ("sunrgbd:depth", "ilsvrc", 1.00),
        ("sunrgbd:depth", "scratch", 0.99),
        ("sunrgbd:depth", "vkitti2:depth", 0.9),
    )
    assert found["vkitti2", "depth", "small"].gain == pytest.approx(10)


def test_a_source_that_learnt_nothing_by_its_own_row(tmp_path):
    found, chains = judge(
        tmp_path,
        (CAMVID, "ilsvrc", 0.5),
        (CAMVID, COCO, 0.6),
        (CAMVID, PVOC, 0.6),
        (COCO, "ilsvrc", 0.03, constant(0.03, setting="full", n_target=118_287)),
        (PVOC, "ilsvrc", 0.60, constant(0.03, setting="full", n_target=10_582)),
    )
    said = "source learnt nothing: at the constant prediction (0.03)"
    assert found["coco", "segmentation", "small"].floor == said
    assert found["pvoc", "segmentation", "small"].gain == pytest.approx(20)
    assert floors.list_floors(chains) == [
        "coco:segmentation (full, hrnet_w48) from ilsvrc: at the constant prediction (0.03)",
        f"coco:segmentation (hrnet_w48) as a source: {said}",
    ]


def test_a_source_that_learnt_nothing_by_what_its_chain_carries(tmp_path):
    carried = {"extra": {"source_value": 2.0, "source_constant": 2.0}}
    found, _ = judge(
        tmp_path,
        (CAMVID, "ilsvrc", 0.5),
        (CAMVID, "vkitti2:depth", 0.6, carried),
        (CAMVID, "sunrgbd:depth", 0.6, {"extra": {"source_value": 1.0, "source_constant": 2.0}}),
    )
    said = "source learnt nothing: at the constant prediction (2)"
    assert found["vkitti2", "depth", "small"].floor == said
    assert found["sunrgbd", "depth", "small"].gain == pytest.approx(20)


def test_one_seed_at_the_floor_takes_the_chain_out(tmp_path):
    found, _ = judge(
        tmp_path,
        (CAMVID, "ilsvrc", 0.5),
        (CAMVID, "ilsvrc", 0.5, {"seed": 1}),
        (CAMVID, COCO, 0.6, constant(0.08)),
        (CAMVID, COCO, 0.08, constant(0.08, seed=1)),
    )
    coco = found["coco", "segmentation", "small"]
    assert coco.floor == "at the constant prediction (0.08) in 1 of 2 seeds"
    assert math.isnan(coco.gain)


def test_limited_sources_share_the_floor_of_their_baseline(tmp_path):
    found, _ = judge(
        tmp_path,
        (CAMVID, "ilsvrc", 0.08, constant(0.08)),
        (CAMVID, COCO, 0.6, {"setting": "small_source", "n_source": 1500}),
    )
    assert (
        found["coco", "segmentation", "small_source"].floor
        == "baseline at the constant prediction (0.08)"
    )


def test_reasons_of_seeds_are_counted():
    assert floors.merge_floors(["", ""]) == ""
    assert floors.merge_floors(["diverged", ""]) == "diverged in 1 of 2 seeds"
    assert floors.merge_floors(["a; b", "a"]) == "a; b in 1 of 2 seeds"


def test_many_sources_are_counted():
    names = ["f", "e", "d", "c", "b", "a"]
    chains = pd.DataFrame(
        {
            "target": "t", "target_type": "depth", "setting": "small", "backbone": "b",
            "source": names, "source_type": "depth", "floor": "baseline diverged",
        }
    )  # fmt: skip
    (said,) = floors.list_floors(chains)
    listed = ", ".join(f"{name}:depth" for name in "abcde")
    assert said == f"t:depth (small, b) from {listed} and 1 more: baseline diverged"
