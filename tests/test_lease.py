"""Leases: never two holders, none lost with a dead one."""

import json
import os
import subprocess
import sys
import threading
import time

import pytest
from etils import epath
from etils.epath import backend, gpath

from foi_tf import lease
from foi_tf.errors import BusyError, FoiError


@pytest.fixture(name="place")
def _place(tmp_path, monkeypatch):
    monkeypatch.setattr(lease, "POLL", 0.01)
    monkeypatch.setattr(lease, "BEAT", 0.05)
    return epath.Path(tmp_path)


def files(place):
    return sorted(path.name for path in (place / "leases").iterdir())


def other(place, name, process, machine):
    """Leaves the file of another worker."""
    record = {"process": process, "machine": machine, "beats": 1}
    (place / "leases").mkdir(exist_ok=True)
    (place / "leases" / f"{name}.json").write_text(json.dumps(record))


def hold(place, **keywords):
    return lease.hold_lease(place, **{"wait": False, "waiting": lambda: None} | keywords)


def test_one_holds_and_others_are_told(place):
    with hold(place):
        assert len(files(place)) == 1
        with pytest.raises(BusyError, match="another worker trains it"), hold(place):
            pass
        assert len(files(place)) == 1
    assert files(place) == []
    with hold(place):
        pass


def test_of_two_that_come_at_once_and_do_not_wait_one_holds(place, monkeypatch):
    """Both look before either has written, so each finds the other's file."""
    monkeypatch.setattr(lease, "POLL", 0.1)
    looked, beat = threading.Barrier(2), lease.Lease._beat

    def beat_together(self):
        if not self._beats:
            looked.wait(timeout=20)
        beat(self)

    monkeypatch.setattr(lease.Lease, "_beat", beat_together)
    outcomes = []

    def work():
        try:
            with hold(place):
                outcomes.append("held")
                time.sleep(1)
        except BusyError:
            outcomes.append("busy")

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["busy", "held"] and files(place) == []


def test_threads_take_turns(place):
    """Names are random, so both ways of giving way occur."""
    inside, most, turns = [], [], []

    def work():
        for _ in range(5):
            with hold(place, wait=True):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.002)
                inside.pop()
                turns.append(1)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1 and len(turns) == 30


def test_processes_take_turns(place):
    """Each adds to a number in a file, reading and writing apart: none of it gets lost."""
    code = f"""
import time
from etils import epath
from foi_tf import lease
lease.POLL = 0.001
place = epath.Path({str(place)!r})
for _ in range(20):
    with lease.hold_lease(place, wait=True, waiting=lambda: None):
        number = int((place / "number").read_text())
        time.sleep(0.001)
        (place / "number").write_text(str(number + 1))
"""
    (place / "number").write_text("0")
    workers = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    assert (place / "number").read_text() == "60"


def test_a_dead_process_of_this_machine_is_replaced_at_once(place):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    other(place, "0" * 32, gone.pid, lease._machine())
    with hold(place):
        assert f"{'0' * 32}.json" not in files(place)
    other(place, "0" * 32, os.getpid(), lease._machine())
    with pytest.raises(BusyError), hold(place):
        pass


@pytest.mark.parametrize("name", ["0" * 32, "f" * 32])
def test_a_silent_worker_of_another_machine_is_replaced_after_the_term(place, name, monkeypatch):
    monkeypatch.setattr(lease, "TERM", 0.3)
    other(place, name, 1, "elsewhere")
    told, started = [], time.monotonic()
    with hold(place, wait=True, waiting=lambda: told.append(1)):
        assert 0.25 < time.monotonic() - started < 5
    assert told == [1]


def test_a_worker_that_shows_up_is_not_replaced(place, monkeypatch):
    monkeypatch.setattr(lease, "TERM", 0.3)
    with hold(place) as first:
        # Its thread beats every 0.05 s; another machine could tell by nothing else.
        monkeypatch.setattr(lease, "_has_ended", lambda record: False)
        waiter = lease.Lease(place / "leases")
        deadline = time.monotonic() + 1.0
        with pytest.raises(BusyError):
            while time.monotonic() < deadline:
                waiter._others()
                time.sleep(0.02)
            waiter.acquire(False, lambda: None)
        first.check()


def test_who_was_replaced_is_told(place):
    with hold(place) as first:
        (place / "leases" / files(place)[0]).unlink()
        with pytest.raises(FoiError, match="another worker took it over"):
            first.check()
        time.sleep(0.2)
        assert files(place) == []  # And does not come back by a sign of life.


def test_tensorflow_s_file_system_will_do(place, monkeypatch):
    """The calls that gs:// paths come down to, here on local files."""
    monkeypatch.setitem(gpath._PREFIX_TO_BACKEND, None, backend.tf_backend)
    with hold(place):
        with pytest.raises(BusyError), hold(place):
            pass
        assert len(files(place)) == 1
    assert files(place) == []


def test_a_beat_that_fails_is_not_the_last(place, monkeypatch):
    beats = []

    def beat(self):
        beats.append(1)
        if len(beats) == 2:
            raise ConnectionError("the bucket is away")

    monkeypatch.setattr(lease.Lease, "_beat", beat)
    monkeypatch.setattr(lease.Lease, "_has_file", lambda self: bool(beats))
    with hold(place):
        deadline = time.monotonic() + 10
        while len(beats) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert len(beats) >= 4


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        b"", b'{"process": 12', b"[]", b'{"process": 1}', b"\xff\xfe\x00",
        b'{"process": 1, "machine": 5}', b'{"process": "x", "machine": "m"}',
        b'{"process": -1, "machine": "m"}', b'{"process": 1e30, "machine": "m"}',
        b'{"process": 123456789012345678901, "machine": "m"}',
    ],
)  # fmt: skip
def test_a_file_that_is_no_worker_s_is_replaced(place, content, wait):
    (place / "leases").mkdir()
    (place / "leases" / "0000.json").write_bytes(content)
    with hold(place, wait=wait):
        assert "0000.json" not in files(place)


def test_a_worker_that_never_waits_notices_the_dead_too(place, monkeypatch):
    monkeypatch.setattr(lease, "TERM", 0.3)
    other(place, "0" * 32, 1, "elsewhere")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            with hold(place):
                break
        except BusyError:
            time.sleep(0.05)
    else:
        pytest.fail("busy for good")


def test_a_directory_is_no_lease(place):
    (place / "leases" / "0000.json").mkdir(parents=True)
    with hold(place):
        pass
