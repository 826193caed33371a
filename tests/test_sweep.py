"""`tests.kill_sweep`, shortened: two workers, one of them killed once at a random moment."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_a_killed_worker_loses_and_repeats_nothing(blocks, tmp_path):
    done = subprocess.run(
        [
            sys.executable, "-m", "tests.kill_sweep", f"--data_dir={blocks}", f"--out={tmp_path}",
            "--nosources", "--tasks=blocks:segmentation,blocks:detection", "--factors=0.5,1",
            "--kills=1", "--pause=6",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    logs = "".join(path.read_text()[-2000:] for path in tmp_path.glob("*/log.txt"))
    assert done.returncode == 0, done.stderr + logs
    assert done.stdout.endswith("2 rows each, 0 with another value []\n")
