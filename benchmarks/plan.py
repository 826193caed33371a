"""Time that foi-plan takes for the whole grid of the paper, as processes; prints the medians.

  python benchmarks/plan.py [--repeats=5]

At most 5 s, with costs, for the largest plan of each setting: all pairs, three seeds.
"""

import statistics
import subprocess
import sys
import time

from absl import app, flags

from foi_tf.study.grid import SETTINGS

REQUIRED = 5.0

REPEATS = flags.DEFINE_integer("repeats", 5, "Processes of each setting.", lower_bound=1)


def main(_):
    for setting in SETTINGS:
        command = [sys.executable, "-m", "foi_tf.bin.plan", f"--setting={setting}", "--pairs=all"]
        command += ["--seeds=0,1,2", "--stages"]
        seconds = []
        for _ in range(REPEATS.value):
            started = time.perf_counter()
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            seconds.append(time.perf_counter() - started)
        commands = done.stdout.count("\n") - 1
        median = statistics.median(seconds)
        print(f"{setting:12} {commands:5} commands {median:5.2f} s (at most {REQUIRED:.0f} s)")


if __name__ == "__main__":
    app.run(main)
