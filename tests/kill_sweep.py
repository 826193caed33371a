"""Checks that a sweep loses and repeats nothing when a worker is killed again and again.

  foi-prepare --collection=mini --data_dir=MINI
  python -m tests.kill_sweep --data_dir=MINI --out=NEW_DIRECTORY

The sweep has 81 chains from nine tasks of segmentation and detection. Each link takes the best of
three learning rates. Two workers go through one plan. They run undisturbed once, and once more
while one of them is killed by SIGKILL at random moments and started again. Every planned row must
appear once, with the value of the undisturbed sweep. Networks are tiny and steps few, since this
checks only the bookkeeping.
"""

import itertools
import json
import pathlib
import random
import subprocess
import sys
import time

from absl import app, flags

from foi_tf.errors import BusyError
from foi_tf.study import configuration, registry, results, sources
from foi_tf.study.choices import Pace
from foi_tf.study.dataset import Task

CONFIG = """
classification:
  crop: [32, 32]
  schedule: {{optimizer: sgd, learning_rate: 0.05, steps: 4, small_steps: 4, batch_size: 4}}
segmentation:
  crop: [32, 32]
  rate_factors: {factors}
  schedule: {{optimizer: sgd, learning_rate: 0.05, steps: 4, small_steps: 4, batch_size: 4}}
detection:
  crop: [32, 32]
  rate_factors: {factors}
  schedule: {{optimizer: adam, learning_rate: 0.001, steps: 4, small_steps: 4, batch_size: 4}}
"""
MASKS, BOXES = ("coco", "mapillary", "isaid", "scannet", "camvid", "suim"), ("coco", "bdd", "uwt")

DATA = flags.DEFINE_string("data_dir", None, "Directory of the prepared datasets.", required=True)
OUT = flags.DEFINE_string("out", None, "Directory to create for both sweeps.", required=True)
TASKS = flags.DEFINE_list(
    "tasks",
    [*(f"{name}:segmentation" for name in MASKS), *(f"{name}:detection" for name in BOXES)],
    "Tasks of the sweep, each a source and a target, comma-separated.",
)
SOURCES = flags.DEFINE_bool(
    "sources", True, "Run chains with sources, not only from random weights."
)
FACTORS = flags.DEFINE_list("factors", ["0.3", "1", "3"], "Factors of the learning rate to try.")
KILLS = flags.DEFINE_integer("kills", 20, "Number of times that the worker is killed.")
PAUSE = flags.DEFINE_float("pause", 30.0, "Most seconds between two kills.")
WORKER = flags.DEFINE_bool("worker", False, "Run as a worker in --out.")


def list_commands() -> list[tuple[str, ...]]:
    """Lists ("pretrain",), ("source", task) and ("target", source, task) in an order that works."""
    if not SOURCES.value:
        return [("target", results.SCRATCH, task) for task in TASKS.value]
    pairs = [pair for pair in itertools.product(TASKS.value, TASKS.value) if pair[0] != pair[1]]
    pairs += [(results.NO_SOURCE, task) for task in TASKS.value]
    made = [("source", task) for task in TASKS.value]
    return [("pretrain",), *made, *(("target", *pair) for pair in pairs)]


def find_requirement(command: tuple[str, ...]) -> tuple[str, ...] | None:
    """Returns the command that must be done before, if any."""
    program, *names = command
    if program == "pretrain" or names[0] == results.SCRATCH:
        return None
    if program == "source" or names[0] == results.NO_SOURCE:
        return ("pretrain",)
    return ("source", names[0])


def run_worker() -> None:
    """Runs all commands of the plan; skips those that the other worker is running."""
    from foi_tf.chains import stages
    from foi_tf.training import strategies
    from tests import tiny_backbone

    tiny_backbone.use_tiny_backbone()
    setup = stages.Setup(
        data_dir=DATA.value,
        workdir=OUT.value,
        config=configuration.load_config(
            str(pathlib.Path(OUT.value) / "config.yaml"), registry.DATASETS
        ),
        backbone=tiny_backbone.NAME,
        precision="float32",
        seed=0,
        select="validation",
        strategy=strategies.create_strategy("cpu"),
        pace=Pace(steps_per_loop=1, checkpoint_every=1, wait=False),
    )
    programs = {
        "pretrain": lambda: stages.pretrain(setup, "classification"),
        "source": lambda name: stages.source(setup, sources.parse_source(name), "small"),
        "target": lambda name, of: stages.target(setup, Task.parse(of), name, "small"),
    }
    left, done = list_commands(), {None}
    while left:
        for command in left:
            if find_requirement(command) in done:
                try:
                    programs[command[0]](*command[1:])
                    done.add(command)
                except BusyError:
                    time.sleep(0.05)
        left = [command for command in left if command not in done]


def start_worker(out: pathlib.Path) -> subprocess.Popen:
    """Starts a worker in a process of its own."""
    given = [f"--{f.name}={f.value}" for f in (DATA, SOURCES)]
    given += [f"--{f.name}={','.join(f.value)}" for f in (TASKS, FACTORS)]
    command = [sys.executable, "-m", "tests.kill_sweep", f"--out={out}", "--worker", *given]
    with (out / "log.txt").open("a") as log:
        return subprocess.Popen(command, stderr=log)


def run_sweep(name: str, kills: int) -> dict[tuple[str, str], float]:
    """Runs two workers to the end of the plan; returns the value of each target's row."""
    out = pathlib.Path(OUT.value) / name
    out.mkdir(parents=True)
    factors = f"[{', '.join(FACTORS.value)}]"
    (out / "config.yaml").write_text(CONFIG.format(factors=factors))
    started = time.monotonic()
    workers = [start_worker(out), start_worker(out)]
    killed = 0
    while killed < kills:
        time.sleep(random.SystemRandom().uniform(0, PAUSE.value))
        if any(worker.poll() is not None for worker in workers):
            break
        workers[0].kill()
        workers[0].wait()
        killed += 1
        workers[0] = start_worker(out)
    codes = [worker.wait() for worker in workers]
    seconds = time.monotonic() - started
    print(f"{name}: {killed} kills, {seconds:.0f} s, exit codes {codes}", flush=True)
    if codes != [0, 0] or killed < kills:
        raise SystemExit(f"{name}: see {out}/log.txt; if the sweep was too short, shorten --pause")
    frame = results.load(out / "results")
    small = frame[frame.setting == "small"]
    source = (small.source + ":" + small.source_type).str.removesuffix(":")
    rows = list(zip(source, small.target + ":" + small.target_type, strict=True))
    wanted = [tuple(names) for program, *names in list_commands() if program == "target"]
    if sorted(rows) != sorted(wanted):
        raise SystemExit(f"{name}: {len(rows)} rows of {len(wanted)} planned")
    if any(len(json.loads(tried)) != len(FACTORS.value) for tried in small.candidates):
        raise SystemExit(f"{name}: a row lacks some of its candidates")
    return dict(zip(rows, zip(small.learning_rate, small.value, strict=True), strict=True))


def main(_) -> None:
    """Runs both sweeps and compares their rows, or runs a worker."""
    if WORKER.value:
        run_worker()
        return
    alone, torn = run_sweep("alone", 0), run_sweep("torn", KILLS.value)
    different = [row for row in alone if alone[row] != torn[row]]
    print(f"{len(alone)} rows each, {len(different)} with another value {different[:3]}")
    if different:
        raise SystemExit(1)


if __name__ == "__main__":
    app.run(main)
