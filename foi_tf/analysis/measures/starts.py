"""Collects what a target may start from: its sources, the pre-training and random weights (ours).

A start has all runs of one chain. One that is at a floor by itself is shown, and never ranked.
Gains are over the reference: the pre-training, or random weights where that is missing, at a floor,
or clearly worse.
"""

import collections
import dataclasses
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from foi_tf.analysis.measures import floors, pretrainings
from foi_tf.analysis.measures.gains import relative_gain
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.uncertainty.chain_keys import BASELINE, POOL
from foi_tf.study.grid import target_setting
from foi_tf.study.metrics import higher_is_better
from foi_tf.study.results import SCRATCH

RANDOM, PRETRAINING, SOURCE = "random", "pre-training", "source"

Run = Mapping[str, Any]  # The values of a run's columns.


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class StartRuns:
    """Holds the runs of one start.

    Attributes:
      name: a task such as "city:segmentation", the name of the pre-trained weights, or "scratch".
      kind: `RANDOM`, `PRETRAINING` or `SOURCE`.
      runs: the best run of each seed, those that diverged among them.
      seconds: mean duration of a seed with all its learning rates; NaN if rows do not tell.
      reason: why it is not ranked; "" if it is.
    """

    name: str
    kind: str
    runs: Sequence[Run]
    seconds: float
    reason: str

    @property
    def ended(self) -> list[Run]:
        """Returns the runs that ended with a value."""
        return [run for run in self.runs if not math.isnan(run["value"])]

    @property
    def value(self) -> float:
        """Returns the mean metric over seeds; NaN without any."""
        values = [run["value"] for run in self.ended]
        return float(np.mean(values)) if values else math.nan


@dataclasses.dataclass(frozen=True, eq=False)
class TargetStarts:
    """Holds all starts of one target, setting, backbone and pre-training.

    Attributes:
      key: the values of `BASELINE`.
      starts: without an order.
    """

    key: tuple[str, ...]
    starts: Sequence[StartRuns]

    @property
    def named(self) -> dict[str, str]:
        """Returns the values of `BASELINE` by column."""
        return dict(zip(BASELINE, self.key, strict=True))

    @property
    def pool_key(self) -> tuple[str, ...]:
        """Returns the values of `POOL`."""
        return tuple(self.named[name] for name in POOL)

    @property
    def ranked(self) -> list[StartRuns]:
        """Returns the starts that can be ranked."""
        return [start for start in self.starts if not start.reason]

    @property
    def reference(self) -> StartRuns | None:
        """Returns the start that others are compared with.

        A source stands in where no other start can be ranked; gains over it say nothing.
        """
        plain = {start.kind: start for start in self.ranked if start.kind != SOURCE}
        if len(plain) == 2:
            better = higher_is_better(self.named["metric"])
            ahead = relative_gain(plain[RANDOM].value, plain[PRETRAINING].value, better)
            return plain[RANDOM] if ahead > 100 * floors.CLEAR else plain[PRETRAINING]
        if plain:
            return next(iter(plain.values()))
        most = sorted(self.ranked, key=lambda start: (-len(start.ended), start.name))
        return most[0] if most else None


def collect_starts(analysis: StudyAnalysis) -> list[TargetStarts]:
    """Collects the starts of each target of a study, in the order of `BASELINE`.

    A setting that limits the images of sources is left out where the target also has starts
    without that limit.
    """
    seconds = _measure_seconds(analysis.rows)
    runs = analysis.seed_gains
    by_target: dict[tuple[str, ...], dict[str, list[Run]]] = {}
    for run in ({str(k): v for k, v in one.items()} for one in runs.to_dict("records")):
        own = by_target.setdefault(tuple(run[name] for name in BASELINE), {})
        own.setdefault(name_start(run), []).append(run)
    _share_random(by_target)
    return [
        TargetStarts(key, [_make_start(name, one, seconds) for name, one in own.items()])
        for key, own in sorted(_with_references(by_target, analysis), key=lambda found: found[0])
    ]


def _share_random(by_target: Mapping[tuple[str, ...], dict[str, list[Run]]]) -> None:
    """Adds random weights to each pre-training of a target; rows have them with one of these."""
    place = BASELINE.index("family")
    random = {
        (*key[:place], *key[place + 1 :]): own[SCRATCH]
        for key, own in by_target.items()
        if SCRATCH in own
    }
    for key, own in by_target.items():
        if runs := random.get((*key[:place], *key[place + 1 :])):
            own.setdefault(SCRATCH, runs)


def _with_references(
    by_target: Mapping[tuple[str, ...], dict[str, list[Run]]], analysis: StudyAnalysis
) -> Iterator[tuple[tuple[str, ...], dict[str, list[Run]]]]:
    """Yields the runs of each target, by `BASELINE`.

    Sources with limited images are held against the starts without a source of the full setting.
    """
    place = BASELINE.index("setting")
    limited = {}
    for key, own in by_target.items():
        full = (*key[:place], target_setting(key[place]), *key[place + 1 :])
        plain = by_target.get(full, {})
        if full == key or any(_kind_of(runs[0]) == SOURCE for runs in plain.values()):
            continue
        baseline = list(analysis.baselines.get(key, {}).values())
        beside: dict[str, list[Run]] = {}
        if baseline:
            beside[name_start(baseline[0])] = list[Run](baseline)
        limited[full] = key, plain | beside | own
    yield from limited.values()
    for key, own in by_target.items():
        if key not in limited and target_setting(key[place]) == key[place]:
            yield key, own


def _make_start(
    name: str, runs: Sequence[Run], seconds: Mapping[tuple[Any, ...], float]
) -> StartRuns:
    """Makes a start from its runs, and finds out whether it can be ranked."""
    first = runs[0]
    return StartRuns(
        name=name,
        kind=_kind_of(first),
        runs=runs,
        seconds=seconds.get(_seconds_key(first), math.nan),
        reason=floors.merge_floors(floors.describe_own_floor(run) for run in runs),
    )


def _kind_of(run: Run) -> str:
    """Returns the kind of a run's start."""
    if run["source_type"]:
        return SOURCE
    return RANDOM if run["source"] == SCRATCH else PRETRAINING


def name_start(run: Run) -> str:
    """Returns the name of a run's start."""
    if run["source_type"]:
        return f"{run['source']}:{run['source_type']}"
    return SCRATCH if run["source"] == SCRATCH else run["init"]


def _measure_seconds(rows: pd.DataFrame) -> dict[tuple[Any, ...], float]:
    """Returns the mean duration of a seed of each chain, by `_seconds_key`."""
    names = ["target", "target_type", "setting", "backbone", "source", "source_type", "init"]
    names += ["seed", "wall_seconds", "candidates", "selection", "pretraining"]
    total: dict[tuple[Any, ...], dict[tuple[Any, ...], float]] = collections.defaultdict(
        lambda: collections.defaultdict(float)
    )
    for row in rows[names].to_dict("records"):
        # A row that chose among learning rates has the seconds of the chosen link alone.
        links = max(len(json.loads(row["candidates"])), 1) + (row["selection"] == "holdout")
        # Runs of several settings, or of pre-trainings of one name, are no learning rates of one.
        run = row["seed"], row["setting"], row["pretraining"]
        total[_seconds_key(row)][run] += row["wall_seconds"] * links
    return {key: float(np.mean([*own.values()])) for key, own in total.items()}


def _seconds_key(run: Mapping[Any, Any]) -> tuple[Any, ...]:
    """Returns what tells the durations of chains apart."""
    setting = run["setting"] if run["source_type"] else target_setting(run["setting"])
    init = "" if run["source"] == SCRATCH else pretrainings.base_name(run["init"])
    kept = ("target", "target_type", "backbone", "source", "source_type")
    return (*(run[name] for name in kept), setting, init)
