"""Runs parts of the study from ImageNet weights on real sets; rows that are kept are not run again.

  FOI_REAL_DATA=DIR python -m studies.imagenet_runs PART [PART ...] --work=WORK [--targets=A,B]

`imagenet_parts.PARTS` has the parts. One process runs all that a target lacks of a seed, in
WORK/PART, or in that of the part whose source models it shares. Then its rows are added to
ROWS/PART.csv, those of the study to results.csv. So a stopped call goes on with the same command,
and another machine goes on where the kept rows end: it trains the source models that it needs
anew, which are those of a single seed.
--rows is ROWS, by default studies/imagenet. --targets takes some targets of the parts, and --seeds
some seeds. --dry_run prints the commands.
"""

import argparse
import collections
import contextlib
import os
import pathlib
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

from foi_tf.study.dataset import KEYPOINTS, Task
from foi_tf.study.results import NO_SOURCE, SCRATCH
from studies import real_sets
from studies.imagenet_parts import PARTS, Part
from studies.imagenet_rows import KEPT, KeptRows, TargetRun, plan_target

BACKBONE, WEIGHTS = "efficientnet_lite0", "efficientnet_lite0_imagenet"
# Six maps of 8 images at 96 x 96 would take 2 seconds of a core a step, in float32.
TYPE_FLAGS = {
    KEYPOINTS: (
        "--precision=bfloat16",
        f"--set={KEYPOINTS}.crop=[64,64]",
        f"--set={KEYPOINTS}.schedule.batch_size=4",
    )
}


def write_commands(
    part: Part,
    runs: Sequence[TargetRun],
    data_dir: pathlib.Path,
    workdir: pathlib.Path,
    rates: Mapping[tuple[str, str], float],
) -> list[str]:
    """Writes the commands that train some runs of one target, after the source models they need.

    Args:
      rates: learning rates as `choose_rates` returns them. Only parts that are `rated` take them.
    """
    # Of a start, only the source model of the first seed is trained, unless seeds vary it.
    varied = "source" in part.vary
    models = dict.fromkeys(
        (run.start, run.seed if varied else min(part.seeds)) for run in runs if ":" in run.start
    )
    places = [f"--data_dir={data_dir}", f"--workdir={workdir}"]
    commands = [
        ["foi-source", *places, *_list_flags(part, source, NO_SOURCE, rates),
         f"--source={source}", f"--init={WEIGHTS}", f"--seed={seed}"]
        for source, seed in models
    ]  # fmt: skip
    for run in runs:
        flags = [f"--target={run.target}", f"--source={run.start}", f"--seed={run.seed}"]
        flags += [f"--setting={part.setting}", f"--vary={part.vary}"]
        if run.start == NO_SOURCE:
            flags.append(f"--init={WEIGHTS}")
        elif run.start != SCRATCH:
            flags.append(f"--source_init={WEIGHTS}")
        flags = [*_list_flags(part, run.target, run.start, rates), *flags]
        own = part.target_flags.get(Task.parse(run.target).type, ())
        commands.append(["foi-target", *places, *flags, *own])
    return [shlex.join(command) for command in commands]


def _list_flags(
    part: Part, task: str, start: str, rates: Mapping[tuple[str, str], float]
) -> list[str]:
    """Lists the flags of every run of a part that trains a task from a start."""
    kind = Task.parse(task).type
    flags = [f"--backbone={BACKBONE}", "--config=real_study", "--strategy=cpu", *part.flags]
    if part.rated:
        own = rates.get((kind, SCRATCH if start == SCRATCH else NO_SOURCE))
        if own is None:
            sys.exit(f"{task}: no rate is kept; run the part rates of a target of {kind} first")
        flags.append(f"--set={kind}.schedule.learning_rate={own}")
    return [*flags, *TYPE_FLAGS.get(kind, ())]


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
    parser.add_argument("--rows", type=pathlib.Path, default=KEPT.directory, help="Kept rows.")
    parser.add_argument("--targets", default="", help="Targets, comma-separated; by default all.")
    parser.add_argument("--seeds", default="", help="Seeds, comma-separated; by default all.")
    parser.add_argument("--dry_run", action="store_true", help="Print the commands.")
    given = parser.parse_args()
    data_dir, kept = given.work / "data", KeptRows(given.rows)
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
                kept.add(name, workdir / "results")
                runs = [x for x in plan_target(part, target, kept.find(name)) if x.seed == seed]
                commands = write_commands(part, runs, data_dir, workdir, kept.choose_rates())
                if given.dry_run:
                    print("\n".join(commands))
                elif commands:
                    failed[target] += bool(run_commands(commands))
                    kept.add(name, workdir / "results")
    if any(failed.values()):
        sys.exit(f"some runs failed, of {', '.join(+failed)}; see above")


if __name__ == "__main__":
    main()
