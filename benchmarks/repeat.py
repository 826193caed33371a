"""Repeats random chains of a study, each in a process of its own, and compares the result rows.

  foi-plan --stages ... --workdir=NEW > plan.tsv
  python benchmarks/repeat.py --rows=studies/mini/results.csv [--count=10] plan.tsv ...

The plans are those of the study, with new working directories: same data, initial weights and
configuration. The script draws `--count` of their chains and runs them with the source models that
they need; source models that leave a row are compared, too. Prints one line for each row,
tab-separated: target, source, setting, seed, the study's value, the repeated value and their
difference. Exits with 1 if any values differ.
"""

import argparse
import pathlib
import random
import shlex
import subprocess
import sys

import pandas as pd

from foi_tf.study import results
from foi_tf.wording import count_noun

_KEY = ["target", "target_type", "source", "source_type", "setting", "seed"]


def main() -> None:
    """Runs the script."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", required=True, help="Result rows of the study.")
    parser.add_argument("--count", type=int, default=10, help="Number of chains to repeat.")
    parser.add_argument("--seed", type=int, default=0, help="Seed of the choice of chains.")
    parser.add_argument("plans", type=pathlib.Path, nargs="+", help="Output of foi-plan --stages.")
    given = parser.parse_args()
    before = results.load(given.rows).set_index(_KEY).value
    plans = [pd.read_csv(path, sep="\t", dtype=str).set_index("line") for path in given.plans]
    # The source of a chain is a task, DATASET:TYPE; a target without a source has no task type.
    chains = [
        (plan, line)
        for plan in plans
        for line in plan.index[plan.command.str.match(r"foi-target .*--source=\S+:")]
    ]
    if given.count > len(chains):
        parser.error(f"--count={given.count}: the plans have {count_noun(len(chains), 'chain')}")
    workdirs = set()
    for plan, line in random.Random(given.seed).sample(chains, given.count):
        for command in _with_needs(plan, line):
            workdirs.update(x.partition("=")[2] for x in command if x.startswith("--workdir="))
            program = f"foi_tf.bin.{command[0].removeprefix('foi-')}"
            words = [sys.executable, "-m", program, *command[1:]]
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    print("\t".join([*_KEY, "study", "repeated", "difference"]))
    differ = 0
    for workdir in sorted(workdirs):
        after = results.load(f"{workdir}/results").set_index(_KEY).value
        for key, value in after.items():
            own = before.get(key, float("nan"))
            differ += own != value
            print(*key, own, value, value - own, sep="\t")
    sys.exit(1 if differ else 0)


def _with_needs(plan: pd.DataFrame, line: str) -> list[list[str]]:
    """Returns the commands that a line needs and then its own, each split into words."""
    needs = plan.needs[line]
    before = [] if needs == "-" else needs.split(",")
    return [
        *(command for one in before for command in _with_needs(plan, one)),
        shlex.split(plan.command[line]),
    ]


if __name__ == "__main__":
    main()
