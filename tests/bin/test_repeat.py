"""Runs benchmarks/repeat.py: chains of a plan again, compared with the rows of a study."""

import os
import pathlib
import subprocess
import sys

import pytest

from tests.bin.conftest import CONFIG

ROOT = pathlib.Path(__file__).parents[2]
HEADER = "stage\tline\tneeds\tchip_hours\tbasis\tgroup\tcommand"


@pytest.fixture(name="repeat")
def _repeat(blocks, tmp_path):
    """Repeats one chain into a working directory; returns exit code and the last line."""
    # Every Python that starts with it has the tiny backbone.
    (tmp_path / "sitecustomize.py").write_text(
        "from tests import tiny_backbone\ntiny_backbone.use_tiny_backbone()\n"
    )
    (tmp_path / "c.yaml").write_text(CONFIG)
    path = os.pathsep.join([str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH", "")])

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
        done = subprocess.run(
            [sys.executable, "benchmarks/repeat.py", f"--rows={rows}", "--count=1", str(plan)],
            cwd=ROOT, capture_output=True, text=True, check=False,
            env=os.environ | {"PYTHONPATH": path},
        )  # fmt: skip
        assert done.stdout, done.stderr
        return done.returncode, done.stdout.splitlines()[1:]

    return repeat


@pytest.mark.slow
def test_a_chain_ends_the_same_again(repeat, tmp_path):
    kept = ROOT / "studies/real/results.csv"  # Of other targets: nothing to compare with.
    code, lines = repeat("first", kept)
    assert code == 1 and lines and all(line.endswith("nan") for line in lines)
    code, lines = repeat("second", tmp_path / "first/results")
    assert code == 0 and lines and all(line.endswith("\t0.0") for line in lines)
