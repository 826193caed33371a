"""Simulates many workers that share a plan over a slow store, and counts what they ask of it.

  python benchmarks/scale_out.py [--links=10000 --workers=64 --ways=chunks]

The store is local files behind a stand-in: a request takes --latency seconds, and --rate of them a
second are served (`virtual_time`). Training is replaced by a wait of about --seconds. All else is
the code of foi-run: plan, leases, configuration checks, records, weights and rows. Ways:

  chunks  each worker takes the next chunk of launch/sweep.sh, as the sweeps do
  leave   each worker is given the whole plan, with --busy=leave; its requests grow with links times
          workers, so it is left out by default

Prints for each way the hours that the plan took, the requests a link and a second, the share
of leases that another worker held, the longest wait of a request for its turn, and the share of the
workers' time that they did not train. Times are simulated; a link takes some 15 ms of real CPU
time.
"""

import collections
import contextlib
import dataclasses
import io
import math
import pathlib
import random
import subprocess
import tempfile

import numpy as np
from absl import app, flags, logging
from figures import Figure, tell_figures
from stand_ins import Network, PerProcess, Seconds, Sessions
from virtual_time import Clock, SlowStore, Threads

from foi_tf import lease
from foi_tf.bin._shared.program import BUSY, DONE, NOT_READY
from foi_tf.bin.run import run_all
from foi_tf.chains import links, run_link, stages
from foi_tf.data.convert import builder
from foi_tf.data.convert.entry import RawDataset
from foi_tf.errors import BusyError, NotReadyError
from foi_tf.models.weights import checkpoint_facts
from foi_tf.models.weights.checkpoint_facts import CheckpointFacts
from foi_tf.study import configuration, grid, plan
from foi_tf.study.choices import Pace
from foi_tf.study.dataset import Dataset, Size
from foi_tf.training import strategies

SWEEP = pathlib.Path(__file__).parents[1] / "launch" / "sweep.sh"
BACKBONE, LOOPS, RETRY = "hrnet_mini", 6, 60.0
CONFIG = """
segmentation:
  crop: [32, 32]
  schedule: {optimizer: sgd, learning_rate: 0.05, steps: 8, small_steps: 8, batch_size: 4}
"""

LINKS = flags.DEFINE_integer("links", 10_000, "Links of the plan, at least.", lower_bound=1)
WORKERS = flags.DEFINE_integer("workers", 64, "Workers.", lower_bound=1)
DATASETS = flags.DEFINE_integer("datasets", 10, "Datasets of the plan.", lower_bound=2)
SECONDS = flags.DEFINE_float("seconds", 60.0, "Mean seconds of training and evaluation.")
LATENCY = flags.DEFINE_float("latency", 0.02, "Seconds that a request takes.")
RATE = flags.DEFINE_float("rate", 1000.0, "Requests that the store serves a second.")
WAYS = flags.DEFINE_list("ways", ["chunks"], "Ways to share the plan: chunks, leave.")


@dataclasses.dataclass(frozen=True)
class Image:
    """Describes an image of one color with its mask; see `entry.Entry`."""

    id: str
    part_of = None

    def load(self, dataset: Dataset) -> tuple[dict, Size]:
        mask = np.arange(32 * 32, dtype=np.uint8).reshape(32, 32) % 2
        pixels = np.full((32, 32, 3), int(self.id[1:]) % 256, np.uint8)
        return {"id": self.id, "image": pixels, "mask": mask}, (32, 32)


def prepare(data: pathlib.Path) -> dict[str, Dataset]:
    """Prepares the datasets; returns their rows."""
    rows = {}
    for number in range(DATASETS.value):
        row = Dataset(
            id=f"d{number}", domain="driving", train=2, val=1, classes={"segmentation": 2},
            crop=(32, 32),
        )  # fmt: skip
        splits = {"train": [Image("t0"), Image("t1")], "val": [Image("v2")]}
        rows[row.id] = builder.build_records(RawDataset(row, splits), data).dataset
    return rows


def plan_runs(rows: dict[str, Dataset], start: str) -> list[plan.PlannedRun]:
    """Plans as many seeds as the links need."""
    chains = list(grid.chains(rows, "small"))
    a_seed = len(plan.build_plan(rows, "small", chains, init=start)) - len(rows)
    seeds = range(math.ceil(LINKS.value / a_seed))
    name = pathlib.Path(start).name
    return plan.build_plan(rows, "small", chains, seeds, init=start, init_name=name)


class Study:
    """Runs a plan by simulated workers."""

    def __init__(self, runs, data, start, workdir):
        self.runs, self.clock = runs, Clock()
        self.store = SlowStore(self.clock, LATENCY.value, RATE.value)
        self.trained = self.lost = self.asked = 0
        self.ended = []
        path = pathlib.Path(workdir) / "short.yaml"
        path.write_text(CONFIG)
        self._start, self._random = start, random.Random(0)
        self._setup = {
            "data_dir": str(data), "workdir": str(workdir), "backbone": BACKBONE,
            "precision": "float32", "select": "none", "sessions": Sessions(),
            "config": configuration.load_config(str(path), {run.task.dataset for run in runs}),
            "strategy": strategies.create_strategy("cpu"),
        }  # fmt: skip

    def call(self, run: plan.PlannedRun, wait: bool) -> int:
        """Runs a command of the plan; returns its exit code."""
        pace = Pace(wait=wait)
        setup = stages.Setup(**self._setup, seed=run.seed, vary=run.vary, pace=pace)
        try:
            if run.program == "source":
                stages.source(setup, run.task, run.setting, run.init)
            else:
                stages.target(
                    setup, run.task, run.source, run.setting, init=run.init,
                    source_init=run.source_init or "ilsvrc",
                )  # fmt: skip
        except BusyError:
            self.lost += 1
            return BUSY
        except NotReadyError:
            return NOT_READY
        return DONE

    def leave(self, number: int) -> None:
        """Works as foi-run on the whole plan."""
        del number

        self._run_all(self.runs, wait=False)
        self.ended.append(self.clock.now)

    def chunks(self, chunks: list[list[plan.PlannedRun]], processes: list[PerProcess]) -> None:
        """Works as a sweep: takes the next chunk in a new process."""
        while chunks:
            chunk = chunks.pop(0)
            for one in processes:
                one.forget()
            self._run_all(chunk, wait=True)
        self.ended.append(self.clock.now)

    def _run_all(self, runs, wait: bool) -> None:
        """Runs commands as foi-run does."""

        def call_all(left):
            return [self.call(run, wait) for run in left]

        assert run_all(runs, call_all, RETRY, self.clock.sleep) == 0

    @contextlib.contextmanager
    def train(self, session, seconds, directory, own, pace, held, steps):
        """Stands in for `run_link._open_controller`."""
        spread = self._random.uniform(0.5, 1.5)

        class Controller:
            @staticmethod
            def train(steps, checkpoint_at_completion=True):
                for _ in range(LOOPS):
                    held.check()
                    self.clock.sleep(SECONDS.value * spread / LOOPS)

            @staticmethod
            def save_checkpoint():
                Network().write(str(directory / "checkpoints" / "ckpt-8"))
                (directory / "checkpoints" / "checkpoint").write_text("ckpt-8")

        yield Controller
        self.trained += SECONDS.value * spread

    @contextlib.contextmanager
    def simulated(self):
        """Replaces clock, threads, storage and training; yields what processes keep."""
        asked = lease.Lease.acquire

        def acquire(this, wait, waiting):
            self.asked += 1
            asked(this, wait, waiting)

        processes = [PerProcess(), PerProcess()]
        changes = [
            (lease, "time", self.clock), (lease, "threading", Threads(self.clock)),
            (lease, "_SEEN", processes[0]), (links, "_BEGUN_LINKS", processes[1]),
            (lease.Lease, "acquire", acquire), (run_link, "_open_controller", self.train),
            (run_link, "_create_seconds", lambda _: Seconds),
        ]  # fmt: skip
        before = [(owner, name, getattr(owner, name)) for owner, name, _ in changes]
        silent = io.StringIO()
        with self.store.mounted(), contextlib.redirect_stderr(silent):
            for owner, name, value in changes:
                setattr(owner, name, value)
            try:
                yield processes
            finally:
                for owner, name, value in before:
                    setattr(owner, name, value)

    def run(self, way: str, workers: int) -> None:
        """Runs the whole plan."""
        with self.simulated() as processes:
            if way == "leave":
                for number in range(workers):
                    self.clock.start(lambda number=number: self.leave(number))
                self.clock.run()
                return
            for chunks in make_chunks(self.runs, workers):
                for _ in range(workers):
                    self.clock.start(lambda chunks=chunks: self.chunks(chunks, processes))
                self.clock.run()


def make_chunks(runs, workers: int) -> list[list[list[plan.PlannedRun]]]:
    """Returns the chunks of each stage, as launch/sweep.sh makes them."""
    rows = ["header", *(
        f"{run.stage}\t{place}\t-\t1\tpaper\t{group}\t{place}"
        for place, (run, group) in enumerate(zip(runs, plan.group_runs(runs), strict=True))
    )]  # fmt: skip
    found = []
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.write("\n".join(rows) + "\n")
        file.flush()
        for stage in sorted({run.stage for run in runs}):
            code = (
                f'ROOT={SWEEP.parents[1]}; source "{SWEEP}"; plan={file.name}; '
                f"chunks_of {stage} $(chunk_size {stage} {workers})"
            )
            lines = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
            chunks = collections.defaultdict(list)
            for line in lines.stdout.splitlines():
                chunk, place = map(int, line.split("\t"))
                chunks[chunk].append(runs[place])
            found.append(list(chunks.values()))
    return found


def main(_) -> None:
    logging.set_verbosity(logging.ERROR)
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        rows = prepare(place / "data")
        start = place / "start"
        Network().write(str(start))
        checkpoint_facts.write_facts(start, CheckpointFacts(backbone=BACKBONE, mean=None, std=None))
        runs = plan_runs(rows, str(start))
        for way in WAYS.value:
            (place / way).mkdir()
            study = Study(runs, place / "data", str(start), place / way)
            study.run(way, WORKERS.value)
            done = len(list((place / way).glob("links/*/link.json")))
            rows_done = len(list((place / way).glob("results/*.json")))
            report(way, study, done, rows_done)


def report(way: str, study: Study, done: int, rows: int) -> None:
    """Prints what a study asked of the store."""
    store, total = study.store, study.clock.now
    requests = sum(store.counts.values())
    idle = 1 - study.trained / (total * WORKERS.value)
    kinds = ", ".join(f"{name} {count / done:.1f}" for name, count in store.counts.most_common())
    print(
        f"{way:6} {done} links, {rows} rows in {total / 3600:.2f} h  {requests / done:.0f} requests"
        f" a link ({kinds})  {requests / total:.0f} a second, at most "
        f"{max(store.by_second.values())}  {study.lost / study.asked:.1%} of {study.asked} leases "
        f"lost  longest wait {store.longest:.2f} s  {idle:.1%} of the time not trained",
        flush=True,
    )
    what = f"requests a link, {done} links by {WORKERS.value} workers ({way})"
    tell_figures(Figure(what=what, unit="", ours=requests / done))
    tell_figures(Figure(what=f"share of time not trained, {way}", unit="", ours=idle))


if __name__ == "__main__":
    app.run(main)
