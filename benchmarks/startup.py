"""Measures how long each program takes to answer --help, and prints the medians.

  python benchmarks/startup.py [--repeats=5]

Required are at most 2 s. TensorFlow alone takes longer to start, so --help must not import it.
"""

import pathlib
import statistics
import subprocess
import sys
import time

from absl import app, flags
from figures import Figure, tell_figures

import foi_tf.bin

REQUIRED = 2.0

REPEATS = flags.DEFINE_integer("repeats", 5, "Number of processes of each program.", lower_bound=1)


def main(_):
    folder, slowest = pathlib.Path(foi_tf.bin.__file__).parent, 0.0
    for path in sorted(folder.glob("*.py")):
        if path.stem == "__init__":
            continue
        seconds = []
        for _ in range(REPEATS.value):
            started = time.perf_counter()
            command = [sys.executable, "-m", f"foi_tf.bin.{path.stem}", "--help"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - started)
        median = statistics.median(seconds)
        slowest = max(slowest, median)
        print(f"foi-{path.stem:10} {median:5.2f} s (at most {REQUIRED:.0f} s)", flush=True)
    what = "--help of the slowest program, against the limit"
    tell_figures(Figure(what=what, unit="s", ours=slowest, peer=REQUIRED, at_most=1))


if __name__ == "__main__":
    app.run(main)
