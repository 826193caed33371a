"""Repeats random chains of a study, each in a process of its own, and compares with its rows.

  foi-plan --stages ... --workdir=NEW > plan.tsv
  python benchmarks/repeat.py --rows=studies/mini/results.csv [--count=10] plan.tsv ...

Plans are of `foi-plan --stages`, into working directories of their own, over the same data,
initial weights and configuration as the study's. Of their chains, `--count` are drawn, and run
with the source models that they need, which are compared too where they left a row. Prints a line
a row, tab-separated: target, source, setting and seed, the value in the study and the repeated
one, and their difference. Exits with 1 if any differ.
"""

import argparse
import pathlib
import random
import shlex
import subprocess
import sys

import pandas as pd

from foi_tf.study import results

_KEY = ["target", "target_type", "source", "source_type", "setting", "seed"]


def main() -> None:
    """The script."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", required=True, help="Of the study, as foi-analyze reads them.")
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="Of the choice.")
    parser.add_argument("plans", type=pathlib.Path, nargs="+")
    given = parser.parse_args()
    before = results.load(given.rows).set_index(_KEY).value
    plans = [pd.read_csv(path, sep="\t", dtype=str).set_index("line") for path in given.plans]
    # Chains are told from targets without a source by the task type behind the source's name.
    chains = [
        (plan, line)
        for plan in plans
        for line in plan.index[plan.command.str.match(r"foi-target .*--source=\S+:")]
    ]
    if given.count > len(chains):
        parser.error(f"--count={given.count}: the plans have {len(chains)} chains")
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
    """The command of that line, behind those it needs, split into words."""
    needs = plan.needs[line]
    before = [] if needs == "-" else needs.split(",")
    return [
        *(command for one in before for command in _with_needs(plan, one)),
        shlex.split(plan.command[line]),
    ]


if __name__ == "__main__":
    main()
