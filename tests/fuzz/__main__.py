"""Tries every reader of the project with damaged files.

  python -m tests.fuzz --cases=10000 --seed=0 [--only=results]

Prints a line for each reader: cases, how many were refused and accepted, the slowest case in
seconds and the largest in MB. Exits with 1 if a case ended in a traceback, in silent damage, in
more than one line, or beyond 10 s or 1 GB.
"""

import argparse
import pathlib
import sys
import tempfile

from absl import logging

from tests.fuzz import harness
from tests.fuzz.targets import TARGETS


def main():
    """Runs the tool."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=10_000, help="Number of damaged files.")
    parser.add_argument("--seed", type=int, default=0, help="Seed of the damage.")
    parser.add_argument("--only", default="", help="Part of the names of the readers to try.")
    given = parser.parse_args()
    logging.set_verbosity(logging.FATAL)
    targets = [target for target in TARGETS if given.only in target.name]
    total = sum(target.weight for target in targets)
    faults, count = [], 0
    for target in targets:
        cases = max(1, round(given.cases * target.weight / total))
        with tempfile.TemporaryDirectory() as scrap:
            tally = harness.run_target(target, cases, given.seed, pathlib.Path(scrap, "x"))
        shown = ", ".join(f"{n} {name}" for name, n in sorted(tally.outcomes.items()))
        line = f"{target.name}\t{cases}\t{shown}\t{tally.slowest:.2f} s\t{tally.largest:.0f} MB"
        print(line, flush=True)
        for fault in tally.faults[:5]:
            print("   ", fault, flush=True)
        faults += tally.faults
        count += cases
    print(f"{count} cases, {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
