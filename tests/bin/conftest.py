"""Programs, run in this process."""

import sys

import pytest


@pytest.fixture(name="call")
def _call(capsys, monkeypatch):
    """Runs a program in this process; returns exit code, stdout and stderr."""

    def call(program, **flags):
        for name in program.VALUES:
            program.VALUES[name].unparse()
        name = program.__name__.rsplit(".", 1)[-1]
        argv = [f"foi-{name}", *(f"--{flag}={value}" for flag, value in flags.items())]
        monkeypatch.setattr(sys, "argv", argv)
        with pytest.raises(SystemExit) as exited:
            program.main()
        captured = capsys.readouterr()
        return exited.value.code, captured.out, captured.err

    return call


def error(outcome):
    """The one line that went wrong."""
    code, _, err = outcome
    assert code == 1, err
    lines = err.strip().splitlines()
    assert len(lines) == 1 and ": error: " in lines[0], err
    return lines[0]
