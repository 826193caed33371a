import json
import math

import pandas as pd
import pytest

from foi_tf.analysis.measures.answer import (
    ALIKE,
    BEST,
    NONE_HELPS,
    NOTHING,
    ONLY_ONE,
    TOO_LITTLE,
)
from foi_tf.analysis.measures.answers import find_answer, find_answers
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report.answer_text import describe_answer
from foi_tf.errors import FoiError

CLEAR = {
    "ilsvrc": [0.50, 0.51, 0.49], "scratch": [0.40, 0.41, 0.39],
    "city:segmentation": [0.60, 0.61, 0.59], "coco:segmentation": [0.50, 0.52, 0.48],
}  # fmt: skip


def test_a_source_that_is_clearly_ahead_is_the_answer(analyze_starts):
    (answer,) = find_answers(analyze_starts(CLEAR))
    assert (answer.kind, answer.best.name, answer.reference) == (
        BEST,
        "city:segmentation",
        "ilsvrc",
    )
    assert answer.best.value == pytest.approx(0.6) and answer.best.gain == pytest.approx(20)
    assert 10 < answer.best.gain_low < 20 < answer.best.gain_high < 30
    assert 0.55 < answer.best.value_low < 0.6 < answer.best.value_high < 0.65
    assert answer.best.p_best > 0.98 and answer.settled and not answer.rivals
    assert sum(start.p_best for start in answer.starts) == pytest.approx(1)
    assert [start.name for start in answer.starts][0::3] == ["city:segmentation", "scratch"]
    assert math.isnan(next(x for x in answer.starts if x.name == "ilsvrc").gain)


def test_rivals_and_the_seeds_and_minutes_that_would_settle_them(analyze_starts):
    starts = CLEAR | {"isprs:segmentation": [0.58, 0.61, 0.60]}
    (answer,) = find_answers(analyze_starts(starts))
    assert [start.name for start in answer.rivals] == ["isprs:segmentation"]
    assert answer.kind == BEST and not answer.settled
    assert 1 <= answer.more_seeds <= 100
    assert answer.minutes == pytest.approx(answer.more_seeds * 60)  # Two starts of 30 minutes.
    assert answer.best.p_near > answer.best.p_best


def test_sources_that_do_not_help(analyze_starts):
    starts = CLEAR | {
        "city:segmentation": [0.44, 0.45, 0.43],
        "coco:segmentation": [0.42, 0.43, 0.4],
    }
    (answer,) = find_answers(analyze_starts(starts))
    assert (answer.kind, answer.best.name) == (NONE_HELPS, "ilsvrc")
    assert answer.p_helps < 0.05


def test_the_start_that_is_ahead_is_so_in_value_and_in_probability(analyze_starts):
    """Draws with a single degree of freedom have no mean; their median is that of the start."""
    starts = {"ilsvrc": [0.5013, 0.4987], "city:segmentation": [0.5108, 0.5043]}
    (answer,) = find_answers(analyze_starts(starts))
    assert answer.ranked[0].name == "city:segmentation" and answer.ranked[0].p_best > 0.8


def test_what_no_source_helps_is_settled_only_if_no_seed_would_tell_more(analyze_starts):
    starts = {
        "ilsvrc": [0.501, 0.492, 0.509], "city:segmentation": [0.503, 0.503, 0.504],
        "coco:segmentation": [0.494, 0.487, 0.496], "isprs:segmentation": [0.486, 0.481, 0.474],
    }  # fmt: skip
    (answer,) = find_answers(analyze_starts(starts))
    assert (answer.kind, answer.best.name) == (NONE_HELPS, "ilsvrc")
    assert answer.ranked[0].name == "city:segmentation" and not answer.ranked[0].more_seeds
    assert answer.more_seeds == answer.best.more_seeds > 0 and not answer.settled
    assert answer.minutes == pytest.approx(answer.more_seeds * 60)  # Two starts of 30 minutes.
    starts = {
        "ilsvrc": [0.489, 0.493, 0.492], "scratch": [0.455, 0.45, 0.454],
        "city:segmentation": [0.498, 0.499, 0.495], "coco:segmentation": [0.486, 0.483, 0.482],
        "isprs:segmentation": [0.477, 0.48, 0.471],
    }  # fmt: skip
    (answer,) = find_answers(analyze_starts(starts))
    assert answer.kind == NONE_HELPS and answer.settled and not answer.more_seeds
    assert "differs from it by less than 2 %" in str(describe_answer(answer, "camvid"))


def test_minutes_of_a_seed_are_those_of_one_run(make_results):
    """A baseline has a row of each of two settings, and a row has the seconds of its link alone."""
    own = {"wall_seconds": 60.0}
    rows = [("camvid:segmentation", "ilsvrc", 0.5, {**own, "setting": setting, "seed": seed})
            for setting in ("small", "small_source") for seed in (0, 1)]  # fmt: skip
    tried = {"candidates": '{"0.1": 0.6, "0.3": 0.5}', "selection": "validation"}
    rows += [("camvid:segmentation", "city:segmentation", 0.6, {**own, **tried, "seed": seed})
             for seed in (0, 1)]  # fmt: skip
    starts = find_answers(StudyAnalysis(make_results(*rows)))[0].starts
    assert {start.name: start.seconds for start in starts} == {
        "ilsvrc": 60, "city:segmentation": 120,
    }  # fmt: skip


def test_noise_that_hides_any_difference(analyze_starts):
    starts = {"ilsvrc": [0.5, 0.3], "scratch": [0.3, 0.45], "city:segmentation": [0.35, 0.55]}
    (answer,) = find_answers(analyze_starts(starts))
    assert answer.kind == TOO_LITTLE and answer.best.name == "city:segmentation"
    assert answer.more_seeds > 1


def test_starts_between_which_the_choice_hardly_matters(analyze_starts):
    starts = {"ilsvrc": [0.50, 0.51, 0.49], "city:segmentation": [0.515, 0.505, 0.495]}
    (answer,) = find_answers(analyze_starts(starts))
    assert (answer.kind, answer.best.name) == (ALIKE, "city:segmentation")
    assert answer.best.p_best < 0.8 and not answer.settled


def test_single_seeds_of_few_sources_tell_nothing_of_chance(analyze_starts):
    starts = {name: values[:1] for name, values in CLEAR.items()}
    (answer,) = find_answers(analyze_starts(starts))
    assert answer.kind == TOO_LITTLE and answer.noise == ""
    assert answer.best.name == "city:segmentation" and math.isnan(answer.best.p_best)
    assert len(answer.rivals) == 3 and math.isnan(answer.more_seeds)


@pytest.mark.parametrize("starts", [{"ilsvrc": [0.5, 0.5]}, {"city:segmentation": [0.5]}])
def test_one_start_alone(analyze_starts, starts):
    (answer,) = find_answers(analyze_starts(starts))
    assert answer.kind == NOTHING and answer.best is None and len(answer.ranked) == 1
    assert not answer.settled


def test_without_a_pre_training_gains_are_over_random_weights(analyze_starts):
    starts = {name: values for name, values in CLEAR.items() if name != "ilsvrc"}
    (answer,) = find_answers(analyze_starts(starts, init="scratch"))
    assert (answer.kind, answer.best.name, answer.reference) == (
        BEST, "city:segmentation", "scratch",
    )  # fmt: skip
    assert answer.best.gain == pytest.approx(50) and answer.best.gain_low > 30


def test_without_random_weights(analyze_starts):
    starts = {name: values for name, values in CLEAR.items() if name != "scratch"}
    (answer,) = find_answers(analyze_starts(starts))
    assert (answer.kind, answer.reference) == (BEST, "ilsvrc")


def test_sources_alone_have_an_order_and_no_gain(analyze_starts):
    starts = {name: values for name, values in CLEAR.items() if ":" in name}
    (answer,) = find_answers(analyze_starts(starts))
    assert (answer.kind, answer.best.name, answer.reference) == (BEST, "city:segmentation", "")
    assert math.isnan(answer.best.gain) and answer.best.p_best > 0.9


def test_starts_without_a_source_alone(analyze_starts):
    starts = {name: values for name, values in CLEAR.items() if ":" not in name}
    (answer,) = find_answers(analyze_starts(starts))
    assert (answer.kind, answer.best.name) == (BEST, "ilsvrc") and answer.settled


@pytest.mark.parametrize(
    ("pretraining", "reason"),
    [([math.nan] * 3, "diverged"), ([0.2, 0.21, 0.19], "")],
)
def test_a_weak_pre_training_is_no_reference(analyze_starts, pretraining, reason):
    (answer,) = find_answers(analyze_starts(CLEAR | {"ilsvrc": pretraining}))
    assert (answer.kind, answer.best.name, answer.reference) == (
        BEST, "city:segmentation", "scratch",
    )  # fmt: skip
    assert next(x for x in answer.starts if x.name == "ilsvrc").reason == reason
    assert answer.best.gain == pytest.approx(50)


def test_starts_at_a_floor_are_shown_and_never_the_best(analyze_starts):
    extra = {"constant_miou": 0.595}
    (answer,) = find_answers(analyze_starts(CLEAR, extra=extra))
    assert answer.kind == NOTHING and not answer.ranked
    assert "constant prediction" in answer.starts[0].reason


def test_a_start_that_learned_alone_is_the_answer(analyze_starts):
    starts = {name: values for name, values in CLEAR.items() if name != "coco:segmentation"}
    extra = {"constant_miou": 0.52}  # Only city is better than that.
    (answer,) = find_answers(analyze_starts(starts, extra=extra))
    assert (answer.kind, answer.best.name) == (ONLY_ONE, "city:segmentation")
    assert not answer.settled and len(answer.starts) == 3 and math.isnan(answer.best.gain)


def test_lower_errors_are_better(analyze_starts):
    starts = {
        "ilsvrc": [0.8, 0.81], "scratch": [1.0, 1.01], "vkitti2:depth": [0.6, 0.61],
        "coco:segmentation": [0.8, 0.82],
    }  # fmt: skip
    (answer,) = find_answers(analyze_starts(starts, target="sunrgbd:depth"))
    assert (answer.kind, answer.best.name) == (BEST, "vkitti2:depth")
    assert answer.best.gain == pytest.approx(24.8, abs=0.1)
    assert answer.best.value_low < 0.605 < answer.best.value_high


def test_classes_are_those_of_the_best_start(analyze_starts):
    analysis = analyze_starts(CLEAR)
    chain = analysis.mean_gains[
        ["target", "target_type", "setting", "backbone", "family", "metric"]
    ]
    lines = [
        {"source": source, "source_type": "segmentation", "part": part, "name": name, "count": 7,
         "baseline": 0.3, "value": 0.3 + points / 100, "difference": points}
        for source, part, name, points in (
            ("city", "class", "road", -1.0), ("city", "class", "car", 12.0),
            ("city", "size", "small", 5.0), ("coco", "class", "tree", 9.0),
        )
    ]  # fmt: skip
    parts = pd.DataFrame([chain.iloc[0].to_dict() | line for line in lines])
    (answer,) = find_answers(analysis, parts)
    assert [(one.name, one.images, one.difference) for one in answer.classes] == [
        ("car", 7, 12.0), ("road", 7, -1.0),
    ]  # fmt: skip


def test_an_answer_is_plain_json(analyze_starts):
    answer = find_answer(analyze_starts(CLEAR), "camvid", "segmentation")
    plain = json.loads(json.dumps(answer.to_json(), allow_nan=False))
    assert plain["best"] == "city:segmentation" and plain["settled"] is True
    assert plain["starts"][-1]["gain"] == pytest.approx(-20)
    with pytest.raises(FoiError, match="no result is of city segmentation"):
        find_answer(analyze_starts(CLEAR), "city", "segmentation")


def test_limited_sources_answer_only_where_no_other_source_was_run(analyze_starts):
    def answer_from(*settings):
        rows = [
            analyze_starts({name: CLEAR[name] for name in names}, setting=setting).results
            for setting, names in settings
        ]
        return find_answers(StudyAnalysis(pd.concat(rows, ignore_index=True)))

    plain, sources = list(CLEAR)[:2], list(CLEAR)[2:]
    (answer,) = answer_from(("small", plain), ("small_source", sources))
    assert (answer.setting, answer.best.name) == ("small_source", "city:segmentation")
    assert len(answer.starts) == 4 and answer.kind == BEST
    (answer,) = answer_from(("small_source", sources))
    assert len(answer.starts) == 2 and answer.reference == ""
    (answer,) = answer_from(("small", CLEAR), ("small_source", sources))
    assert answer.setting == "small"


def test_a_study_answers_for_each_target_and_names_all_starts(study):
    found = {(x.target, x.target_type): x for x in find_answers(StudyAnalysis(study))}
    assert set(found) == {
        ("camvid", "segmentation"), ("isprs", "segmentation"), ("sunrgbd", "depth"),
    }  # fmt: skip
    assert len(found["camvid", "segmentation"].starts) == 6
    assert found["sunrgbd", "depth"].kind == TOO_LITTLE  # Single seeds.
