"""Reads rows from tables."""

import csv
import dataclasses
import io
import math

import pandas as pd
import pytest

from foi_tf.errors import FoiError
from foi_tf.study import results
from tests.study.test_results import ROW, two_rows


def test_a_table_is_read_as_the_rows_it_was_made_of(tmp_path):
    rows = [
        ROW,
        dataclasses.replace(ROW, seed=4, value=math.nan, extra={}, candidates='{"0.1": null}'),
        dataclasses.replace(ROW, source="ilsvrc", source_type="", source_domain="", seed=5),
    ]
    for row in rows:
        results.write_row(row, tmp_path)
    frame = results.load(tmp_path)
    (tmp_path / "t.csv").write_text(results.to_csv(frame))
    pd.testing.assert_frame_equal(results.load(tmp_path / "t.csv"), frame)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "0.625",
            "much",
            "line 2: this is not a result row \\('value' is \"much\", not a number\\)",
        ),
        ("miou", "iou", "line 2: this is not a result row \\(unknown metric 'iou'"),
        ("target,", "aim,", "line 2: this is not a result row \\(it lacks 'target'\\)"),
        (",12.5,", ",", "line 2: 31 cells, but the table has 32 columns"),
        (",12.5,", ",inf,", "line 2: this is not a result row \\('wall_seconds' is Infinity"),
        (",1\n", ",2\n", "line 2: the table had 2 rows, and this file has 1"),
        (
            "0.8",
            "most",
            "line 2: this is not a result row \\('extra' is not an object of numbers\\)",
        ),
    ],
)
def test_a_broken_table_is_named_with_its_line(tmp_path, old, new, said):
    results.write_row(ROW, tmp_path)
    path = tmp_path / "t.csv"
    path.write_text(results.to_csv(results.load(tmp_path)).replace(old, new))
    with pytest.raises(FoiError, match=f"{path}, {said}"):
        results.load(path)


def test_no_table(tmp_path):
    with pytest.raises(FoiError, match="cannot be read"):
        results.load(tmp_path / "none.csv")
    (tmp_path / "t.csv").write_text("target,source\n")
    with pytest.raises(FoiError, match="no results in it"):
        results.load(tmp_path / "t.csv")


def test_a_table_that_is_cut_anywhere_is_told(tmp_path):
    text, path = results.to_csv(two_rows(tmp_path)), tmp_path / "t.csv"
    for cut in range(1, len(text) - 1, 3):
        path.write_text(text[:cut])
        with pytest.raises(FoiError, match=r"t\.csv"):
            results.load(path)


def test_tables_of_earlier_versions_and_of_spreadsheets_are_read(tmp_path):
    frame, path = two_rows(tmp_path), tmp_path / "t.csv"
    text = results.to_csv(frame)
    old = "\n".join(line.rpartition(",")[0] for line in text.splitlines()) + "\n"
    cells = ["\t".join(row) for row in csv.reader(text.splitlines())]
    saved = io.StringIO(newline="")
    csv.writer(saved, delimiter=";").writerows(row.split("\t") for row in cells)
    for data in (
        old.encode(),
        b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
        text.encode("utf-16"),
        saved.getvalue().encode(),
    ):
        path.write_bytes(data)
        pd.testing.assert_frame_equal(results.load(path), frame)


def test_a_table_in_another_coding_is_refused_with_the_line(tmp_path):
    (tmp_path / "t.csv").write_bytes("target\nü".encode("cp1252"))
    with pytest.raises(FoiError, match=r"t\.csv: line 2 is not text in UTF-8; save the file as"):
        results.load(tmp_path / "t.csv")
