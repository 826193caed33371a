import dataclasses
import subprocess
import sys

import pytest

from foi_tf.bin import analyze
from foi_tf.study import results


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["foi-analyze", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        analyze.main()
    return end.value.code, *capsys.readouterr()


ROW = results.Row(
    target="camvid", target_type="segmentation", target_domain="driving", source="ilsvrc",
    source_type="", source_domain="", setting="small", backbone="hrnet_w18", init="ilsvrc",
    seed=0, learning_rate=0.01, n_source=0, n_target=150, metric="miou", value=0.5, steps=10,
    wall_seconds=1.0, device="cpu", devices=1, chip_hours=0.0, config_digest="d", version="0",
)  # fmt: skip
CITY = {"source": "city", "source_type": "segmentation", "source_domain": "driving"}


def test_the_path_of_the_report_is_the_last_line(monkeypatch, capsys, tmp_path):
    results.write(ROW, tmp_path / "results")
    results.write(dataclasses.replace(ROW, value=0.6, **CITY), tmp_path / "results")
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
    assert run(monkeypatch, capsys, f"--results={tmp_path}", "--out=o", "--published")[0] == 2


def test_it_runs_as_a_module_without_tensorflow(tmp_path):
    results.write(ROW, tmp_path / "results")
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
