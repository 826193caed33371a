"""`benchmarks.kill`, shortened: two workers of a plan, one killed behind its first checkpoint."""

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_a_killed_worker_loses_and_repeats_nothing(tmp_path):
    done = subprocess.run(
        [
            sys.executable, "-m", "benchmarks.kill", f"--out={tmp_path}", "--signals=kill",
            "--sets=1", "--times=1", "--moment=ckpt-", "--longest=120", "--seed=0",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    logs = "".join(path.read_text()[-2000:] for path in tmp_path.glob("*/log.txt"))
    assert done.returncode == 0, done.stderr + logs
    assert done.stdout.endswith("1 signals in 1 plans: 0 outcomes differ, 0 exit codes\n")
    (sent,) = map(json.loads, (tmp_path / "kill0/sent.jsonl").read_text().splitlines())
    assert sent == ["SIGKILL", "ckpt-", -9]
    rows = [json.loads(path.read_text()) for path in tmp_path.glob("kill0/results/*.json")]
    assert rows and all(len(json.loads(row["candidates"])) == 2 for row in rows)
