"""Finds runs whose gain means nothing, since they or what they rest on are at a floor (ours).

A floor is the metric of a network that learnt nothing: that of the best constant prediction, which
rows carry, or an average precision of nearly 0. A gain over such a baseline, or of a source that
learnt nothing, says nothing about the source. Chains at a floor are shown, and never ranked.
"""

import collections
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from foi_tf.study import grid, metrics, results

# Ours, as the paper's level of a clear effect: a metric that is at most 2 % better than that of a
# constant prediction is at its floor, and a baseline is below random weights if these are at
# least 2 % better.
CLEAR = 0.02
AP_TEXT = f"AP below {metrics.LEAST_PRECISION:g}: a ratio means nothing"
DIVERGED = "diverged"
BELOW_RANDOM = "baseline below random weights"
NO_SOURCE_MODEL = "source learnt nothing"
_JOINED = "; "
_LISTED = 5  # A sentence lists at most so many sources.

Run = Mapping[str, Any]  # The values of a run's columns.


def find_floors(runs: pd.DataFrame, baselines: Sequence[Sequence[Run]]) -> list[str]:
    """Finds what each run's gain is at the floor by.

    Args:
      runs: `gains.best_runs`, those without a source among them.
      baselines: for each run, the runs that it is compared with.

    Returns:
      For each run the reasons in words, joined by "; ", such as "at the constant prediction
      (0.08)", "baseline diverged", "baseline below random weights" or "source learnt nothing:
      at the constant prediction (0.08)"; "" for a run whose gain counts. Chains from random
      weights are at a floor only if their baseline is.
    """
    records = [{str(name): value for name, value in run.items()} for run in runs.to_dict("records")]
    own = [describe_run_floor(run) for run in records]
    without_source = [
        run for run in records if run["source"] == results.NO_SOURCE and run["source_type"] == ""
    ]
    diverged = {_study_of(run) for run in without_source if math.isnan(run["value"])}
    weak = _find_weak_baselines(records)
    models = _find_source_models(without_source)
    found = []
    for run, reason, against in zip(records, own, baselines, strict=True):
        # That random weights learn nothing is an outcome, against which baselines are held.
        reasons = [reason] * (run["source"] != results.SCRATCH or math.isnan(run["value"]))
        if run["source"] != results.NO_SOURCE:
            of_baseline = [describe_run_floor(one) for one in against]
            if _study_of(run) in diverged:
                of_baseline.append(DIVERGED)
            reasons += [x if x == AP_TEXT else f"baseline {x}" for x in of_baseline if x]
        if run["source_type"]:
            reasons += [BELOW_RANDOM] * (_study_of(run) in weak)
            reasons.append(_describe_source(run, models))
        found.append(_JOINED.join(dict.fromkeys(x for x in reasons if x)))
    return found


def describe_run_floor(run: Run) -> str:
    """Says by what a single run is at the floor; "" if it learnt something.

    Args:
      run: the values of its columns.
    """
    constant = run.get(results.EXTRA + metrics.CONSTANT + run["metric"], math.nan)
    return describe_floor(run["metric"], run["value"], constant)


def describe_own_floor(run: Run) -> str:
    """Says by what a run is at a floor, whatever its baseline is; "" if it can be ranked.

    Args:
      run: the values of its columns, with `floor` as `find_floors` returns it.
    """
    reasons = run.get("floor", "").split(_JOINED)
    of_source = [reason for reason in reasons if reason.startswith(NO_SOURCE_MODEL)]
    return _JOINED.join(filter(None, [describe_run_floor(run), *of_source]))


def describe_floor(metric: str, value: float, constant: float = math.nan) -> str:
    """Says by what a value is at the floor; "" if it is better.

    Args:
      metric: name of the metric.
      value: the metric of a network.
      constant: that of the best constant prediction on the same images; NaN if it is not known.
    """
    if math.isnan(value):
        return DIVERGED
    if value < metrics.get_metric(metric).least:
        return AP_TEXT
    if not constant > 0:
        return ""
    ahead = value / constant - 1 if metrics.higher_is_better(metric) else 1 - value / constant
    if ahead > CLEAR:
        return ""
    return f"{'at' if ahead >= -CLEAR else 'below'} the constant prediction ({constant:.3g})"


def merge_floors(floors: Iterable[str]) -> str:
    """Returns the reasons of a chain from those of its seeds, with how many seeds have each.

    A chain is at a floor if any of its seeds is, since that seed decides on its mean.
    """
    by_seed = [floor.split(_JOINED) if floor else [] for floor in floors]
    counts = collections.Counter(reason for reasons in by_seed for reason in reasons)
    return _JOINED.join(
        reason if count == len(by_seed) else f"{reason} in {count} of {len(by_seed)} seeds"
        for reason, count in counts.items()
    )


def list_floors(chains: pd.DataFrame) -> list[str]:
    """Lists what is at a floor: a sentence for each target and reason, and for each such source.

    Args:
      chains: as `gains.mean_gains` returns them.
    """
    by_target: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    sources: set[tuple[str, str]] = set()
    for chain in chains[chains.floor != ""].to_dict("records"):
        source = ":".join(filter(None, (chain["source"], chain["source_type"])))
        backbone = chain["backbone"]
        target = f"{chain['target']}:{chain['target_type']} ({chain['setting']}, {backbone})"
        for reason in chain["floor"].split(_JOINED):
            if reason.startswith(NO_SOURCE_MODEL):
                sources.add((f"{source} ({backbone})", reason))
            else:
                by_target[target, reason].append(source)
    return [
        *(f"{name} from {_list(own)}: {why}" for (name, why), own in sorted(by_target.items())),
        *(f"{name} as a source: {why}" for name, why in sorted(sources)),
    ]


def _list(names: Iterable[str]) -> str:
    """Lists the first `_LISTED` names, and counts the others."""
    every = sorted(set(names))
    more = f" and {len(every) - _LISTED} more" if len(every) > _LISTED else ""
    return ", ".join(every[:_LISTED]) + more


def _study_of(run: Run) -> tuple[Any, ...]:
    """Returns what a run shares with its baseline; `gains.best_runs` keeps settings by target."""
    return _target_of(run), run["family"]


def _target_of(run: Run) -> tuple[Any, ...]:
    """Returns the target task, its training images, the backbone and the metric of a run."""
    setting = grid.target_setting(run["setting"])
    return run["target"], run["target_type"], setting, run["backbone"], run["metric"]


def _find_weak_baselines(runs: Sequence[Run]) -> set[tuple[Any, ...]]:
    """Finds the baselines that random weights are clearly better than, by their means."""
    values: dict[tuple[Any, ...], list[float]] = collections.defaultdict(list)
    random: dict[tuple[Any, ...], list[float]] = collections.defaultdict(list)
    for run in runs:
        if math.isnan(run["value"]):
            continue
        if run["source"] == results.SCRATCH:
            random[_target_of(run)].append(run["value"])
        elif run["source"] == results.NO_SOURCE and run["source_type"] == "":
            values[_study_of(run)].append(run["value"])
    found = set()
    for key, own in values.items():
        target, _ = key
        mean = float(np.mean(own))
        if not mean > 0 or target not in random:
            continue
        ahead = float(np.mean(random[target])) / mean - 1
        if (ahead if metrics.higher_is_better(target[-1]) else -ahead) > CLEAR:
            found.add(key)
    return found


def _find_source_models(without_source: Sequence[Run]) -> dict[tuple[Any, ...], list[Run]]:
    """Finds the rows of source models by task, backbone, initial weights and training images.

    A source model of one task on all its images is that task's chain without a source.
    """
    found: dict[tuple[Any, ...], list[Run]] = collections.defaultdict(list)
    for run in without_source:
        task = run["target"], run["target_type"]
        found[(*task, run["backbone"], run["init"], run["n_target"])].append(run)
    return found


def _describe_source(run: Run, models: Mapping[tuple[Any, ...], Sequence[Run]]) -> str:
    """Says that the source model of a chain learnt nothing; "" if it did, or is not known."""
    value = run.get(results.EXTRA + results.SOURCE_VALUE, math.nan)
    if not math.isnan(value):
        constant = run.get(results.EXTRA + results.SOURCE_CONSTANT, math.nan)
        floor = describe_floor(metrics.OF_TASK_TYPE[run["source_type"]], value, constant)
        return _without_source_model(floor)
    task = run["source"], run["source_type"]
    own = models.get((*task, run["backbone"], run["init"], run["n_source"]), [])
    floors = [describe_run_floor(one) for one in own]
    return _without_source_model(floors[0]) if floors and all(floors) else ""


def _without_source_model(floor: str) -> str:
    """Returns the reason of a chain whose source model is at a floor; "" for none."""
    return f"{NO_SOURCE_MODEL}: {floor.partition(':')[0]}" if floor else ""
