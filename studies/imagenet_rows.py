"""Keeps the rows of the study from ImageNet weights, and tells which runs lack one."""

import dataclasses
import functools
import json
import math
import pathlib
from collections.abc import Container, Iterable

import pandas as pd

from foi_tf import files
from foi_tf.study import results
from foi_tf.study.dataset import Task
from foi_tf.study.metrics import Metric, get_metric
from foi_tf.study.results import NO_SOURCE
from studies.imagenet_parts import PARTS, STUDY, Part

RATES = ("rates", "rates_outer", "rates_upper")  # Parts that choose learning rates.
# Tells the runs of a part from each other.
RUN = ["target", "target_type", "source", "source_type", "setting", "seed"]


@dataclasses.dataclass(frozen=True)
class TargetRun:
    """Names a run of a target: the task, its start and the seed."""

    target: str
    start: str
    seed: int


def plan_target(part: Part, target: str, kept: Container[tuple] = ()) -> list[TargetRun]:
    """Lists the runs of a target whose rows are not kept, those of a seed together.

    Args:
      kept: values of `RUN` of the rows that are kept.
    """
    every = [TargetRun(target, start, seed) for seed in part.seeds for start in part.starts[target]]
    every += [TargetRun(target, NO_SOURCE, seed) for seed in part.baseline_seeds]
    return [run for run in every if _identify(part, run) not in kept]


def _identify(part: Part, run: TargetRun) -> tuple:
    """Returns the values of `RUN` of a run's row."""
    target = Task.parse(run.target)
    source = Task.parse(run.start) if ":" in run.start else Task(run.start, "")
    return target.dataset, target.type, source.dataset, source.type, part.setting, run.seed


@dataclasses.dataclass(frozen=True)
class KeptRows:
    """The rows of all parts in a directory, a CSV file a part.

    Attributes:
      directory: the directory.
    """

    directory: pathlib.Path

    def find_path(self, name: str) -> pathlib.Path:
        """Returns the path of a part's rows; those of the study are named as in other studies."""
        return self.directory / f"{'results' if name == STUDY else name}.csv"

    def load(self, name: str) -> pd.DataFrame | None:
        """Loads the rows of a part; None where there are none yet."""
        path = self.find_path(name)
        return results.load(path) if path.exists() else None

    def load_all(self, names: Iterable[str]) -> pd.DataFrame | None:
        """Loads the rows of some parts together; None where none of them has any."""
        found = [rows for name in names if (rows := self.load(name)) is not None]
        return pd.concat(found, ignore_index=True) if found else None

    def find(self, name: str) -> set[tuple]:
        """Finds the values of `RUN` of all rows of a part."""
        rows = self.load(name)
        return set() if rows is None else set(rows[RUN].itertuples(index=False, name=None))

    def add(self, name: str, directory: pathlib.Path) -> None:
        """Adds a part's rows of a working directory to the kept ones, which stay as they are."""
        if not directory.is_dir() or not any(directory.glob("*.json")):
            return
        part, found = PARTS[name], results.load(directory)
        runs = [run for target in part.starts for run in plan_target(part, target)]
        planned = {_identify(part, run) for run in runs}
        found = found[[run in planned for run in found[RUN].itertuples(index=False, name=None)]]
        if found.empty:  # Source models, or runs of other parts.
            return
        kept = self.load(name)
        if kept is not None:
            found = pd.concat([kept, found])
        found = found.drop_duplicates(RUN)
        self.directory.mkdir(parents=True, exist_ok=True)
        files.write_text(self.find_path(name), results.to_csv(found.sort_values(RUN)))

    def choose_rates(self) -> dict[tuple[str, str], float]:
        """Chooses learning rates by the rows of `RATES`, see `choose_rates`."""
        rows = self.load_all(RATES)
        return {} if rows is None else choose_rates(rows)


KEPT = KeptRows(pathlib.Path(__file__).parent / "imagenet")


@functools.cache
def load_kept(name: str) -> pd.DataFrame:
    """Loads the rows of a part that is kept here, once."""
    rows = KEPT.load(name)
    assert rows is not None
    return rows


def choose_rates(rows: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Chooses a learning rate for random weights and one for ImageNet, by task type.

    The best mean log metric over targets decides, among the rates that all of them tried. A target
    whose best metric is below the least that tells anything does not count.

    Args:
      rows: of the parts that choose rates.

    Returns:
      The rates by task type and start.
    """
    tried = [
        (row["target_type"], row["source"], row["target"], float(rate), value, row["metric"])
        for row in rows.to_dict("records")
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
