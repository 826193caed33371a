"""Workers of foi-run: which commands they take, what they answer, and how they end."""

import os
import pathlib
import signal
import sys
import time

import pytest

from foi_tf import preemption
from foi_tf.bin import run
from foi_tf.bin._run import worker_pool
from foi_tf.bin._run.worker_pool import WorkerPool


def serve(answers):
    """Notes its process beside each command; a command is a file to write and an exit code."""
    while True:
        path, code = answers.recv()
        with pathlib.Path(path).open("a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(0.05)
        if code == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if code == "143":
            sys.exit(143)
        answers.send(int(code))


def test_a_worker_keeps_its_key_and_then_takes_what_no_other_has():
    pending = {"a": [0], "b": [1, 2], "c": [3, 4, 5]}
    assert worker_pool._choose_key(pending, "a", ["c"]) == "a"
    assert worker_pool._choose_key(pending, None, ["c"]) == "b"
    assert worker_pool._choose_key(pending, "d", []) == "c"
    assert worker_pool._choose_key(pending, None, ["a", "b", "c"]) == "c"


def test_workers_start_once(tmp_path):
    with WorkerPool(2, serve) as pool:
        commands = [(str(tmp_path / "a"), str(code)) for code in range(5)]
        assert pool.run(commands, [0, 0, 0, 1, 1]) == [0, 1, 2, 3, 4]
        assert pool.run(commands[:1], [2]) == [0]
    found = (tmp_path / "a").read_text().split()
    assert len(found) == 6 and len(set(found)) == 2


def test_a_worker_that_dies_is_named_by_its_code_and_replaced(tmp_path):
    codes = ["die", "0", "7"]
    with WorkerPool(1, serve) as pool:
        assert pool.run([(str(tmp_path / "a"), code) for code in codes], [0] * 3) == [137, 0, 7]
    assert len(set((tmp_path / "a").read_text().split())) == 2


def test_a_worker_that_was_preempted_ends_all(tmp_path):
    with pytest.raises(preemption.Preempted), WorkerPool(2, serve) as pool:
        pool.run([(str(tmp_path / "a"), "143")], [0])


def test_targets_wait_for_sources_and_share_steps(monkeypatch):
    batches = []

    class Pool:
        def run(self, commands, keys):
            batches.append((commands, keys))
            return [0] * len(commands)

    commands = [
        ["foi-source", "--source=a:depth"],
        ["foi-source", "--source=b:depth"],
        ["foi-target", "--target=c:depth", "--setting=small", "--seed=0"],
        ["foi-target", "--target=c:depth", "--setting=small", "--seed=1"],
        ["foi-target", "--target=d:depth", "--setting=small", "--seed=0"],
    ]
    assert run._call_in_pool(Pool(), commands) == [0] * 5
    (sources, own), (targets, shared) = batches
    assert (sources, targets) == (commands[:2], commands[2:])
    assert own[0] != own[1] and shared[0] == shared[1] != shared[2]
