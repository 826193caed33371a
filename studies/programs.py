"""Runs programs of foi_tf."""

import subprocess
import sys


def run(*command: str, stdin: str = "") -> None:
    """Runs a program, such as "foi-run"; ends with its exit code where it fails."""
    module = f"foi_tf.bin.{command[0].removeprefix('foi-')}"
    done = subprocess.run(
        [sys.executable, "-m", module, *command[1:]], input=stdin, text=True, check=False,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.returncode)
