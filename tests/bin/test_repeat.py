"""Runs benchmarks/repeat.py: chains of a plan again, compared with the rows of a study."""

import contextlib
import importlib
import io
import pathlib
import runpy
import subprocess
import sys

import pytest

from tests import tiny_backbone
from tests.bin.conftest import CONFIG

ROOT = pathlib.Path(__file__).parents[2]
HEADER = "stage\tline\tneeds\tchip_hours\tbasis\tgroup\tcommand"


def run_here(words, check, stdout):
    """Runs a program that was to be a process of its own in this one."""
    assert words[:2] == [sys.executable, "-m"] and check and stdout == subprocess.DEVNULL
    with contextlib.redirect_stdout(io.StringIO()):
        assert importlib.import_module(words[2]).PROGRAM.call(words[3:]) == 0


@pytest.fixture(name="repeat")
def _repeat(blocks, tmp_path, monkeypatch, capsys):
    """Repeats one chain into a working directory; returns exit code and the lines of rows."""
    tiny_backbone.use_tiny_backbone(monkeypatch)
    monkeypatch.setattr(subprocess, "run", run_here)
    (tmp_path / "c.yaml").write_text(CONFIG)

    def repeat(workdir, rows):
        given = f"--data_dir={blocks} --workdir={tmp_path / workdir} --config={tmp_path}/c.yaml "
        given += "--backbone=hrnet_mini --setting=full --init=scratch --source=blocks:segmentation"
        lines = [
            HEADER,
            f"1\t1\t-\t0\tpaper\t1\tfoi-source {given}",
            f"2\t2\t1\t0\tpaper\t1\tfoi-target {given} --target=blocks:segmentation",
        ]
        plan = tmp_path / "plan.tsv"
        plan.write_text("\n".join(lines) + "\n")
        monkeypatch.setattr(sys, "argv", ["repeat.py", f"--rows={rows}", "--count=1", str(plan)])
        with pytest.raises(SystemExit) as exited:
            runpy.run_path(str(ROOT / "benchmarks/repeat.py"), run_name="__main__")
        return exited.value.code, capsys.readouterr().out.splitlines()[1:]

    return repeat


@pytest.mark.slow
def test_a_chain_ends_the_same_again(repeat, tmp_path):
    kept = ROOT / "studies/real/results.csv"  # Of other targets: nothing to compare with.
    code, lines = repeat("first", kept)
    assert code == 1 and lines and all(line.endswith("nan") for line in lines)
    code, lines = repeat("second", tmp_path / "first/results")
    assert code == 0 and lines and all(line.endswith("\t0.0") for line in lines)
