"""Programs, run in this process."""

import sys

import absl.flags
import pytest

from foi_tf.bin._shared import command_line

# Of links that end in seconds.
CONFIG = """
segmentation:
  crop: [32, 32]
  schedule: {optimizer: sgd, learning_rate: 0.05, steps: 3, small_steps: 2, batch_size: 4}
"""


@pytest.fixture(name="call")
def _call(capsys, monkeypatch):
    """Runs a program in this process; returns exit code, stdout and stderr."""

    def call(program, *switches, **flags):
        for values in vars(program).values():
            if isinstance(values, absl.flags.FlagValues):
                command_line.unset(values)
        name = program.__name__.rsplit(".", 1)[-1]
        given = [f"--{flag}={value}" for flag, value in flags.items()]
        argv = [f"foi-{name}", *switches, *given]
        monkeypatch.setattr(sys, "argv", argv)
        with pytest.raises(SystemExit) as exited:
            program.main()
        captured = capsys.readouterr()
        return exited.value.code, captured.out, captured.err

    return call


def error(outcome):
    """The one line that went wrong."""
    code, out, err = outcome
    assert code == 1 and not out, outcome
    lines = err.strip().splitlines()
    assert len(lines) == 1 and ": error: " in lines[0], err
    return lines[0]


def misuse(outcome):
    """The one line that says what is wrong with the flags."""
    code, out, err = outcome
    assert code == 2 and not out, outcome
    assert len(err.strip().splitlines()) == 1, err
    return err
