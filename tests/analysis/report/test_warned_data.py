"""Tests that warnings on data are kept beside rows and stand beside every result of a report."""

import pandas as pd
import pytest

from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report import report, warned_data
from foi_tf.analysis.report.tables import Table, to_csv
from foi_tf.errors import FoiError
from foi_tf.study import data_warnings, results
from tests.result_rows import BASELINE, CITY, changed


def test_warnings_are_found_by_dataset(tmp_path):
    write = data_warnings.write_warnings
    path = write("mine", "abc", ["one\nline", "two"], tmp_path)
    assert path == tmp_path / "warnings/mine.abc.txt" and path.read_text() == "one line\ntwo\n"
    write("mine", "def", ["two", "three"], tmp_path / "deeper")
    write("other", "abc", ["four"], tmp_path)
    found = data_warnings.find_warnings(tmp_path)
    assert {name: set(texts) for name, texts in found.items()} == {
        "mine": {"one line", "two", "three"},
        "other": {"four"},
    }
    path.write_bytes(b"\xff")
    with pytest.raises(FoiError, match=r"mine\.abc\.txt: cannot be read"):
        data_warnings.find_warnings(tmp_path)


def test_names_are_marked_wherever_they_are_printed():
    data = pd.DataFrame({"target": ["mine (mIoU)", "mine2", "not_mine"], "mine:depth": [1.0, 2, 3]})
    table = Table(id="", title="t", data=data, texts=data.astype(str))
    marked = warned_data.mark_names(table, ["mine"])
    assert marked.texts.target.tolist() == ["mine† (mIoU)", "mine2", "not_mine"]
    assert [*marked.texts] == ["target", "mine†:depth"] and len(marked.notes) == 1
    assert to_csv(marked) == to_csv(table)
    assert warned_data.mark_names(table, ["other"]) is table


def test_the_report_shows_warnings_on_data_of_its_rows(tmp_path):
    rows = tmp_path / "results"
    for row in (BASELINE, changed(BASELINE, **CITY, value=0.55)):
        results.write_row(row, rows)
    data_warnings.write_warnings("camvid", "a", ["val: 3 of 4 masks <blank>"], rows)
    data_warnings.write_warnings("unused", "a", ["never shown"], rows)
    analysis = StudyAnalysis(results.load(rows), warnings=data_warnings.find_warnings(rows))
    page = report.write_report(analysis, tmp_path / "out").read_text()
    assert '<a href="#warnings-on-data">' in page and "val: 3 of 4 masks &lt;blank&gt;" in page
    assert "camvid†" in page and "city†" not in page and "never shown" not in page
    written = [path.read_text() for path in (tmp_path / "out/tables").glob("*.md")]
    assert all("There are warnings on this data" in text for text in written if "camvid" in text)
    assert sum("camvid†" in text for text in written) >= 2
