"""Compares a training step of HRNetV2-W48 (20 classes, batch 2, 256 x 256) with PyTorch and timm.

  pip install -r benchmarks/requirements.txt
  python benchmarks/train_step.py [--torch_python=PATH] [--rematerialize]

Runs our step and PyTorch's in turn, in float32 and bfloat16, each in a process of its own. The
ratio of the medians should be at most 0.85. On 2 cores this takes about 5 minutes. With
--rematerialize our step is also run with most maps computed again, to compare peaks of memory.
"""

import statistics
import sys

from absl import app, flags
from figures import tell_times
from workers import worker

REQUIRED = 0.85

TORCH_PYTHON = flags.DEFINE_string(
    "torch_python",
    sys.executable,
    "Python interpreter that has torch and timm; empty measures without the peer.",
)
BACKBONE = flags.DEFINE_string(
    "backbone", "hrnet_w48", "Network to measure; the peer has hrnet_w18, hrnet_w32 and hrnet_w48."
)
PRECISIONS = flags.DEFINE_list(
    "precisions", ["float32", "bfloat16"], "Precisions to measure, comma-separated."
)
SIZE = flags.DEFINE_integer("size", 256, "Side of the images in pixels.", lower_bound=32)
ROUNDS = flags.DEFINE_integer("rounds", 3, "Processes of each kind.", lower_bound=1)
REMATERIALIZE = flags.DEFINE_bool("rematerialize", False, "Measure our step also with this flag.")
STEPS = flags.DEFINE_integer("steps", 7, "Timed steps in each process.", lower_bound=5)


def main(_):
    ours = (sys.executable, "tensorflow_step.py")
    # Programs with what they take behind the common arguments.
    workers = {"foi_tf": (ours, ())}
    if REMATERIALIZE.value:
        workers["again"] = (ours, ("rematerialize",))
    if TORCH_PYTHON.value:
        workers["torch"] = ((TORCH_PYTHON.value, "torch_step.py"), ())
    print(f"{'':8} {'':9} {'median':>8} {'fastest':>8} {'peak':>9}")
    for precision in PRECISIONS.value:
        runs = {name: [] for name in workers}
        for _ in range(ROUNDS.value):
            for name, (program, more) in workers.items():
                common = (BACKBONE.value, str(SIZE.value), precision, str(STEPS.value))
                runs[name].append(worker(*program, *common, *more))
        medians = {}
        for name, measured in runs.items():
            seconds = [t for run in measured for t in run["seconds"]]
            medians[name] = statistics.median(seconds)
            peak = max(run["peak_bytes"] for run in measured) / 2**30
            times = f"{medians[name]:6.2f} s {min(seconds):6.2f} s"
            print(f"{name:8} {precision:9} {times} {peak:5.2f} GiB")
        if "torch" in medians:
            ratio = medians["foi_tf"] / medians["torch"]
            print(f"{'ratio':8} {precision:9} {ratio:8.2f} (at most {REQUIRED})", flush=True)
        images = f"batch 2, {SIZE.value} x {SIZE.value}, {precision}"
        tell_times(f"training step of {BACKBONE.value}, {images}", medians, REQUIRED)


if __name__ == "__main__":
    app.run(main)
