"""Measures the first training step of HRNetV2-W48, most of which is tracing.

  python benchmarks/first_step.py [--repeats=5]

Compares the step as the package traces it, without AutoGraph, with the same step traced by
AutoGraph. Each runs in a fresh process, after the network has been built. The ratio of the medians
should be at most 0.35. On 2 cores five repeats take about 10 minutes.
"""

import statistics
import sys

from absl import app, flags
from figures import Figure, tell_figures
from workers import worker

REQUIRED = 0.35

BACKBONE = flags.DEFINE_string("backbone", "hrnet_w48", "Network to measure.")
SIZE = flags.DEFINE_integer("size", 256, "Side of the images in pixels.", lower_bound=32)
REPEATS = flags.DEFINE_integer("repeats", 5, "Processes of each kind.", lower_bound=1)


def main(_):
    runs = {"plain": [], "autograph": []}
    network = (BACKBONE.value, str(SIZE.value))
    for _ in range(REPEATS.value):
        for tracing, seconds in runs.items():
            measured = worker(
                sys.executable, "tensorflow_step.py", *network, "float32", "0", tracing
            )
            seconds.append(measured["first"])
    medians = {tracing: statistics.median(seconds) for tracing, seconds in runs.items()}
    for tracing, median in medians.items():
        print(f"{tracing:10} {median:6.1f} s")
    ratio = medians["plain"] / medians["autograph"]
    print(f"{'ratio':10} {ratio:8.2f} (at most {REQUIRED})")
    tell_figures(
        Figure(
            what=f"first training step of {BACKBONE.value}, against one traced with AutoGraph",
            unit="s",
            ours=medians["plain"],
            peer=medians["autograph"],
            at_most=REQUIRED,
        )
    )


if __name__ == "__main__":
    app.run(main)
