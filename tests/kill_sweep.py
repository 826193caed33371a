"""Whether a sweep loses or repeats anything when one of its workers is killed again and again.

  foi-prepare --collection=mini --data_dir=MINI
  python -m tests.kill_sweep --data_dir=MINI --out=NEW_DIRECTORY

Sources and targets of segmentation and detection, each link the best of three learning
rates: 81 chains from nine tasks. Two workers go through one plan, once left alone and once
with one of them killed by SIGKILL at random moments and started anew. Every planned row
must be there once, with the value of the sweep left alone. Networks are tiny and steps
few: this is about the bookkeeping.
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

DATA = flags.DEFINE_string("data_dir", None, "Prepared datasets.", required=True)
OUT = flags.DEFINE_string("out", None, "A directory for both sweeps.", required=True)
TASKS = flags.DEFINE_list(
    "tasks",
    [*(f"{name}:segmentation" for name in MASKS), *(f"{name}:detection" for name in BOXES)],
    "All are sources and targets.",
)
SOURCES = flags.DEFINE_bool("sources", True, "Chains with sources; else random weights alone.")
FACTORS = flags.DEFINE_list("factors", ["0.3", "1", "3"], "Learning rates to choose from.")
KILLS = flags.DEFINE_integer("kills", 20, "How often the worker is killed.")
PAUSE = flags.DEFINE_float("pause", 30.0, "At most so many seconds between two kills.")
WORKER = flags.DEFINE_bool("worker", False, "Be a worker on the plan in --out.")


def plan() -> list[tuple[str, ...]]:
    """("pretrain",), ("source", task) and ("target", source, task), in order of dependence."""
    if not SOURCES.value:
        return [("target", results.SCRATCH, task) for task in TASKS.value]
    pairs = [pair for pair in itertools.product(TASKS.value, TASKS.value) if pair[0] != pair[1]]
    pairs += [(results.NO_SOURCE, task) for task in TASKS.value]
    made = [("source", task) for task in TASKS.value]
    return [("pretrain",), *made, *(("target", *pair) for pair in pairs)]


def needs(command: tuple[str, ...]) -> tuple[str, ...] | None:
    """The command that has to be done before."""
    program, *names = command
    if program == "pretrain" or names[0] == results.SCRATCH:
        return None
    if program == "source" or names[0] == results.NO_SOURCE:
        return ("pretrain",)
    return ("source", names[0])


def work() -> None:
    """Goes through the plan until all of it is done; leaves alone what others are at."""
    from foi_tf.chains import stages
    from foi_tf.training import strategies
    from tests import tiny_backbone

    tiny_backbone.use()
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
    left, done = plan(), {None}
    while left:
        for command in left:
            if needs(command) in done:
                try:
                    programs[command[0]](*command[1:])
                    done.add(command)
                except BusyError:
                    time.sleep(0.05)
        left = [command for command in left if command not in done]


def start(out: pathlib.Path) -> subprocess.Popen:
    given = [f"--{f.name}={f.value}" for f in (DATA, SOURCES)]
    given += [f"--{f.name}={','.join(f.value)}" for f in (TASKS, FACTORS)]
    command = [sys.executable, "-m", "tests.kill_sweep", f"--out={out}", "--worker", *given]
    with (out / "log.txt").open("a") as log:
        return subprocess.Popen(command, stderr=log)


def sweep(name: str, kills: int) -> dict[tuple[str, str], float]:
    """Runs two workers to the end of the plan; returns the value of each target's row."""
    out = pathlib.Path(OUT.value) / name
    out.mkdir(parents=True)
    factors = f"[{', '.join(FACTORS.value)}]"
    (out / "config.yaml").write_text(CONFIG.format(factors=factors))
    started = time.monotonic()
    workers = [start(out), start(out)]
    killed = 0
    while killed < kills:
        time.sleep(random.SystemRandom().uniform(0, PAUSE.value))
        if any(worker.poll() is not None for worker in workers):
            break
        workers[0].kill()
        workers[0].wait()
        killed += 1
        workers[0] = start(out)
    codes = [worker.wait() for worker in workers]
    seconds = time.monotonic() - started
    print(f"{name}: {killed} kills, {seconds:.0f} s, exit codes {codes}", flush=True)
    if codes != [0, 0] or killed < kills:
        raise SystemExit(f"{name}: see {out}/log.txt; a sweep too short takes a shorter --pause")
    frame = results.load(out / "results")
    small = frame[frame.setting == "small"]
    source = (small.source + ":" + small.source_type).str.removesuffix(":")
    rows = list(zip(source, small.target + ":" + small.target_type, strict=True))
    wanted = [tuple(names) for program, *names in plan() if program == "target"]
    if sorted(rows) != sorted(wanted):
        raise SystemExit(f"{name}: {len(rows)} rows of {len(wanted)} planned")
    if any(len(json.loads(tried)) != len(FACTORS.value) for tried in small.candidates):
        raise SystemExit(f"{name}: a row has not all of its candidates")
    return dict(zip(rows, zip(small.learning_rate, small.value, strict=True), strict=True))


def main(_) -> None:
    if WORKER.value:
        work()
        return
    alone, torn = sweep("alone", 0), sweep("torn", KILLS.value)
    different = [row for row in alone if alone[row] != torn[row]]
    print(f"{len(alone)} rows each, {len(different)} with another value {different[:3]}")
    if different:
        raise SystemExit(1)


if __name__ == "__main__":
    app.run(main)
