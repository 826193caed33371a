"""Compares the time of inference with PyTorch + timm, for HRNetV2-W48 with 20 classes.

  pip install -r benchmarks/requirements.txt
  python benchmarks/inference.py [--torch_python=PATH]

Both take batches of 2 uint8 images of 256x256 to masks, at the same precision. Ours is a
SavedModel of `foi-weights export --frozen`, loaded and called as users do
(tensorflow_inference.py). The peer has the same head and is channels-last
(torch_inference.py). They run by turns in their own processes. The ratio of the medians
should be at most 0.75.
"""

import statistics
import sys
import tempfile

from absl import app, flags
from figures import tell_times
from workers import worker

REQUIRED = 0.75

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
ROUNDS = flags.DEFINE_integer("rounds", 3, "Processes of each library.", lower_bound=1)
CALLS = flags.DEFINE_integer("calls", 15, "Timed calls in each process.", lower_bound=5)


def main(_):
    print(f"{'':8} {'':9} {'median':>9} {'fastest':>9}")
    for precision in PRECISIONS.value:
        with tempfile.TemporaryDirectory() as directory:
            model = f"{directory}/model"
            network = (BACKBONE.value, str(SIZE.value))
            script, calls = "tensorflow_inference.py", str(CALLS.value)
            worker(sys.executable, script, "export", model, *network, precision)
            workers = {"foi_tf": (sys.executable, script, "time", model, network[1], calls)}
            if python := TORCH_PYTHON.value:
                workers["torch"] = (python, "torch_inference.py", *network, precision, calls)
            runs = {name: [] for name in workers}
            for _ in range(ROUNDS.value):
                for name, command in workers.items():
                    runs[name] += worker(*command)
        medians = {name: statistics.median(seconds) for name, seconds in runs.items()}
        for name, seconds in runs.items():
            print(f"{name:8} {precision:9} {medians[name]:7.3f} s {min(seconds):7.3f} s")
        if "torch" in medians:
            fastest = min(runs["foi_tf"]) / min(runs["torch"])
            ratio = medians["foi_tf"] / medians["torch"]
            print(f"{'ratio':8} {precision:9} {ratio:9.2f} {fastest:9.2f} (at most {REQUIRED})")
        what = f"inference of {BACKBONE.value} from a frozen export, {precision}"
        tell_times(what, medians, REQUIRED)


if __name__ == "__main__":
    app.run(main)
