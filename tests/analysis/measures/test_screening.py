import math

import pandas as pd
import pytest

from foi_tf.analysis.measures import gains, screening
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report import sections
from foi_tf.study.results import NO_SOURCE

CAMVID, CITY = "camvid:segmentation", "city:segmentation"


def test_a_clean_study_stays_as_it_is(study):
    frame, said = screening.screen(study)
    pd.testing.assert_frame_equal(frame, study)
    assert said == []
    assert screening.describe_limits(study, gains.with_gains(study)) == []


def test_rows_that_disagree_are_all_left_out(make_results):
    frame = make_results((CAMVID, "ilsvrc", 0.5), (CAMVID, CITY, 0.6))
    other = frame[frame.source == "city"].assign(value=0.9)
    kept, (said,) = screening.screen(pd.concat([frame, other], ignore_index=True))
    assert kept.source.tolist() == [NO_SOURCE]
    assert said == (
        "city:segmentation -> camvid:segmentation (small, hrnet_w48, seed 0, learning rate 0.01) "
        "(configuration c0ffee): 2 rows disagree, with the values 0.6, 0.9; keep the right one"
    )


def test_a_run_that_diverged_in_one_copy_disagrees(make_results):
    frame = make_results((CAMVID, "ilsvrc", 0.5))
    kept, (said,) = screening.screen(pd.concat([frame, frame.assign(value=math.nan)]))
    assert kept.empty
    assert "0.5, nan" in said


def test_copies_that_agree_count_once(make_results):
    frame = make_results((CAMVID, "ilsvrc", 0.5))
    kept, said = screening.screen(pd.concat([frame, frame.assign(wall_seconds=7.0)]))
    assert (len(kept), said) == (1, [])


def test_one_metric_a_target(make_results):
    frame = make_results(
        (CAMVID, "ilsvrc", 0.5),
        (CAMVID, CITY, 0.6),
        (CAMVID, CITY, 0.7, {"metric": "map", "seed": 1}),
    )
    kept, (said,) = screening.screen(frame)
    assert set(kept.metric) == {"miou"} and len(kept) == 2
    assert said.startswith("camvid:segmentation: 1 rows measured in map, the others in miou")


def test_one_number_of_images_a_setting(make_results):
    frame = make_results(
        (CAMVID, "ilsvrc", 0.5),
        (CAMVID, CITY, 0.6, {"setting": "small_source"}),
        (CAMVID, "coco:segmentation", 0.7, {"n_target": 300}),
        (CAMVID, "ilsvrc", 0.7, {"setting": "full", "n_target": 367}),
    )
    kept, (said,) = screening.screen(frame)
    assert "coco" not in set(kept.source) and len(kept) == 3
    assert said.startswith("camvid:segmentation (small): 1 rows with 300 training images")


def test_domains_that_lack_or_differ(make_results):
    frame = make_results(
        (CAMVID, CITY, 0.6, {"source_domain": ""}),
        (CAMVID, "coco:segmentation", 0.6),
        ("isprs:segmentation", "coco:segmentation", 0.6, {"source_domain": "indoor"}),
        ("isprs:segmentation", "multi:segmentation", 0.6),
    )
    kept, (city, coco) = sorted_said(screening.screen(frame))
    assert city.startswith("city: has no domain")
    assert coco.startswith("coco: has the domains 'consumer', 'indoor' in different rows")
    assert set(kept.source_domain[kept.source == "coco"]) == {""}
    assert len(kept) == 4


def sorted_said(screened):
    frame, said = screened
    return frame, sorted(said)


def test_infinite_values_are_no_values(make_results):
    frame = make_results((CAMVID, "ilsvrc", 0.5)).assign(value=math.inf)
    kept, _ = screening.screen(frame)
    assert kept.value.isna().all()


def test_notes_name_what_makes_gains_doubtful(make_results):
    frame = make_results(
        (CAMVID, "ilsvrc", 0.5),
        (CAMVID, "ilsvrc", 0.4, {"config_digest": "other"}),
        (CAMVID, "coco:segmentation", 0.5),
        (CAMVID, "coco:segmentation", 0.6, {"learning_rate": 0.1}),
        ("isprs:segmentation", "coco:segmentation", math.nan),
    )
    diverged, mixed, uneven = screening.describe_limits(frame, gains.with_gains(frame))
    assert diverged.startswith("1 run ended without a value")
    assert mixed.startswith("1 run happened under several configurations")
    assert uneven.startswith("1 chain tried another number of learning rates")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(CAMVID, "ilsvrc", 0.0), (CAMVID, CITY, 0.6)], "the baseline is 0"),
        ([(CAMVID, CITY, 0.6)], "the baseline is missing"),
        ([(CAMVID, "ilsvrc", 0.5), (CAMVID, CITY, math.nan)], "1 run ended without a value"),
        ([(CAMVID, "ilsvrc", 0.5, {"target_domain": ""})], "camvid: has no domain"),
    ],
)
def test_the_report_names_it(make_results, rows, expected):
    analysis = StudyAnalysis(make_results(*rows))
    assert expected in sections.render_left_out(analysis, analysis.left_out)
