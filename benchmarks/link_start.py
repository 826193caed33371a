"""Measures how long foi-target takes to its first step, on a dataset that is prepared.

  python benchmarks/link_start.py [--repeats=5 --backbone=hrnet_mini]

A process of its own trains a step on the rendered CamVid from random weights, in the setting
small of configs/mini.yaml. The clock runs from its start until it reports that step. The program
prints the medians of the seconds and of the CPU seconds; the latter do not depend on what else the
machine does, and are required to be at most 8.
"""

import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from absl import app, flags
from figures import Figure, tell_figures

REQUIRED = 8.0
TARGET = "camvid:segmentation"
ONE_STEP = ("steps", "small_steps")

REPEATS = flags.DEFINE_integer("repeats", 5, "Processes.", lower_bound=1)
BACKBONE = flags.DEFINE_string("backbone", "hrnet_mini", "Network to train.")


def prepare(data_dir: str) -> None:
    """Renders and prepares the dataset."""
    command = [sys.executable, "-m", "foi_tf.bin.prepare", "--collection=mini", "--dataset=camvid"]
    subprocess.run([*command, f"--data_dir={data_dir}"], check=True, capture_output=True)


def count_cpu_seconds(process: int) -> float:
    """Returns the CPU seconds that a process has taken so far."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100  # User and system, in hundredths on Linux.


def time_first_step(data_dir: str, workdir: str) -> tuple[float, float]:
    """Returns the seconds and the CPU seconds of a process until it has taken its step."""
    command = [
        sys.executable, "-m", "foi_tf.bin.target", "--source=scratch", f"--target={TARGET}",
        f"--data_dir={data_dir}", f"--workdir={workdir}", f"--backbone={BACKBONE.value}",
        "--strategy=cpu", *(f"--set=segmentation.schedule.{name}=1" for name in ONE_STEP),
    ]  # fmt: skip
    started = time.perf_counter()
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        for line in process.stderr:
            if b": 1/1 step" in line:
                found = time.perf_counter() - started, count_cpu_seconds(process.pid)
                process.kill()
                return found
    raise RuntimeError(f"foi-target ended with code {process.returncode} before its first step")


def main(_) -> None:
    found = []
    with tempfile.TemporaryDirectory() as directory:
        data_dir = f"{directory}/data"
        prepare(data_dir)
        for number in range(REPEATS.value):
            found.append(time_first_step(data_dir, f"{directory}/work{number}"))
    wall, cpu = (statistics.median(column) for column in zip(*found, strict=True))
    print(f"first step after {wall:.1f} s, {cpu:.1f} s of CPU time (at most {REQUIRED:.0f} s)")
    what = f"CPU seconds of foi-target to its first step, {BACKBONE.value}, against the limit"
    tell_figures(Figure(what=what, unit="s", ours=cpu, peer=REQUIRED, at_most=1))


if __name__ == "__main__":
    app.run(main)
