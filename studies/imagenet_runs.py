"""Runs parts of the study from ImageNet weights on real sets; rows that are kept are not run again.

  FOI_REAL_DATA=DIR python -m studies.imagenet_runs PART [PART ...] --work=WORK [--targets=A,B]

`imagenet_parts.PARTS` has the parts. One process runs all that a target lacks of a seed, in
WORK/PART, or in that of the part whose source models it shares. Then its rows are added to
studies/imagenet/PART.csv, those of the study to results.csv. So a stopped call goes on with the
same command, and another machine goes on where the kept rows end: it trains the source models that
it needs anew, which are those of a single seed.
--targets takes some targets of the parts, and --seeds some seeds. --dry_run prints the commands.
"""

import argparse
import collections
import contextlib
import dataclasses
import json
import math
import os
import pathlib
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence

import pandas as pd

from foi_tf import files
from foi_tf.study import results
from foi_tf.study.dataset import KEYPOINTS, Task
from foi_tf.study.metrics import Metric, get_metric
from foi_tf.study.results import NO_SOURCE, SCRATCH
from studies import real_sets
from studies.imagenet_parts import PARTS, STUDY, Part

BACKBONE, WEIGHTS = "efficientnet_lite0", "efficientnet_lite0_imagenet"
RATES = ("rates", "rates_outer", "rates_upper")
KEPT = pathlib.Path(__file__).parent / "imagenet"
# Tells the runs of a part from each other.
RUN = ["target", "target_type", "source", "source_type", "setting", "seed"]
# Six maps of 8 images at 96 x 96 would take 2 seconds of a core a step, in float32.
TYPE_FLAGS = {
    KEYPOINTS: (
        "--precision=bfloat16",
        f"--set={KEYPOINTS}.crop=[64,64]",
        f"--set={KEYPOINTS}.schedule.batch_size=4",
    )
}


@dataclasses.dataclass(frozen=True)
class TargetRun:
    """Names a run of a target: the task, its start and the seed."""

    target: str
    start: str
    seed: int


def plan_target(part: Part, target: str, kept: set[tuple]) -> list[TargetRun]:
    """Lists the runs of a target whose rows are not kept, those of a seed together.

    Args:
      kept: values of `RUN` of the rows that are kept.
    """
    every = [TargetRun(target, start, seed) for seed in part.seeds for start in part.starts[target]]
    every += [TargetRun(target, NO_SOURCE, seed) for seed in part.baseline_seeds]
    return [run for run in every if _identify(part, run) not in kept]


def write_commands(
    part: Part, runs: Sequence[TargetRun], data_dir: pathlib.Path, workdir: pathlib.Path
) -> list[str]:
    """Writes the commands that train some runs of one target, after the source models they need."""
    # Of a start, only the source model of the first seed is trained, unless seeds vary it.
    varied = "source" in part.vary
    models = dict.fromkeys(
        (run.start, run.seed if varied else min(part.seeds)) for run in runs if ":" in run.start
    )
    places = [f"--data_dir={data_dir}", f"--workdir={workdir}"]
    commands = [
        ["foi-source", *places, *_list_flags(part, source, NO_SOURCE), f"--source={source}",
         f"--init={WEIGHTS}", f"--seed={seed}"]
        for source, seed in models
    ]  # fmt: skip
    for run in runs:
        flags = [f"--target={run.target}", f"--source={run.start}", f"--seed={run.seed}"]
        flags += [f"--setting={part.setting}", f"--vary={part.vary}"]
        if run.start == NO_SOURCE:
            flags.append(f"--init={WEIGHTS}")
        elif run.start != SCRATCH:
            flags.append(f"--source_init={WEIGHTS}")
        flags = [*_list_flags(part, run.target, run.start), *flags]
        own = part.target_flags.get(Task.parse(run.target).type, ())
        commands.append(["foi-target", *places, *flags, *own])
    return [shlex.join(command) for command in commands]


def _list_flags(part: Part, task: str, start: str) -> list[str]:
    """Lists the flags of every run of a part that trains a task from a start."""
    kind = Task.parse(task).type
    flags = [f"--backbone={BACKBONE}", "--config=real_study", "--strategy=cpu", *part.flags]
    if part.rated:
        rates = choose_rates(load_rates())
        own = rates.get((kind, SCRATCH if start == SCRATCH else NO_SOURCE))
        if own is None:
            sys.exit(f"{task}: no rate is kept; run the part rates of a target of {kind} first")
        flags.append(f"--set={kind}.schedule.learning_rate={own}")
    return [*flags, *TYPE_FLAGS.get(kind, ())]


def load_rates() -> pd.DataFrame | None:
    """Loads the kept rows of all parts that choose learning rates; None where there are none."""
    found = [rows for name in RATES if (rows := load_kept(name)) is not None]
    return pd.concat(found, ignore_index=True) if found else None


def choose_rates(rows: pd.DataFrame | None) -> dict[tuple[str, str], float]:
    """Chooses a learning rate for random weights and one for ImageNet, by task type.

    The best mean log metric over targets decides, among the rates that all of them tried. A target
    whose best metric is below the least that tells anything does not count.

    Args:
      rows: the kept rows of the parts that choose rates.

    Returns:
      The rates by task type and start.
    """
    tried = [
        (row["target_type"], row["source"], row["target"], float(rate), value, row["metric"])
        for row in ([] if rows is None else rows.to_dict("records"))
        for rate, value in json.loads(row["candidates"]).items()
    ]
    table = pd.DataFrame(tried, columns=["type", "start", "target", "rate", "value", "metric"])
    chosen = {}
    for (kind, start), own in table.groupby(["type", "start"]):
        metric = get_metric(own.metric.iloc[0])
        learned = own.groupby("target").value.transform("max") >= metric.least
        own = own[learned].assign(quality=[_log_quality(metric, x) for x in own.value[learned]])
        qualities = own.pivot(index="target", columns="rate", values="quality").dropna(axis=1)
        if not qualities.empty:
            chosen[kind, start] = float(qualities.mean().idxmax())
    return chosen


def _log_quality(metric: Metric, value: float | None) -> float:
    """Returns the log of a metric, larger where better; minus infinity for a run that diverged."""
    if value is None or not value > 0:
        return -math.inf
    return math.log(value) if metric.higher_is_better else -math.log(value)


def load_kept(name: str) -> pd.DataFrame | None:
    """Loads the kept rows of a part; None where there are none yet."""
    path = find_path(name)
    return results.load(path) if path.exists() else None


def find_path(name: str) -> pathlib.Path:
    """Returns the path of a part's kept rows; those of the study are named as in other studies."""
    return KEPT / f"{'results' if name == STUDY else name}.csv"


def find_kept(name: str) -> set[tuple]:
    """Finds the values of `RUN` of all rows that are kept of a part."""
    rows = load_kept(name)
    return set() if rows is None else set(rows[RUN].itertuples(index=False, name=None))


def keep_rows(name: str, directory: pathlib.Path) -> None:
    """Adds a part's rows of a directory to the kept ones, which stay as they are."""
    if not directory.is_dir() or not any(directory.glob("*.json")):
        return
    part, found = PARTS[name], results.load(directory)
    runs = [run for target in part.starts for run in plan_target(part, target, set())]
    planned = {_identify(part, run) for run in runs}
    found = found[[run in planned for run in found[RUN].itertuples(index=False, name=None)]]
    if found.empty:  # Source models alone.
        return
    kept = load_kept(name)
    if kept is not None:
        found = pd.concat([kept, found])
    found = found.drop_duplicates(RUN)
    KEPT.mkdir(exist_ok=True)
    files.write_text(find_path(name), results.to_csv(found.sort_values(RUN)))


def _identify(part: Part, run: TargetRun) -> tuple:
    """Returns the values of `RUN` of a run's row."""
    target = Task.parse(run.target)
    source = Task.parse(run.start) if ":" in run.start else Task(run.start, "")
    return target.dataset, target.type, source.dataset, source.type, part.setting, run.seed


@contextlib.contextmanager
def _stopped_with_us(process: subprocess.Popen) -> Iterator[None]:
    """Hands SIGTERM on to a process, which saves a checkpoint, and waits for its end."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        process.terminate()
        process.wait()


def run_commands(commands: Sequence[str]) -> int:
    """Runs commands in one process; returns its exit code."""
    process = subprocess.Popen(
        [sys.executable, "-m", "foi_tf.bin.run"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    with _stopped_with_us(process):
        process.communicate("\n".join(commands).encode())
    return process.returncode


def main() -> None:
    """Runs the program."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--work", type=pathlib.Path, required=True, help="Working directory.")
    parser.add_argument("--targets", default="", help="Targets, comma-separated; by default all.")
    parser.add_argument("--seeds", default="", help="Seeds, comma-separated; by default all.")
    parser.add_argument("--dry_run", action="store_true", help="Print the commands.")
    given = parser.parse_args()
    data_dir = given.work / "data"
    if not given.dry_run:
        real_sets.prepare(pathlib.Path(os.environ["FOI_REAL_DATA"]), data_dir)
    failed = collections.Counter()
    for name in given.parts:
        part = PARTS[name]
        workdir = given.work / (part.within or name)
        seeds = [*part.seeds, *part.baseline_seeds]
        targets = given.targets.split(",") if given.targets else list(part.starts)
        if unknown := set(targets) - set(part.starts):
            sys.exit(f"{name}: no target {', '.join(unknown)}; there are {', '.join(part.starts)}")
        for seed in map(int, given.seeds.split(",")) if given.seeds else seeds:
            for target in targets:
                keep_rows(name, workdir / "results")
                runs = [x for x in plan_target(part, target, find_kept(name)) if x.seed == seed]
                commands = write_commands(part, runs, data_dir, workdir)
                if given.dry_run:
                    print("\n".join(commands))
                elif commands:
                    failed[target] += bool(run_commands(commands))
                    keep_rows(name, workdir / "results")
    if any(failed.values()):
        sys.exit(f"some runs failed, of {', '.join(+failed)}; see above")


if __name__ == "__main__":
    main()
