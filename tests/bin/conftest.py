"""Runs programs in this process or in one of their own, and checks their errors."""

import sys

import pytest

from foi_tf.bin._shared.program import Program
from tests import tiny_backbone

# Of links that end in seconds.
CONFIG = """
segmentation:
  crop: [32, 32]
  schedule: {optimizer: sgd, learning_rate: 0.05, steps: 3, small_steps: 2, batch_size: 4}
"""
AUTO = "--strategy=auto trains on the CPU"  # A note of every command that trains here.


@pytest.fixture(name="call")
def _call(capsys):
    """Runs a program, or its module, in this process; returns exit code, stdout and stderr."""

    def call(program, *switches, **flags):
        if not isinstance(program, Program):
            program = program.PROGRAM
        given = [f"--{flag}={value}" for flag, value in flags.items()]
        with pytest.raises(SystemExit) as exited:
            program.main([*switches, *given])
        captured = capsys.readouterr()
        return exited.value.code, captured.out, captured.err

    return call


@pytest.fixture(name="flags")
def _flags(blocks, tmp_path, monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)
    (tmp_path / "c.yaml").write_text(CONFIG)
    return {
        "data_dir": blocks, "workdir": tmp_path / "work", "config": tmp_path / "c.yaml",
        "backbone": "hrnet_mini",
    }  # fmt: skip


def in_process(program, given, times=1):
    """Returns the command that runs a program with the tiny backbone in a process of its own."""
    code = (
        "import sys; from tests import tiny_backbone; tiny_backbone.use_tiny_backbone(); "
        f"from foi_tf.bin import {program}; "
        f"sys.exit(max({program}.PROGRAM.call(sys.argv[1:]) for _ in range({times})))"
    )
    return [sys.executable, "-c", code, *(f"--{name}={value}" for name, value in given.items())]


def error(outcome):
    """Returns the one line that went wrong; the device and the number of images may be said."""
    code, out, err = outcome
    assert code == 1 and not out, outcome
    lines = [
        line for line in err.strip().splitlines() if line != AUTO and ": trains on " not in line
    ]
    assert len(lines) == 1 and ": error: " in lines[0], err
    return lines[0]


def misuse(outcome):
    """Returns the one line that says what is wrong with the flags."""
    code, out, err = outcome
    assert code == 2 and not out, outcome
    assert len(err.strip().splitlines()) == 1, err
    return err
