import dataclasses
import errno
import json
import math
import os
import pathlib
import re
import sys
import types

import numpy as np
import pandas as pd
import pytest

from foi_tf.errors import FoiError
from foi_tf.study import metrics, results
from foi_tf.study.results import Row

ROW = Row(
    target="camvid",
    target_type="segmentation",
    target_domain="driving",
    source="coco",
    source_type="segmentation",
    source_domain="consumer",
    setting="small",
    backbone="hrnet_w48",
    init="ilsvrc",
    seed=3,
    learning_rate=0.01,
    n_source=118_287,
    n_target=150,
    metric="miou",
    value=0.625,
    steps=5000,
    wall_seconds=12.5,
    device="TPU v3",
    devices=8,
    chip_hours=0.03,
    config_digest="c0ffee",
    version="0.1.0",
    extra={"pixel_accuracy": 0.8},
)


def two_rows(tmp_path):
    for seed in (0, 1):
        results.write_row(dataclasses.replace(ROW, seed=seed), tmp_path)
    return results.load(tmp_path)


def test_a_row_comes_back_as_it_was_written(tmp_path):
    results.write_row(ROW, tmp_path)
    (record,) = results.load(tmp_path).to_dict("records")
    expected = dataclasses.asdict(ROW)
    extra = {f"extra.{name}": value for name, value in expected.pop("extra").items()}
    assert record == expected | extra


def test_rows_of_earlier_versions_are_read(tmp_path):
    path = results.write_row(ROW, tmp_path)
    record = json.loads(path.read_text())
    for name in results.OPTIONAL:
        assert record.pop(name) == ""
    path.write_text(json.dumps(record))
    frame = results.load(tmp_path)
    assert set(frame[list(results.OPTIONAL)].to_numpy().ravel()) == {""}
    table = tmp_path / "results.csv"
    table.write_text(frame.drop(columns=list(results.OPTIONAL)).to_csv(index=False))
    pd.testing.assert_frame_equal(results.load(table), frame)


def test_what_makes_rows_comparable_does_not_name_their_file(tmp_path):
    others = dict.fromkeys(results.OPTIONAL, "x")
    path = results.write_row(dataclasses.replace(ROW, **others), tmp_path)
    assert path == results.write_row(ROW, tmp_path)


def test_columns_have_their_types_and_order(tmp_path):
    results.write_row(dataclasses.replace(ROW, value=1, learning_rate=1), tmp_path)
    frame = results.load(tmp_path)
    assert list(frame) == [*results.COLUMNS, "extra.pixel_accuracy"]
    whole = [name for name in frame if frame[name].dtype == "int64"]
    numbers = [name for name in frame if frame[name].dtype == "float64"]
    assert whole == ["seed", "n_source", "n_target", "steps", "devices"]
    assert numbers == [
        "learning_rate", "value", "wall_seconds", "chip_hours", "extra.pixel_accuracy",
    ]  # fmt: skip


def test_rows_load_alike_when_annotations_are_kept_as_text(tmp_path, monkeypatch):
    """Executes a copy of the module under `from __future__ import annotations`."""
    source = pathlib.Path(results.__file__).read_text()
    head, docstring, code = source.split('"""', 2)
    copy = types.ModuleType("results_with_text_annotations")
    monkeypatch.setitem(sys.modules, copy.__name__, copy)
    future = "\nfrom __future__ import annotations\n"
    exec(f'{head}"""{docstring}"""{future}{code}', copy.__dict__)
    assert isinstance(copy.Row.__annotations__["seed"], str)
    path = copy.write_row(copy.Row(**dataclasses.asdict(ROW)), tmp_path)
    assert path == results.write_row(ROW, tmp_path)
    pd.testing.assert_frame_equal(copy.load(tmp_path), results.load(tmp_path))


def test_numbers_of_numpy_are_stored(tmp_path):
    row = dataclasses.replace(ROW, value=np.float32(0.5), seed=np.int64(3))
    assert results.write_row(row, tmp_path) == results.write_row(ROW, tmp_path)
    results.write_row(row, tmp_path)
    assert results.load(tmp_path).value.tolist() == [0.5]


def test_a_diverged_run_has_no_value(tmp_path):
    path = results.write_row(dataclasses.replace(ROW, value=math.inf), tmp_path)
    assert json.loads(path.read_text())["value"] is None
    assert results.load(tmp_path).value.isna().tolist() == [True]


def test_writing_a_run_again_replaces_it(tmp_path):
    first = results.write_row(ROW, tmp_path)
    second = results.write_row(dataclasses.replace(ROW, value=0.7, wall_seconds=99.0), tmp_path)
    assert first == second
    assert [path.name for path in tmp_path.iterdir()] == [first.name]
    assert results.load(tmp_path).value.tolist() == [0.7]


@pytest.mark.parametrize("name", results.IDENTITY)
def test_runs_that_differ_have_files_of_their_own(tmp_path, name):
    others = {"seed": 4, "learning_rate": 0.1, "setting": "full", "selection": "holdout"}
    other = others.get(name, "depth" if "type" in name else "x")
    results.write_row(ROW, tmp_path)
    results.write_row(dataclasses.replace(ROW, **{name: other}), tmp_path)
    assert len(results.load(tmp_path)) == 2


def test_the_frame_does_not_depend_on_files_or_their_order(tmp_path):
    made = [dataclasses.replace(ROW, seed=seed, target=t) for seed in (2, 0, 1) for t in "ba"]
    made[0] = dataclasses.replace(made[0], extra={"loss": 1.0})
    for i, row in enumerate(made):
        results.write_row(row, tmp_path / "one" / str(i))
    for row in reversed(made):
        results.write_row(row, tmp_path / "two")
    one, two = results.load(tmp_path / "one"), results.load(tmp_path / "two")
    assert one.equals(two)
    assert one.seed.tolist() == [0, 1, 2, 0, 1, 2]
    assert one["extra.loss"].notna().sum() == 1


def test_copies_of_a_row_count_once_and_half_written_files_not_at_all(tmp_path):
    path = results.write_row(ROW, tmp_path / "a")
    results.write_row(ROW, tmp_path / "b")
    (tmp_path / f".{path.stem}.0badcafe.json").write_text("{")
    assert len(results.load(tmp_path)) == 1


def test_a_cut_file_is_named(tmp_path):
    path = results.write_row(ROW, tmp_path)
    path.write_text(path.read_text()[:100])
    with pytest.raises(
        FoiError, match=rf"{path.name}: the file is not complete JSON .*repeat its run"
    ):
        results.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda row: [row], "it holds no JSON object"),
        (lambda row: {"loss": 1}, "it lacks 'target'"),
        (lambda row: row | {"color": "red"}, "'color' is not a column"),
        (lambda row: row | {"seed": "3"}, "'seed' is \"3\", not a whole number"),
        (lambda row: row | {"seed": True}, "'seed' is true, not a whole number"),
        (lambda row: row | {"steps": None}, "'steps' is null, not a whole number"),
        (lambda row: row | {"metric": "ap5"}, "unknown metric 'ap5'; did you mean 'ap50'?"),
        (lambda row: row | {"source_type": "depht"}, "unknown task type 'depht'; did you"),
        (lambda row: row | {"extra": {"a": "b"}}, "'extra' is not an object of numbers"),
    ],
)
def test_a_foreign_file_is_named_with_what_is_wrong(tmp_path, change, problem):
    path = results.write_row(ROW, tmp_path)
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(FoiError) as error:
        results.load(tmp_path)
    assert f"{path.name}: this is not a result row ({problem}" in str(error.value)


def test_nothing_to_load_is_an_error_with_a_remedy(tmp_path):
    with pytest.raises(FoiError, match=r"no results .* foi-target writes them"):
        results.load(tmp_path)
    with pytest.raises(FoiError, match="no such directory"):
        results.load(tmp_path / "missing")


def test_sources_and_their_task_types_agree():
    for change in ({"source": "ilsvrc"}, {"source_type": ""}):
        with pytest.raises(FoiError, match="ilsvrc and scratch have no task type"):
            dataclasses.replace(ROW, **change)


def test_only_errors_are_better_when_lower():
    assert [name for name in metrics.METRICS if not metrics.higher_is_better(name)] == ["rmse"]
    with pytest.raises(FoiError, match="unknown metric 'mIoU'; did you mean 'miou'"):
        metrics.higher_is_better("mIoU")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("value", 2**64, "'value' is 18446744073709551616"),
        ("value", 1.5, "'value' is 1.5, but miou is at most 1"),
        ("n_target", -1, "'n_target' is -1, not a number from 0 up"),
        ("selection", "../../etc/passwd", "not one of none, validation, holdout"),
        ("setting", "sl", "not one of small, full, small_source"),
        ("candidates", "None", "not a JSON object"),
        ("candidates", '{"0.1": NaN}', "not a JSON object"),
        ("target", "a\nb", "not a name"),
        ("device", "=1+1", "not a name"),
        ("target", "x" * 400, "not a name"),
    ],
)
def test_values_that_no_run_can_have_are_refused(tmp_path, name, value, said):
    path = results.write_row(ROW, tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    with pytest.raises(FoiError, match=re.escape(said)):
        results.load(tmp_path)


def test_a_directory_that_cannot_be_listed_is_told(tmp_path, monkeypatch):
    two_rows(tmp_path)
    (tmp_path / "more").mkdir()
    real = os.scandir

    def scan(path):
        if str(path).endswith("more"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scan)
    with pytest.raises(FoiError, match=r"more: cannot be listed \(Permission denied\)"):
        results.load(tmp_path)
