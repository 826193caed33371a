"""Kills two workers of one plan again and again, and compares what they leave with a calm run.

  python -m benchmarks.kill --out=DIRECTORY --signals=kill --times=100
  python -m benchmarks.kill --out=DIRECTORY --signals=stop --times=100
  python -m benchmarks.kill --out=DIRECTORY --signals=none --stand_in=object_store

Two `foi-run` go through a plan of 24 links with a tiny network, and leave what is busy. Each link
takes the better of two learning rates. "kill" is SIGKILL, "stop" SIGTERM and SIGINT in turn, at
random moments or right after a new file appeared. Whoever was killed is started again. When a plan
is done, it is compared with the undisturbed one: rows (but for durations), statistics of single
images and weights must be equal, bit by bit. Then the next plan begins, until there were enough
signals. The same command goes on after a break.

With --stand_in, one plan is run without signals: "object_store" behind storage that has no atomic
rename and lists directories late, "clock" with one worker an hour ahead.
"""

import itertools
import json
import pathlib
import random
import signal
import subprocess
import sys
import time

import numpy as np
import tensorflow as tf
from absl import app, flags

from foi_tf.data.convert import builder, custom_dataset
from foi_tf.study import image_statistics
from tests import raw_folders

OUT = flags.DEFINE_string("out", None, "Directory of data, plans and the record.", required=True)
SIGNALS = flags.DEFINE_enum("signals", "kill", ["kill", "stop", "none"], "Signals to send.")
STAND_IN = flags.DEFINE_enum(
    "stand_in", "", ["", "object_store", "clock"], "What storage or clocks to stand in for."
)
TIMES = flags.DEFINE_integer("times", 100, "Number of signals to send.")
SECONDS = flags.DEFINE_float("seconds", 1e9, "Seconds after which no further signal is sent.")
SETS = flags.DEFINE_integer("sets", 4, "Number of datasets, each a source and a target.", 1)
LONGEST = flags.DEFINE_float("longest", 25.0, "Most seconds between a start and its signal.")
MOMENT = flags.DEFINE_string(
    "moment", "", "Part of the name of a new file after which signals are sent; by default many."
)
SEED = flags.DEFINE_integer("seed", None, "Seed of moments and victims; by default other ones.")

CONFIG = """
segmentation:
  crop: [32, 32]
  rate_factors: [0.5, 1]
  schedule: {optimizer: sgd, learning_rate: 0.05, steps: 12, small_steps: 12, batch_size: 4}
"""
WORKER = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from tests import tiny_backbone; tiny_backbone.use_tiny_backbone(); "
    "from foi_tf.bin import run; run.main()"
)
# Code that workers run first, by stand-in: that of the first worker, and of the second.
STAND_INS = {
    "": ("", ""),
    "object_store": ("from tests import storage_stand_ins as s; s.act_like_object_store(); ",) * 2,
    "clock": ("", "from tests import storage_stand_ins as s; s.shift_clock(3600); "),
}
STOPS = {signal.SIGTERM: 143, signal.SIGINT: 130}
# Parts of the names of new files after which a signal is sent.
MOMENTS = (
    "ckpt-",
    "tempstate",
    "weights",
    "images.npz",
    "link.json",
    "begun.json",
    "leases",
    ".json",
)
DURATIONS = ("wall_seconds", "chip_hours")


def list_sets():
    """Returns the names of the datasets."""
    return [f"set{number}" for number in range(SETS.value)]


def prepare(data):
    """Prepares small sets of colored rectangles, unless that was done before."""
    for seed, name in enumerate(list_sets()):
        if (data / name).exists():
            continue  # Writing the raw files again would count as changing them.
        raw = raw_folders.write_folder(data / "raw" / name, train=8, val=4, seed=seed)
        given = custom_dataset.find_custom_dataset(raw, ["masks"], name, "aerial", None)
        builder.build_records(given, data)


def write_plan(data, workdir):
    """Returns the text of a plan: a model of each set from random weights, and all transfers."""
    names = list_sets()
    base = f"--data_dir={data} --workdir={workdir} --config={data}/c.yaml --backbone=hrnet_mini "
    base += "--steps_per_loop=2 --checkpoint_every=2 --busy=leave --select_lr=validation"
    lines = [f"foi-source {base} --source={name}:segmentation --init=scratch" for name in names]
    target = f"foi-target {base} --target="
    lines += [
        f"{target}{own}:segmentation --source={source}:segmentation --source_init=scratch"
        for source, own in itertools.product(names, names)
    ]
    lines += [f"{target}{name}:segmentation --source=scratch" for name in names]
    return "\n".join(lines) + "\n"


class Workers:
    """Holds two workers of a plan."""

    def __init__(self, data, workdir):
        workdir.mkdir(parents=True, exist_ok=True)
        self.workdir, self._plan = workdir, write_plan(data, workdir)
        self._log = (workdir / "log.txt").open("a")
        self.running = [self._start(code) for code in STAND_INS[STAND_IN.value]]
        self.codes = []

    def _start(self, first=""):
        worker = subprocess.Popen(
            [sys.executable, "-c", first + WORKER, "--retry=1"],
            stdin=subprocess.PIPE, stdout=self._log, stderr=self._log, text=True,
        )  # fmt: skip
        worker.stdin.write(self._plan)
        worker.stdin.close()
        return worker

    def collect(self):
        """Notes the exit codes of workers that are done; tells whether both are."""
        for worker in [one for one in self.running if one.poll() is not None]:
            self.codes.append(worker.returncode)
            self.running.remove(worker)
        return not self.running

    def send(self, worker, sent):
        """Sends a signal to a worker, and starts it again; returns its exit code."""
        worker.send_signal(sent)
        code = worker.wait()
        self.running[self.running.index(worker)] = self._start()
        return code

    def files(self):
        """Returns the paths of all files so far."""
        return {str(path) for path in self.workdir.rglob("*")}


def disturb(workers, rng, budget):
    """Sends signals until the plan is done; returns (signal, moment, exit code) of each.

    They are also written to sent.jsonl in the plan's directory, one by one.
    """
    sent, kinds = [], itertools.cycle(STOPS if SIGNALS.value == "stop" else [signal.SIGKILL])
    while not workers.collect():
        if not budget(len(sent)):
            time.sleep(0.2)
            continue
        victim, started = rng.choice(workers.running), time.monotonic()
        moment = MOMENT.value or rng.choice([*MOMENTS, *["time"] * len(MOMENTS)])
        until = started + rng.uniform(0.1, LONGEST.value)
        before = workers.files() if moment != "time" else set()
        while time.monotonic() < until and victim.poll() is None:
            time.sleep(0.02)
            if moment != "time" and any(moment in path for path in workers.files() - before):
                break
        if victim.poll() is None:
            kind = next(kinds)
            sent.append((kind.name, moment, workers.send(victim, kind)))
            with (workers.workdir / "sent.jsonl").open("a") as file:
                file.write(json.dumps(sent[-1]) + "\n")
    return sent


def read_outcome(workdir):
    """Returns all rows, statistics and weights by name, as values that can be compared."""
    found = {}
    for path in sorted((workdir / "results").glob("*.json")):
        row = json.loads(path.read_text())
        found[path.name] = {k: v for k, v in row.items() if k not in DURATIONS}
    for path in sorted((workdir / "results").glob(f"*{image_statistics.SUFFIX}")):
        sums = image_statistics.read_statistics(path).sorted()
        found[path.name] = [
            sums.images.tolist(),
            sums.numerator.tobytes(),
            sums.denominator.tobytes(),
        ]
    for path in sorted((workdir / "links").glob("*/weights.index")):
        reader = tf.train.load_checkpoint(str(path.with_suffix("")))
        found[path.parent.name] = {
            name: np.asarray(reader.get_tensor(name)).tobytes()
            for name in reader.get_variable_to_shape_map()
            if not name.startswith("_CHECKPOINTABLE")
        }
    return found


def _is_right(name, _, code):
    """Tells whether an exit code is that of a signal, before or after the program had started."""
    sent = signal.Signals[name]
    return code in (STOPS.get(sent, -sent), -sent)


def make_random():
    """Returns the generator of moments and victims."""
    return random.SystemRandom() if SEED.value is None else random.Random(SEED.value)


def main(_):
    """Runs the calm plan once, and disturbed ones until there were enough signals."""
    out, rng = pathlib.Path(OUT.value).absolute(), make_random()
    data, record = out / "data", out / f"{STAND_IN.value or SIGNALS.value}.jsonl"
    prepare(data)
    (data / "c.yaml").write_text(CONFIG)
    if not (out / "calm" / "done").exists():
        calm = Workers(data, out / "calm")
        while not calm.collect():
            time.sleep(0.5)
        if calm.codes != [0, 0]:
            raise SystemExit(f"calm run: exit codes {calm.codes}, see {out}/calm/log.txt")
        (out / "calm" / "done").write_text("")
    expected = read_outcome(out / "calm")
    ended = time.monotonic() + SECONDS.value
    while True:
        lines = record.read_text().splitlines() if record.exists() else []
        before = sum(json.loads(line)["signals"] for line in lines)
        wanted = 0 if SIGNALS.value == "none" else TIMES.value
        if (lines and before >= wanted) or time.monotonic() > ended:
            break
        workers = Workers(data, out / f"{record.stem}{len(lines)}")
        sent = disturb(
            workers, rng,
            lambda count: before + count < wanted and time.monotonic() < ended,  # noqa: B023
        )  # fmt: skip
        found = read_outcome(workers.workdir)
        line = {
            "signals": len(sent),
            "codes": workers.codes,
            "links": len(expected),
            "different": [name for name in expected if found.get(name) != expected[name]],
            "more": sorted(found.keys() - expected.keys()),
            "before the start": sum(one[2] == -signal.Signals[one[0]] for one in sent),
            "wrong codes": [one for one in sent if not _is_right(*one)],
            "sent": sent,
        }
        with record.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps({k: v for k, v in line.items() if k != "sent"}), flush=True)
    rounds = [json.loads(line) for line in record.read_text().splitlines()]
    total = sum(one["signals"] for one in rounds)
    wrong = sum(len(one["different"]) + len(one["more"]) for one in rounds)
    codes = sum(len(one["wrong codes"]) for one in rounds)
    print(f"{total} signals in {len(rounds)} plans: {wrong} outcomes differ, {codes} exit codes")


if __name__ == "__main__":
    app.run(main)
