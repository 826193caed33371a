"""Processes that benchmarks measure in."""

import json
import pathlib
import subprocess
from typing import Any

HERE = pathlib.Path(__file__).parent


def worker(python: str, script: str, *arguments: str) -> Any:
    """Runs a script of this directory in a fresh process.

    Returns:
      The JSON of the last line that it printed; None if it printed none.
    """
    command = [python, str(HERE / script), *arguments]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads((run.stdout.splitlines() or ["null"])[-1])
