import dataclasses
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from foi_tf.bin import analyze
from foi_tf.study import image_statistics, results
from tests.result_rows import BASELINE, CITY


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["foi-analyze", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        analyze.main()
    return end.value.code, *capsys.readouterr()


def test_the_path_of_the_report_is_the_last_line(monkeypatch, capsys, tmp_path):
    results.write_row(BASELINE, tmp_path / "results")
    results.write_row(dataclasses.replace(BASELINE, value=0.6, **CITY), tmp_path / "results")
    code, out, _ = run(
        monkeypatch, capsys, f"--results={tmp_path / 'results'}", f"--out={tmp_path / 'out'}"
    )
    assert code == 0
    assert out.splitlines()[-1] == str(tmp_path / "out" / "report.html")
    assert "+20.0" in (tmp_path / "out" / "report.html").read_text()


def test_a_missing_or_empty_directory_is_one_line_and_1(monkeypatch, capsys, tmp_path):
    for directory in (tmp_path, tmp_path / "missing"):
        code, out, err = run(monkeypatch, capsys, f"--results={directory}", f"--out={tmp_path}/o")
        assert (code, out) == (1, "")
        assert err.count("\n") == 1
        assert str(directory) in err
    assert not (tmp_path / "o").exists()


def test_wrong_usage_is_2(monkeypatch, capsys, tmp_path):
    assert run(monkeypatch, capsys, f"--results={tmp_path}")[0] == 2
    given = [f"--results={tmp_path}", "--out=o"]
    assert run(monkeypatch, capsys, *given, "--published")[0] == 2
    for wrong in ("fixed_size", "fixed_size=", "a=x,a=y"):
        assert run(monkeypatch, capsys, *given, f"--scenarios={wrong}")[0] == 2


def test_published_results_need_nothing_but_the_package(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(monkeypatch, capsys, "--published")
    assert code == 0
    assert "the best of all for 10 of 16 targets" in out
    assert "| the largest source within the domain | 16 | 10 | 13 |" in out
    assert not list(tmp_path.iterdir())


def test_published_takes_no_other_input(monkeypatch, capsys, tmp_path):
    for flag in ("results", "distances", "scenarios"):
        code, _, err = run(monkeypatch, capsys, "--published", f"--{flag}={tmp_path}")
        assert (code, err.count("\n")) == (2, 1)
        assert f"--published takes no --{flag}" in err


def test_distances_and_a_fixed_size_fill_their_tables(monkeypatch, capsys, tmp_path):
    for row in (BASELINE, dataclasses.replace(BASELINE, value=0.6, **CITY)):
        results.write_row(row, tmp_path / "results")
        results.write_row(row, tmp_path / "fixed")
    (tmp_path / "near.csv").write_text(
        "target,source,distance,value\ncamvid,city,target_to_source,1.5\n"
    )
    code, _, err = run(
        monkeypatch, capsys, f"--results={tmp_path / 'results'}", f"--out={tmp_path / 'out'}",
        f"--distances={tmp_path / 'near.csv'}", f"--scenarios=fixed_size={tmp_path / 'fixed'}",
    )  # fmt: skip
    assert code == 0, err
    text = (tmp_path / "out" / "report.html").read_text()
    for number in ("4a", "A.5a", "A.1", "7", "8", "9", "10"):
        assert f"Table {number}: " in text
    for suffix in ("csv", "md", "tex"):
        table = tmp_path / "out" / "tables" / f"further-scenarios.{suffix}"
        assert "fixed_size: hrnet_w18, from ilsvrc" in table.read_text().replace("\\_", "_")


def test_statistics_of_images_are_found_beside_their_rows(monkeypatch, capsys, tmp_path):
    for row, share in ((BASELINE, 0.5), (dataclasses.replace(BASELINE, value=0.6, **CITY), 0.6)):
        results.write_row(row, tmp_path / "results")
        union = np.arange(1, 31, dtype=float)[:, None]
        of_images = image_statistics.ImageStatistics(
            np.arange(30).astype(str), share * union, union
        )
        image_statistics.write_beside_row(of_images, dataclasses.asdict(row), tmp_path / "results")
    run(monkeypatch, capsys, f"--results={tmp_path / 'results'}", f"--out={tmp_path / 'out'}")
    text = (tmp_path / "out" / "report.html").read_text()
    assert "+20.0" in text and "Classes, sizes and images" in text
    (line,) = pd.read_csv(tmp_path / "out/image_gains.csv").to_dict("records")
    assert (line["images"], line["better"]) == (30, 100)


@pytest.mark.slow
def test_it_runs_as_a_module_without_tensorflow(tmp_path):
    results.write_row(BASELINE, tmp_path / "results")
    code = (
        "import sys, runpy; sys.modules['tensorflow'] = None\n"
        "runpy.run_module('foi_tf.bin.analyze', run_name='__main__', alter_sys=True)"
    )
    arguments = [f"--results={tmp_path / 'results'}", f"--out={tmp_path / 'out'}"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'out' / 'report.html'}\n"), (
        done.stderr
    )


def test_studies_are_compared_on_stdout(monkeypatch, capsys, tmp_path):
    results.write_row(BASELINE, tmp_path / "results")
    code, _, _ = run(
        monkeypatch, capsys, f"--results={tmp_path / 'results'}", f"--out={tmp_path / 'out'}"
    )
    assert code == 0
    code, out, _ = run(monkeypatch, capsys, f"--compare=one={tmp_path}/out,two={tmp_path}/out")
    assert code == 0 and out.startswith("| Claim, and what was asked | the paper | one | two |")
    assert "**A10**" in out
    again = [f"--results={tmp_path}/out/results.csv", f"--out={tmp_path}/again"]
    assert run(monkeypatch, capsys, *again)[0] == 0
    tables = [(tmp_path / name / "results.csv").read_text() for name in ("out", "again")]
    assert tables[0] == tables[1]
    for wrong in (["--compare=one"], [f"--compare=a={tmp_path}", "--out=o"]):
        assert run(monkeypatch, capsys, *wrong)[0] == 2


def test_the_report_says_which_gains_mean_nothing(monkeypatch, capsys, tmp_path):
    """Rows by hand: at a floor, against a baseline that diverged, of two pre-trainings."""
    place = tmp_path / "results"

    def leave(target, value, source=None, pretraining="1" * 16, digest="d", **changes):
        chain = {} if source is None else CITY | {"source": source}
        results.write_row(
            dataclasses.replace(
                BASELINE, target=target, value=value, pretraining=pretraining,
                config_digest=digest, **chain, **changes,
            ),
            place,
        )  # fmt: skip

    leave("camvid", 0.5, extra={"constant_miou": 0.08})
    leave("camvid", 0.0801, "pvoc", extra={"constant_miou": 0.08})
    leave("camvid", 0.6, "coco", extra={"constant_miou": 0.08})
    leave("isprs", float("nan"))
    leave("isprs", 0.7, "coco")
    leave("camvid", 0.9, "idd", pretraining="2" * 16, digest="e")
    code, _, err = run(monkeypatch, capsys, f"--results={place}", f"--out={tmp_path / 'out'}")
    assert code == 0, err
    page = (tmp_path / "out/report.html").read_text()
    for said in (
        "Not ranked: camvid:segmentation (small, hrnet_w18) from pvoc:segmentation: at the "
        "constant prediction (0.08).",
        "Not ranked: isprs:segmentation (small, hrnet_w18) from coco:segmentation: baseline "
        "diverged.",
        "Left out: comparisons between different pre-trainings of hrnet_w18: ilsvrc@11111111 "
        "(5 rows), ilsvrc@22222222 (1 row).",
        "No gain for camvid:segmentation (small, hrnet_w18) from idd: the baseline is missing.",
        "from the weights ilsvrc@22222222.",
    ):
        assert said in page, said
    gains = pd.read_csv(tmp_path / "out/gains.csv").set_index(["target", "source"])
    assert gains.gain["camvid", "coco"] == pytest.approx(20)
    for chain in (("camvid", "pvoc"), ("isprs", "coco"), ("camvid", "idd")):
        assert np.isnan(gains.gain[chain]), chain
    best = pd.read_csv(next((tmp_path / "out/tables").glob("further-best-small-*.csv")))
    assert list(best["best source"]) == ["coco:segmentation"]


def test_studies_of_different_pretrainings_are_compared_aloud(monkeypatch, capsys, tmp_path):
    for name, digest in (("one", "1" * 16), ("two", "2" * 16)):
        results.write_row(dataclasses.replace(BASELINE, pretraining=digest), tmp_path / name)
        rows = results.to_csv(results.load(tmp_path / name))
        (tmp_path / name / "results.csv").write_text(rows)
    given = ",".join(f"{name}={tmp_path / name}" for name in ("one", "two"))
    code, _, err = run(monkeypatch, capsys, f"--compare={given}")
    assert code == 0
    assert "the studies rest on different pre-trainings (one from 11111111, two from 2222" in err
