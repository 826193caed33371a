import math

import numpy as np
import pytest

from foi_tf.analysis.measures import gains
from foi_tf.analysis.measures.study_analysis import StudyAnalysis

CAMVID = "camvid:segmentation"


def chain(frame, target, source, source_type="segmentation"):
    """The one row of a chain."""
    chosen = frame[
        (frame.target == target) & (frame.source == source) & (frame.source_type == source_type)
    ]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_relative_gain_is_equation_2():
    assert gains.relative_gain(0.55, 0.50, True) == pytest.approx(10)
    assert gains.relative_gain(0.45, 0.50, True) == pytest.approx(-10)
    assert gains.relative_gain(0.45, 0.50, False) == pytest.approx(10)
    assert gains.relative_gain(0.50, 0.50, False) == 0


def test_relative_gain_of_arrays():
    gain = gains.relative_gain([[2.0, 1.0], [3.0, 0.0]], [2.0, 4.0], True)
    np.testing.assert_allclose(gain, [[0, -75], [50, -100]])


@pytest.mark.parametrize("baseline", [0.0, math.nan])
def test_there_is_no_gain_over_nothing(baseline):
    assert math.isnan(gains.relative_gain(0.5, baseline, True))
    assert math.isnan(gains.relative_gain(math.nan, 0.5, True))


@pytest.mark.parametrize(
    ("gain", "level"),
    [
        (10.1, "VP"), (10.0, "P"), (2.1, "P"), (2.0, "I"), (0.0, "I"), (-2.0, "I"), (-2.1, "N"),
        (math.nan, ""),
    ],
)  # fmt: skip
def test_levels_and_their_bounds(gain, level):
    assert gains.level(gain) == level


def test_gains_are_averaged_over_seeds(study):
    frame = gains.with_gains(study)
    city = chain(frame, "camvid", "city")
    assert city.gain == pytest.approx((20 + 30) / 2)
    assert city.gain_std == pytest.approx(math.sqrt(50))  # The sample deviation of 20 and 30.
    assert city.value == pytest.approx(0.625)
    assert city.value_std == pytest.approx(0.05 / math.sqrt(2))
    assert city.baseline == pytest.approx(0.5)
    assert (city.seeds, city.level) == (2, "VP")
    coco = chain(frame, "camvid", "coco")  # Seed 0 alone.
    assert (coco.gain, coco.baseline, coco.seeds) == (pytest.approx(5), 0.5, 1)
    assert math.isnan(coco.gain_std)


def test_depth_gains_where_the_error_falls(study):
    frame = gains.with_gains(study)
    assert chain(frame, "sunrgbd", "vkitti2", "depth").gain == pytest.approx(25)
    assert chain(frame, "sunrgbd", "coco").gain == pytest.approx(-10)


def test_a_gain_is_held_against_all_seeds_of_the_baseline(make_results):
    frame = make_results(
        (CAMVID, "ilsvrc", 0.40),
        (CAMVID, "ilsvrc", 0.60, {"seed": 1}),
        (CAMVID, "coco:segmentation", 0.55),
        (CAMVID, "coco:segmentation", 0.60, {"seed": 7}),
    )
    runs = StudyAnalysis(frame).seed_gains
    coco = runs[runs.source == "coco"]
    assert coco.baseline.tolist() == pytest.approx([0.5, 0.5])
    assert coco.gain.tolist() == pytest.approx([10, 20])


def test_the_best_learning_rate_counts(make_results):
    frame = make_results(
        (CAMVID, "ilsvrc", 0.40, {"learning_rate": 0.1}),
        (CAMVID, "ilsvrc", 0.50, {"learning_rate": 0.01}),
        (CAMVID, "coco:segmentation", 0.60, {"learning_rate": 0.1}),
        (CAMVID, "coco:segmentation", math.nan, {"learning_rate": 0.01}),
        ("sunrgbd:depth", "ilsvrc", 0.9, {"learning_rate": 0.1}),
        ("sunrgbd:depth", "ilsvrc", 0.8, {"learning_rate": 0.01}),
    )
    best = gains.best_runs(frame)
    assert best.value.tolist() == [0.6, 0.5, 0.8]
    assert best.learning_rates.tolist() == [2, 2, 2]
    assert chain(gains.with_gains(frame), "camvid", "coco").gain == pytest.approx(20)


def test_diverged_runs_give_no_gain(make_results):
    frame = gains.with_gains(
        make_results(
            (CAMVID, "ilsvrc", 0.50),
            (CAMVID, "coco:segmentation", 0.60, {"seed": 1}),
            (CAMVID, "city:segmentation", math.nan),
            (CAMVID, "isprs:segmentation", 0.6),
            (CAMVID, "isprs:segmentation", math.nan, {"seed": 1}),
        )
    )
    assert chain(frame, "camvid", "coco").gain == pytest.approx(20)
    city = chain(frame, "camvid", "city")
    assert (city.level, city.seeds) == ("", 0)
    assert math.isnan(city.gain)
    isprs = chain(frame, "camvid", "isprs")
    assert (isprs.floor, isprs.level, isprs.seeds) == ("diverged in 1 of 2 seeds", "", 1)
    assert math.isnan(isprs.gain) and isprs.value == pytest.approx(0.6)
    # A chain without a value lacks no baseline.
    assert gains.without_gain(frame).source.tolist() == ["isprs"]


def test_a_baseline_that_diverged_with_one_seed_gives_no_gain(make_results):
    frame = gains.with_gains(
        make_results(
            (CAMVID, "ilsvrc", 0.50),
            (CAMVID, "ilsvrc", math.nan, {"seed": 1}),
            (CAMVID, "coco:segmentation", 0.60, {"seed": 1}),
        )
    )
    coco = chain(frame, "camvid", "coco")
    assert math.isnan(coco.gain) and coco.floor == "baseline diverged"


def test_each_backbone_has_a_baseline_of_random_weights(make_results):
    one, two = ({"backbone": x, "init": f"{x}_imagenet"} for x in ("resnet50", "efficient"))
    rows = [
        (CAMVID, name, value, own)
        for own in (one, two)
        for name, value in (("ilsvrc", 0.5), ("scratch", 0.3), ("coco:segmentation", 0.6))
    ]
    frame = gains.with_gains(make_results(*rows))
    scratch = frame[frame.source == "scratch"].set_index("backbone")
    assert scratch.gain.tolist() == pytest.approx([-40, -40])
    assert scratch.family.to_dict() == {x["backbone"]: x["init"] for x in (one, two)}


def test_chains_without_a_baseline_are_listed(make_results):
    frame = gains.with_gains(
        make_results(
            (CAMVID, "coco:segmentation", 0.6),
            (CAMVID, "ilsvrc", 0.5, {"setting": "full"}),
            (CAMVID, "ilsvrc", 0.5, {"backbone": "resnet50"}),
            (CAMVID, "ilsvrc", 0.5, {"init": "simclr"}),
            (CAMVID, "ilsvrc", 0.5, {"metric": "map"}),
            ("isprs:segmentation", "ilsvrc", 0.0),
            ("isprs:segmentation", "coco:segmentation", 0.3),
        )
    )
    listed = gains.without_gain(frame)
    assert set(zip(listed.target, listed.source, strict=True)) == {
        ("camvid", "coco"), ("isprs", "coco"), ("isprs", "ilsvrc"),
    }  # fmt: skip
    assert set(listed.level) == {""}


def test_each_family_of_weights_has_its_own_baseline(make_results):
    simclr = {"init": "simclr"}
    frame = gains.with_gains(
        make_results(
            (CAMVID, "ilsvrc", 0.5),
            (CAMVID, "ilsvrc", 0.4, simclr),
            (CAMVID, "coco:segmentation", 0.6),
            (CAMVID, "coco:segmentation", 0.6, simclr),
            (CAMVID, "scratch", 0.3),
        )
    )
    by_family = frame[frame.source == "coco"].set_index("family").gain
    assert by_family["ilsvrc"] == pytest.approx(20)
    assert by_family["simclr"] == pytest.approx(50)
    scratch = chain(frame, "camvid", "scratch", "")
    assert (scratch.family, scratch.gain) == ("ilsvrc", pytest.approx(-40))


def test_scratch_is_held_against_the_only_weights_there_are(make_results):
    frame = make_results(
        (CAMVID, "ilsvrc", 0.5, {"init": "shapes"}), (CAMVID, "scratch", 0.25)
    )  # fmt: skip
    assert chain(gains.with_gains(frame), "camvid", "scratch", "").gain == pytest.approx(-50)


def test_limiting_sources_needs_no_baseline_of_its_own(make_results):
    limited = {"setting": "small_source"}
    small = (CAMVID, "ilsvrc", 0.5)
    source = (CAMVID, "coco:segmentation", 0.6, limited)
    frame = gains.with_gains(make_results(small, source))
    assert chain(frame, "camvid", "coco").gain == pytest.approx(20)
    assert chain(frame, "camvid", "ilsvrc", "").setting == "small"


def test_a_baseline_is_not_the_better_of_two_repetitions(make_results):
    limited = {"setting": "small_source"}
    again = (CAMVID, "ilsvrc", 0.75, limited)
    city = (CAMVID, "city:segmentation", 0.6)
    sources = city, (*city, limited), (*city, limited | {"seed": 1})
    rows = make_results((CAMVID, "ilsvrc", 0.5), again, *sources)
    found = gains.with_gains(rows).set_index(["source", "setting"])
    assert found.gain["city", "small"] == pytest.approx(20)
    assert found.gain["city", "small_source"] == pytest.approx(-20)  # The mean of both seeds.
    assert found.value["ilsvrc", "small"] == 0.5 and ("ilsvrc", "small_source") not in found.index
    # Another learning rate is another try.
    rows = make_results((CAMVID, "ilsvrc", 0.55, limited | {"learning_rate": 0.1}))
    best = chain(gains.with_gains(rows), "camvid", "ilsvrc", "")
    assert best.value == 0.55 and best.learning_rates == 2


def test_pretraining_is_no_chain(study, make_results):
    assert "ilsvrc" in set(study.target)
    assert "ilsvrc" not in set(gains.with_gains(study).target)
    alone = study[study.target == "ilsvrc"]
    assert gains.with_gains(alone).empty


def test_transfers_have_a_source(study):
    found = gains.transfers(gains.with_gains(study))
    assert set(found.source) == {"city", "coco", "isprs", "multi", "vkitti2"}


def test_candidates_without_rows_count_as_learning_rates_that_were_tried(study):
    tried = study.assign(candidates=["{}"] * len(study))
    chosen = (tried.target == "camvid") & (tried.source == "coco")
    tried.loc[chosen, "candidates"] = '{"0.03": 0.1, "0.1": 0.4, "0.3": 0.2}'
    frame = gains.with_gains(tried)
    assert chain(frame, "camvid", "coco").learning_rates == 3
    assert chain(frame, "camvid", "coco").baseline_learning_rates == 1


def test_chains_of_several_seeds_count_by_their_share(make_results):
    frame = gains.with_gains(
        make_results(
            (CAMVID, "ilsvrc", 0.50),
            (CAMVID, "ilsvrc", 0.50, {"seed": 1}),
            (CAMVID, "city:segmentation", 0.60),  # +20 %.
            (CAMVID, "city:segmentation", 0.48, {"seed": 1}),  # -4 %.
            (CAMVID, "coco:segmentation", 0.52),  # +4 %.
        )
    )
    city, coco = chain(frame, "camvid", "city"), chain(frame, "camvid", "coco")
    assert (city.positive, city.very_positive, city.negative) == (0.5, 0.5, 0.5)
    assert city.gain == pytest.approx(8) and city.gain_size == pytest.approx(12)
    assert (coco.positive, coco.very_positive, coco.negative) == (1, 0, 0)
    assert coco.gain_size == pytest.approx(4)


def test_a_baseline_of_0_leaves_no_gain(make_results):
    frame = gains.with_gains(
        make_results(
            (CAMVID, "ilsvrc", 0.0),
            (CAMVID, "ilsvrc", 0.0, {"seed": 1}),
            (CAMVID, "city:segmentation", 0.002),
            (CAMVID, "city:segmentation", 0.004, {"seed": 1}),
        )
    )
    city = chain(frame, "camvid", "city")
    assert city.value == pytest.approx(0.003) and city.level == ""
    assert np.isnan([city.gain, city.gain_std, city.gain_size, city.positive]).all()
    assert "city" in gains.without_gain(frame).source.tolist()
