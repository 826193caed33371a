"""Ctrl-C, busy links and flags that begin with ~."""

import dataclasses
import io
import json
import os
import signal
import sys

import pytest

from foi_tf.bin import plan, run, target
from foi_tf.bin._shared import console
from foi_tf.bin._shared.program import BUSY, DONE, INTERRUPTED, NOT_READY, Program
from foi_tf.errors import BusyError, NotReadyError
from tests.bin.conftest import misuse


def program_that(act):
    return Program("foi-x", "x", lambda values: None, lambda values: act())


@pytest.fixture(autouse=True)
def _heed_interrupts():
    # A shell that runs the tests in the background has them ignore interrupts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("swallowed", [False, True])
def test_an_interrupt_that_a_library_turns_into_another_error_counts(call, swallowed):
    """TensorFlow does so while it traces a step."""

    def act():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt as error:
            if not swallowed:
                raise SystemError("bad argument to internal function") from error

    code, _, err = call(program_that(act))
    assert code == INTERRUPTED
    assert err == "foi-x: interrupted; the same command goes on from here\n"


def test_after_an_interrupt_nothing_further_runs(call, monkeypatch):
    ran = []

    def act(*_, **__):
        ran.append(1)
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt as error:
            raise SystemError from error

    broken = dataclasses.replace(run.PROGRAMS["foi-source"], run=act)
    monkeypatch.setitem(run.PROGRAMS, "foi-source", broken)
    line = "foi-source --data_dir=a --workdir=b --source=a:segmentation\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(line * 3))
    code, _, err = call(run)
    assert code == INTERRUPTED and ran == [1] and "exit code" not in err


def test_what_waits_for_a_busy_link_is_busy(call, monkeypatch):
    """A pre-training is busy once; the source that needs it comes after it."""
    answers = iter([BusyError("busy"), NotReadyError("run foi-pretrain first"), None, None])

    def act(*_, **__):
        if error := next(answers):
            raise error

    for name, program in run.PROGRAMS.items():
        monkeypatch.setitem(run.PROGRAMS, name, dataclasses.replace(program, run=act))
    base = "--data_dir=a --workdir=b"
    lines = f"foi-pretrain {base}\nfoi-source {base} --source=a:segmentation\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
    assert call(run, retry=0)[0] == DONE
    # Without a busy link it failed.
    answers = iter([NotReadyError("run foi-pretrain first"), NotReadyError("again")])
    monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
    code, _, err = call(run, retry=0)
    assert code == 1 and "foi-run: error: 2 commands failed" in err
    assert "foi-run: exit code 1 of: foi-source" in err


def test_codes_of_calls(call):
    def fail(error):
        raise error

    for error, code in ((NotReadyError("x"), NOT_READY), (BusyError("x"), BUSY)):
        assert program_that(lambda error=error: fail(error)).call([]) == code
    assert call(program_that(lambda: fail(NotReadyError("x"))))[0] == 1


def test_a_defect_is_one_line_with_its_place(call):
    code, _, err = call(program_that(lambda: {}["no"]))
    assert code == 1 and len(err.splitlines()) == 1 and "Traceback" not in err
    assert err.startswith("foi-x: error: KeyError: 'no' (unexpected, in program.py, line ")


def test_home_is_expanded_in_flags(call, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    seen = []
    program = dataclasses.replace(target.PROGRAM, run=lambda values: seen.append(values))
    flags = {"data_dir": "~/data", "workdir": "~", "source": "a:segmentation"}
    assert call(program, **flags, target="b:segmentation")[0] == 0
    assert seen[0].data_dir == f"{tmp_path}/data" and seen[0].workdir == str(tmp_path)
    assert "no such home directory" in misuse(call(plan, results="~nobody_of_that_name/x"))


@pytest.mark.parametrize(
    "data", [b"foi-sourc\r\n", b"\xef\xbb\xbffoi-sourc\n", "foi-sourc\n".encode("utf-16")]
)
def test_plans_are_read_as_editors_save_them(call, monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert "stdin, line 1: unknown program 'foi-sourc'; did you mean 'foi-source'" in call(run)[2]


def test_a_plan_in_another_coding_and_a_long_name_are_one_short_line(call, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\n\xe9")))
    assert "stdin: line 2 is not text in UTF-8; save the plan as UTF-8" in call(run)[2]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x" * 600_000)))
    assert len(call(run)[2]) < 400


def test_json_has_no_nan():
    record = {"a": float("nan"), "b": [float("inf"), 1.5, "x"], "c": (1, None)}
    assert json.loads(console.format_json(record)) == {
        "a": None,
        "b": [None, 1.5, "x"],
        "c": [1, None],
    }
