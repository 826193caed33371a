"""Runs chains of the study from ImageNet weights again, and compares their rows bit for bit.

  python -m studies.imagenet_again --work=WORK [--rows=ROWS] [--count=10] [--draw=0]

WORK is that of `studies.imagenet_runs`, on the same machine. Chains with a source are drawn among
the rows that were made there. They start from the source models that are there, in a new working
directory, at the learning rates of ROWS, by default studies/imagenet. Prints a line for each, and
exits with 1 if any metric differs.
"""

import argparse
import pathlib
import random
import sys

import pandas as pd

from foi_tf.study import results
from foi_tf.study.results import EXTRA
from studies.imagenet_parts import PARTS, STUDY
from studies.imagenet_rows import KEPT, RUN, KeptRows, TargetRun
from studies.imagenet_runs import run_commands, write_commands


def link_models(before: pathlib.Path, after: pathlib.Path) -> None:
    """Lets a working directory have the source models of another one."""
    (after / "links").mkdir(parents=True, exist_ok=True)
    for model in before.glob("links/*"):
        place = after / "links" / model.name
        if (model / "selected_none.json").exists() and not place.exists():
            place.symlink_to(model)


def compare(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Compares the metrics of rows of the same runs.

    Returns:
      A row for each run of `after` with the columns `RUN`, the value `before` and `after`, and
      whether all metrics are the `same`.
    """
    metrics = ["value", *(name for name in after if name.startswith(EXTRA))]
    both = after[[*RUN, *metrics]].merge(before[[*RUN, *metrics]], on=RUN, suffixes=("", "_before"))
    pairs = [(both[name], both[f"{name}_before"]) for name in metrics]
    same = [(one == other) | (one.isna() & other.isna()) for one, other in pairs]
    return both[RUN].assign(
        before=both.value_before, after=both.value, same=pd.concat(same, axis=1).all(axis=1)
    )


def main() -> None:
    """Runs the program."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=pathlib.Path, required=True, help="Working directory.")
    parser.add_argument("--rows", type=pathlib.Path, default=KEPT.directory, help="Kept rows.")
    parser.add_argument("--count", type=int, default=10, help="Number of chains.")
    parser.add_argument("--draw", type=int, default=0, help="Seed of the choice of chains.")
    given = parser.parse_args()
    part, work, again = PARTS[STUDY], given.work / STUDY, given.work / "again"
    rows = results.load(work / "results")
    made = rows[(rows.setting == part.setting) & (rows.source_type != "")]
    drawn = random.Random(given.draw).sample(sorted(made[RUN].itertuples(index=False)), given.count)
    link_models(work, again)
    rates, commands = KeptRows(given.rows).choose_rates(), []
    for one in drawn:
        run = TargetRun(
            f"{one.target}:{one.target_type}", f"{one.source}:{one.source_type}", one.seed
        )
        *_, command = write_commands(part, [run], given.work / "data", again, rates)
        commands.append(command)
    if run_commands(commands):
        sys.exit("some runs failed; see above")
    found = compare(rows, results.load(again / "results"))
    print(found.to_csv(sep="\t", index=False), end="")
    if len(found) < given.count or not found.same.all():
        sys.exit(1)


if __name__ == "__main__":
    main()
