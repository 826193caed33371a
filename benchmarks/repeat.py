"""Repeats random chains of a study, each in a process of its own, and compares their values.

  python benchmarks/repeat.py --plan=OUT/small.tsv --workdir=OUT/study --scrap=DIR [--count=10]

Prints a line a chain, tab-separated: its source, target and seed, the value in the study and the
repeated one, and their difference. Exits with 1 if any differ.
"""

import argparse
import pathlib
import random
import shlex
import shutil
import subprocess
import sys

from foi_tf.study import results

_KEY = ["target", "target_type", "source", "source_type", "setting", "seed"]


def main() -> None:
    """The script."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("plan", "workdir", "scrap"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="Of the choice.")
    given = parser.parse_args()
    lines = given.plan.read_text().splitlines()[1:]
    commands = [shlex.split(line.split("\t")[-1]) for line in lines]
    commands = [command for command in commands if command[0] == "foi-target"]
    chosen = random.Random(given.seed).sample(commands, given.count)
    _sources(given.workdir, given.scrap)
    for command in chosen:
        own = [
            f"--workdir={given.scrap}" if flag.startswith("--workdir=") else flag
            for flag in command
        ]
        program = [sys.executable, "-m", f"foi_tf.bin.{own[0].removeprefix('foi-')}", *own[1:]]
        subprocess.run(program, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before, after = (
        results.load(root / "results").set_index(_KEY).value
        for root in (given.workdir, given.scrap)
    )
    print("\t".join([*_KEY, "study", "repeated", "difference"]))
    differ = 0
    for key, value in after.items():
        differ += value != before[key]
        print(*key, before[key], value, value - before[key], sep="\t")
    sys.exit(differ > 0)


def _sources(workdir: pathlib.Path, scrap: pathlib.Path) -> None:
    """Copies the source models, which alone are marked as chosen."""
    for mark in workdir.glob("links/*/selected_none.json"):
        if not (scrap / "links" / mark.parent.name).exists():
            shutil.copytree(mark.parent, scrap / "links" / mark.parent.name)


if __name__ == "__main__":
    main()
