"""Runs parts of the study from ImageNet weights on real sets; rows that are kept are not run again.

  FOI_REAL_DATA=DIR python -m studies.imagenet_runs PART [PART ...] --work=WORK [--targets=A,B]

`PARTS` has the parts. One process runs all that a target lacks, in WORK/PART. Then its rows are
added to studies/imagenet/PART.csv. So a stopped call goes on with the same command, and another
machine goes on where the kept rows end: it trains the source models that it needs anew. --targets
takes some targets of the parts. --dry_run prints the commands.
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
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from foi_tf import files
from foi_tf.study import chain_choice, results
from foi_tf.study.dataset import KEYPOINTS, STRUCTURED_TASK_TYPES, Task
from foi_tf.study.grid import Chain
from foi_tf.study.metrics import higher_is_better
from foi_tf.study.results import NO_SOURCE, SCRATCH
from studies import real_sets

BACKBONE, WEIGHTS = "efficientnet_lite0", "efficientnet_lite0_imagenet"
KEPT = pathlib.Path(__file__).parent / "imagenet"
# Tells the runs of a part from each other.
RUN = ["target", "target_type", "source", "source_type", "setting", "seed"]
STARTS = (SCRATCH, NO_SOURCE)
# Six maps of 8 images at 96 x 96 would take 2 seconds of a core a step, in float32.
TYPE_FLAGS = {
    KEYPOINTS: (
        "--precision=bfloat16",
        f"--set={KEYPOINTS}.crop=[64,64]",
        f"--set={KEYPOINTS}.schedule.batch_size=4",
    )
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """Describes runs of one configuration.

    Attributes:
      starts: what each target starts from: tasks, "ilsvrc" for ImageNet weights alone, "scratch".
      seeds: seeds of the targets.
      baseline_seeds: more seeds of the starts without a source, which all chains are held against.
      flags: flags of all runs, beside those that all parts have.
      rated: whether learning rates are those that `choose_rates` finds in the part "rates".
      vary: what the seeds vary.
      setting: how many target images there are.
    """

    starts: Mapping[str, Sequence[str]]
    seeds: Sequence[int]
    baseline_seeds: Sequence[int] = ()
    flags: tuple[str, ...] = ()
    rated: bool = False
    vary: str = "init,order,subset"
    setting: str = "small"


@dataclasses.dataclass(frozen=True)
class TargetRun:
    """Names a run of a target: the task, its start and the seed."""

    target: str
    start: str
    seed: int


def _set_all(key: str, value: object) -> tuple[str, ...]:
    """Returns the flags that replace a value of the configuration for all task types."""
    return tuple(f"--set={kind}.{key}={value}" for kind in STRUCTURED_TASK_TYPES)


FOUR = (
    "camvid_part:segmentation", "bccd:detection", "faces:keypoints", "desk_depth:depth",
)  # fmt: skip
PILOT = (
    *FOUR, "clothing:segmentation", "aerial_land:segmentation", "doors:detection",
    "openfield_mouse:keypoints",
)  # fmt: skip
# Targets and sources that the study leaves out, and why. What the pilot finds comes to these.
LEFT_OUT = {
    "mirror_mouse:keypoints": "saturated: its validation frames are of the same video",
    "lsp_ext:keypoints": "learned nothing in the earlier study",
    "coco128:detection": "learned nothing in the earlier study",
    "indoor_objects:detection": "17 validation images",
}


def list_starts(tasks: Sequence[Task], sample: int) -> dict[str, tuple[str, ...]]:
    """Lists what each task starts from in the study: random weights, ImageNet, and sources.

    Sources are all tasks of the target's type, all of its domain, and a sample of other pairs.

    Args:
      tasks: sources and targets of the study, which it runs in this order.
      sample: number of pairs that share neither type nor domain.
    """
    sets = {own.name: own for own in real_sets.REAL_SETS}
    chains = [Chain(source, target) for target in tasks for source in tasks if source != target]
    chosen = chain_choice.sample_chains(chains, sets, sample)
    return {
        str(target): (*STARTS, *(str(one.source) for one in chosen if one.target == target))
        for target in tasks
    }


PARTS = {
    "four_sets": Part(starts=dict.fromkeys(FOUR, STARTS), seeds=range(5)),
    # Learning rates of each start, with a seed that the study does not use.
    "rates": Part(
        starts=dict.fromkeys(PILOT, STARTS),
        seeds=(100,),
        flags=("--select_lr=validation", *_set_all("rate_factors", "[0.1,0.3,1,3]")),
    ),
    **{
        f"steps_{steps}": Part(
            starts=dict.fromkeys(PILOT, STARTS),
            seeds=(0, 1),
            flags=_set_all("schedule.small_steps", steps),
            rated=True,
        )
        for steps in (75, 300, 600)
    },
}


def plan_target(part: Part, target: str, kept: set[tuple]) -> list[TargetRun]:
    """Lists the runs of a target whose rows are not kept, those of a seed together.

    Args:
      kept: values of `RUN` of the rows that are kept.
    """
    every = [TargetRun(target, start, seed) for seed in part.seeds for start in part.starts[target]]
    every += [TargetRun(target, start, seed) for seed in part.baseline_seeds for start in STARTS]
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
        commands.append(["foi-target", *places, *_list_flags(part, run.target, run.start), *flags])
    return [shlex.join(command) for command in commands]


def _list_flags(part: Part, task: str, start: str) -> list[str]:
    """Lists the flags of every run of a part that trains a task from a start."""
    kind = Task.parse(task).type
    flags = [f"--backbone={BACKBONE}", "--config=real_study", "--strategy=cpu", *part.flags]
    if part.rated:
        rates = choose_rates(load_kept("rates"))
        own = rates.get((kind, SCRATCH if start == SCRATCH else NO_SOURCE))
        if own is None:
            sys.exit(f"{task}: no rate is kept; run the part rates of a target of {kind} first")
        flags.append(f"--set={kind}.schedule.learning_rate={own}")
    return [*flags, *TYPE_FLAGS.get(kind, ())]


def choose_rates(rows: pd.DataFrame | None) -> dict[tuple[str, str], float]:
    """Chooses a learning rate for random weights and one for ImageNet, by task type.

    Both starts tried the same ones. The best mean log metric over targets and seeds decides.

    Args:
      rows: the kept rows of the part "rates".

    Returns:
      The rates by task type and start.
    """
    tried = [
        (row["target_type"], row["source"], float(rate), _log_quality(row["metric"], value))
        for row in ([] if rows is None else rows.to_dict("records"))
        for rate, value in json.loads(row["candidates"]).items()
    ]
    table = pd.DataFrame(tried, columns=["type", "start", "rate", "quality"])
    means = table.groupby(["type", "start", "rate"], as_index=False).quality.mean()
    best = means.sort_values("quality").drop_duplicates(["type", "start"], keep="last")
    return {(x.type, x.start): x.rate for x in best.itertuples()}


def _log_quality(metric: str, value: float | None) -> float:
    """Returns the log of a metric, larger where better; minus infinity for a run that diverged."""
    if value is None or not value > 0:
        return -math.inf
    return math.log(value) if higher_is_better(metric) else -math.log(value)


def load_kept(name: str) -> pd.DataFrame | None:
    """Loads the kept rows of a part; None where there are none yet."""
    path = KEPT / f"{name}.csv"
    return results.load(path) if path.exists() else None


def keep_rows(name: str, directory: pathlib.Path) -> None:
    """Adds the rows of a directory to the kept ones, which stay as they are."""
    if not directory.is_dir() or not any(directory.glob("*.json")):
        return
    found = results.load(directory)
    kept = load_kept(name)
    if kept is not None:
        found = pd.concat([kept, found])
    found = found[found.setting == PARTS[name].setting].drop_duplicates(RUN)
    KEPT.mkdir(exist_ok=True)
    files.write_text(KEPT / f"{name}.csv", results.to_csv(found.sort_values(RUN)))


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
    parser.add_argument("--dry_run", action="store_true", help="Print the commands.")
    given = parser.parse_args()
    data_dir = given.work / "data"
    if not given.dry_run:
        real_sets.prepare(pathlib.Path(os.environ["FOI_REAL_DATA"]), data_dir)
    failed = collections.Counter()
    for name in given.parts:
        part, workdir = PARTS[name], given.work / name
        for target in given.targets.split(",") if given.targets else part.starts:
            keep_rows(name, workdir / "results")
            kept = load_kept(name)
            known = set() if kept is None else set(kept[RUN].itertuples(index=False, name=None))
            commands = write_commands(part, plan_target(part, target, known), data_dir, workdir)
            if given.dry_run:
                print("\n".join(commands))
            elif commands:
                failed[target] += bool(run_commands(commands))
                keep_rows(name, workdir / "results")
    if any(failed.values()):
        sys.exit(f"some runs failed, of {', '.join(+failed)}; see above")


if __name__ == "__main__":
    main()
