"""A PATH on which the programs, and those of clusters, only write down how they were called."""

import os
import pathlib
import subprocess
import sys
import time

import pytest

from tests.launch import documented

ROOT = pathlib.Path(__file__).parents[2]
PLAN = [
    "--collection=mini", "--targets=camvid:segmentation", "--workdir=gs://b/work",
    "--sources=coco:segmentation,isaid:segmentation", "--data_dir=gs://b/data",
]  # fmt: skip
# What PLAN takes, by stage.
COMMANDS = (
    {"foi-pretrain"},
    {"foi-source coco:segmentation", "foi-source isaid:segmentation"},
    {"scratch", "ilsvrc", "coco:segmentation", "isaid:segmentation"},
)


def brief(command):
    """A command of PLAN as COMMANDS has it."""
    program, *given = command.split()
    source = next((f.split("=")[1] for f in given if f.startswith("--source=")), "")
    return source if program == "foi-target" else f"{program} {source}".strip()


# Variables by which scripts choose; those of the tests' own surroundings are not theirs.
_NOT_PASSED_ON = ("FOI_", "SLURM_", "TF_CONFIG", "CDPATH")


class Machine:
    """A directory to work in, with programs of its own before those of the system."""

    def __init__(self, home):
        self.home, self.calls_file = home, home / "calls"
        (home / "bin").mkdir()
        for name in ("foi-pretrain", "foi-source", "foi-target"):
            self.program(name, "exit 0")
        self._write("foi-run", '#!/bin/bash\nwhile read -r line; do bash -c "$line"; done\n')
        for name in ("plan", "weights"):  # Only these run; the environment may not be active.
            own = f'#!/bin/sh\nexec {sys.executable} -m foi_tf.bin.{name} "$@"\n'
            self._write(f"foi-{name}", own)

    def program(self, name, body):
        """Puts a program in place: it notes its call and goes on with the body.

        One that `documented` knows refuses calls that its documentation does not have.
        """
        check = ""
        if any(command.split()[0] == name for command in documented.COMMANDS):
            check = f'{sys.executable} -I {documented.__file__} {name} "$@" || exit 2\n'
        noted = f'echo "{name} $*" >> {self.calls_file}\n'
        self._write(name, f"#!/bin/bash\n{noted}{check}{body}\n")

    def shorten_plan(self):
        """Replaces foi-plan by one that plans a command a stage, with all flags; it is faster."""
        rows = "".join(f"{i}\\t{i}\\t-\\t1\\tpaper\\t{i}\\tfoi-target %s\\n" for i in range(3))
        given = '"${*:2}"'
        self._write("foi-plan", f"#!/bin/bash\nprintf 'head\\n{rows}' {given} {given} {given}\n")

    def _write(self, name, text):
        path = self.home / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def start(self, script, *arguments, **environment):
        """Starts a launch script."""
        path = f"{self.home / 'bin'}:{os.environ['PATH']}"
        around = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_PASSED_ON)}
        return subprocess.Popen(
            ["bash", str(ROOT / "launch" / script), *map(str, arguments)],
            cwd=self.home,
            env=around | {"PATH": path, "PYTHONPATH": str(ROOT)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, script, *arguments, **environment):
        """Runs one to its end; returns exit code, stdout and stderr."""
        process = self.start(script, *arguments, **environment)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def calls(self, name=""):
        """How the programs of that name have been called, in order."""
        if not self.calls_file.exists():
            return []
        return [line for line in self.calls_file.read_text().splitlines() if line.startswith(name)]


def wait_for(path, seconds=20):
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} did not come"
        time.sleep(0.02)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)
