"""Tests Table 3: the paper's numbers, and which of our runs stand beside them."""

import pathlib

import pandas as pd
import pytest

from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.measures.validation_results import (
    collect_runs,
    is_validation,
    load_table3,
)
from foi_tf.analysis.report import tables
from foi_tf.analysis.report.report import write_report
from foi_tf.analysis.report.validation_tables import build_table3
from foi_tf.study import results
from foi_tf.study.grid import PRETRAINING
from foi_tf.study.metrics import METRICS
from foi_tf.study.validation_tasks import VALIDATION_TASKS
from tests.result_rows import BASELINE, CITY, changed

NYU = changed(
    BASELINE, target="nyuv2", target_type="depth", target_domain="indoor", setting="full",
    n_target=795, metric="rmse", value=0.6, extra={"delta1": 0.7},
)  # fmt: skip
NOTHING = pd.DataFrame(columns=["task", "metric", "backbone", "init"])


def load(directory, *rows):
    for row in rows:
        results.write_row(row, directory)
    return results.load(directory)


def ours(table, task):
    found = table.texts[table.texts.task == task]
    return list(zip(found["our network"], found.ours, strict=True))


def test_the_numbers_are_those_that_the_paper_prints():
    printed = load_table3()
    tasks = dict.fromkeys(printed.task)
    assert list(tasks) == [str(PRETRAINING), *map(str, VALIDATION_TASKS)]
    assert set(printed.metric) <= set(METRICS)
    of_paper = printed[printed.reference == "paper"]
    assert of_paper.value.tolist() == [
        79.5, 0.493, 82.5, 81.1, 39.0, 65.0, 75.7, 54.0, 47.1, 61.9,
    ]  # fmt: skip
    of_mseg = printed[printed.reference == "[65]"]
    assert of_mseg.value.tolist() == [63.2, 77.6, 52.6, 46.0, 62.2]
    assert len(printed) == 27


def test_what_was_not_run_stays_empty():
    table = build_table3(NOTHING)
    assert table.name == "table-3" and len(table.texts) == 10
    assert set(table.texts.ours) == set(table.texts["our network"]) == {"–"}
    assert table.data.ours.isna().all()


def test_the_table_of_the_docs_is_this_one():
    docs = pathlib.Path(__file__).parents[3] / "docs/paper-datasets.md"
    assert tables.to_markdown(build_table3(NOTHING)).split("\n\n")[1] in docs.read_text()


def test_the_best_learning_rate_of_each_seed_counts(tmp_path):
    rows = load(
        tmp_path,
        NYU,
        changed(NYU, seed=1, value=0.64, extra={"delta1": 0.74}),
        # Another learning rate: its delta1 does not count, though it is better.
        changed(NYU, seed=1, value=0.7, learning_rate=0.1, extra={"delta1": 0.9}),
        changed(NYU, backbone="hrnet_w48", value=0.5, extra={}),
        changed(NYU, setting="small", n_target=150),
        changed(NYU, source="scratch", init="scratch", value=0.1),
    )
    found, said = collect_runs(rows)
    # The one from scratch and the one on 150 images.
    assert said == [
        "nyuv2:depth: 2 rows in no table; Table 3 has runs with --source=ilsvrc and "
        "--setting=full alone"
    ]
    assert ours(build_table3(found), "nyuv2:depth") == [
        ("hrnet_w18, from ilsvrc", "0.620 ± 0.028 (2)"),
        ("hrnet_w48, from ilsvrc", "0.500"),
        ("hrnet_w18, from ilsvrc", "72.0 ± 2.8 (2)"),
    ]


def test_tasks_of_the_grid_and_the_pretraining_count(tmp_path):
    rows = load(
        tmp_path,
        changed(
            BASELINE, target="coco", target_type="detection", setting="full", n_target=117_266,
            metric="map", value=0.385, extra={"ap50": 0.57},
        ),
        changed(
            BASELINE, target="ilsvrc", target_type="classification", source="scratch",
            init="scratch", setting="full", n_target=1_281_167, metric="top1", value=0.79,
        ),
    )  # fmt: skip
    table = build_table3(collect_runs(rows)[0])
    assert ours(table, "coco:detection") == [("hrnet_w18, from ilsvrc", "38.5")]
    assert ours(table, "ilsvrc:classification") == [("hrnet_w18, from scratch", "79.0")]


def test_runs_on_fewer_images_do_not_stand_beside_the_papers(tmp_path):
    rows = load(
        tmp_path,
        changed(NYU, n_target=100),
        changed(NYU, n_target=790, seed=1),  # Some files of the publisher are missing.
        # Of the rendered collection, whose datasets have the same names.
        changed(
            BASELINE, target="coco", target_type="detection", setting="full", n_target=1_600,
            metric="map", value=0.9,
        ),
    )  # fmt: skip
    found, said = collect_runs(rows)
    assert found.seeds.tolist() == [1, 1]
    assert said == [
        "nyuv2:depth: 1 row with 100 training images or fewer, which do not stand beside Table 3"
    ]


@pytest.fixture(name="study")
def _study(tmp_path):
    return load(tmp_path / "rows", BASELINE, changed(BASELINE, value=0.55, **CITY))


def test_a_study_does_without_rows_of_table_3(study, tmp_path):
    both = load(tmp_path / "rows", NYU)
    assert is_validation(both).sum() == 1
    analysis = StudyAnalysis(both)
    alone = StudyAnalysis(study).rows
    pd.testing.assert_frame_equal(analysis.rows[list(alone)], alone)
    assert len(analysis.results) == 3 and not analysis.left_out
    # Where a chain leads to the dataset from a source, it is a target like any other.
    chained = load(tmp_path / "rows", changed(NYU, **CITY))
    assert not is_validation(chained).any()


def test_a_report_has_the_table_where_there_are_runs(study, tmp_path):
    write_report(StudyAnalysis(study), tmp_path / "without")
    assert not (tmp_path / "without/tables/table-3.md").exists()
    page = write_report(StudyAnalysis(load(tmp_path / "alone", NYU)), tmp_path / "with")
    assert "0.600" in (tmp_path / "with/tables/table-3.md").read_text()
    assert "Task types alone" in page.read_text()
