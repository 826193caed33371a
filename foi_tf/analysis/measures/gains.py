"""Relative transfer gains (Section 4.2, Eq. 2) and their levels (Section 6)."""

import collections
import json
import math
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from etils import epath
from numpy.typing import ArrayLike

from foi_tf.analysis.measures import gain_intervals
from foi_tf.study import results as rows
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES
from foi_tf.study.metrics import higher_is_better

VERY_POSITIVE, POSITIVE, NEGATIVE = 10.0, 2.0, -2.0  # Percent, Section 6.

# What has to agree for two runs to belong to the same chain.
CHAIN = [
    "target", "target_type", "source", "source_type", "setting", "backbone", "init", "metric",
]  # fmt: skip
# What a chain and its baseline share; of the setting, the target's part.
TARGET = ["target", "target_type", "setting", "backbone", "family", "metric"]

# The baseline has no source whose size could be limited, so one run serves both settings.
_TARGET_SETTING = {"small_source": "small"}
_Baselines = dict[tuple[Hashable, ...], dict[int, dict[str, Any]]]


def relative_gain(value: ArrayLike, baseline: ArrayLike, higher_is_better: bool) -> ArrayLike:
    """How much better than the baseline a value is, in % of the baseline (Eq. 2).

    Args:
      value: the metric of the chain with a source.
      baseline: the metric of ILSVRC'12 -> target; arrays broadcast against `value`.
      higher_is_better: False turns the sign, as for depth.

    Returns:
      The gain, positive for the better; NaN where the baseline is 0 or either is NaN.
    """
    value, baseline = np.asarray(value, float), np.asarray(baseline, float)
    ratio = value / np.where(baseline > 0, baseline, np.nan)
    return ((ratio - 1) * 100 if higher_is_better else (1 - ratio) * 100)[()]


def level(gain: float) -> str:
    """The level of a gain in %: "VP", "P", "I" or "N"; "" for NaN.

    "P" is above 2 and up to 10; the paper's percentages of P count VP too. The paper prints
    I as "2 <= r > -2"; we read -2 <= r <= 2.
    """
    if math.isnan(gain):
        return ""
    if gain > VERY_POSITIVE:
        return "VP"
    if gain > POSITIVE:
        return "P"
    return "N" if gain < NEGATIVE else "I"


def target_setting(setting: str) -> str:
    """The setting that trains on the same target images, without a limit on the source."""
    return _TARGET_SETTING.get(setting, setting)


def best_runs(results: pd.DataFrame, limited: str = "") -> pd.DataFrame:
    """Keeps of each chain and seed the run with the best learning rate.

    Chosen by the metric itself, as in the paper ("we selected the best model from three
    learning rates", Section 4.2). Pre-training rows are no chains and drop out; chains
    without a source count as `target_setting` of their setting; where both settings have a run,
    only one of them counts, lest it be the better of two repetitions.

    Args:
      results: a frame as `foi_tf.study.results.load` returns it.
      limited: the setting whose run it is then; by default `target_setting` of it.

    Returns:
      The rows that were kept, with `learning_rates`, how many the chain and seed tried,
      `digest`, the name of the row's file, and `family`: the initial weights whose baseline the
      chain is held against. That is `init`, but for chains from scratch ILSVRC'12, or the only
      other weights there are.
    """
    frame = results[results.target_type.isin(STRUCTURED_TASK_TYPES)].copy()
    frame["digest"] = [rows.row_digest(row) for row in frame.to_dict("records")]
    has_source = frame.source_type != ""
    setting = frame.setting.where(has_source, frame.setting.map(target_setting))
    own = frame.setting == (limited or setting)
    frame["setting"] = setting
    scratch = frame.source == rows.SCRATCH
    others = frame.init[~scratch].unique()
    family = others[0] if len(others) == 1 else rows.NO_SOURCE
    frame["family"] = frame.init.where(~scratch, family)
    frame["init"] = frame.init.where(~scratch, rows.SCRATCH)
    run = [*CHAIN, "seed"]
    frame = frame.loc[own.sort_values(ascending=False, kind="stable").index]
    frame = frame[own[frame.index] | ~frame.duplicated([*run, "learning_rate"])]
    by_run = frame.groupby(run)
    with_rows = by_run.learning_rate.transform("nunique")
    candidates = frame.candidates.map(json.loads).map(len)  # These have no rows of their own.
    of_runs = candidates.groupby(by_run.ngroup()).transform("max")
    frame["learning_rates"] = np.maximum(with_rows, of_runs)
    sign = np.array([1.0 if higher_is_better(metric) else -1.0 for metric in frame.metric])
    # A diverged run is kept only where every learning rate diverged.
    order = (sign * frame.value).sort_values(ascending=False, na_position="last", kind="stable")
    return frame.loc[order.index].drop_duplicates(run).sort_values(run, ignore_index=True)


def seed_gains(results: pd.DataFrame) -> pd.DataFrame:
    """Adds to each of the `best_runs` its baseline and its gain over it.

    The baseline is the chain without a source of the same target, target setting,
    backbone and family: its run with the same seed (`paired`), or the mean over its seeds
    where it has no such run. Where limited sources have such runs of their own, those are
    theirs: what was run together has the same initial weights, to the last bit.

    Returns:
      One row a chain and seed, with the columns `baseline`, `baseline_learning_rates`,
      `paired` and `gain` (%); NaN without a baseline.
    """
    runs = best_runs(results)
    baselines = _baselines(results)
    found = [_baseline(run, baselines) for run in runs.to_dict("records")]
    runs[["baseline", "baseline_learning_rates", "paired"]] = np.array(found).reshape(-1, 3)
    runs["paired"] = runs.paired.astype(bool)
    runs["gain"] = [
        relative_gain(value, baseline, higher_is_better(metric))
        for value, baseline, metric in zip(runs.value, runs.baseline, runs.metric, strict=True)
    ]
    return runs.astype({"gain": float})


def with_gains(
    results: pd.DataFrame, images: Mapping[str, epath.Path] | None = None
) -> pd.DataFrame:
    """Each chain's mean value, baseline and gain over its seeds.

    Args:
      results: a frame as `foi_tf.study.results.load` returns it.
      images: what `foi_tf.study.image_statistics.find_statistics` found beside them.

    Returns:
      One row a chain: `CHAIN`, `family`, domains, `n_source`, `n_target`, `value`, `baseline`,
      `gain` (%), the sample standard deviations `value_std` and `gain_std` (NaN for a
      single seed), `seeds` (that ended with a value), `level` of the mean gain, the
      interval of the gain (see `foi_tf.analysis.measures.gain_intervals`), and how many learning rates
      chain and baseline tried. Besides, what chains of one and of several seeds can be
      counted together by, since a mean over seeds is less noisy than a single run: the shares
      of seeds that are `positive`, `very_positive` and `negative`, and `gain_size`, their mean
      absolute gain. `gain` is NaN, as are those, and `level` "" where there is no baseline, or
      that of a seed is 0: `without_gain` lists those.

    Raises:
      FoiError: a file of image statistics is damaged or does not belong to its row.
    """
    runs = _with_effects(seed_gains(results))
    chains = _means(runs)
    chains["level"] = [level(gain) for gain in chains.gain]
    found_intervals = _intervals(runs, _baselines(results), gain_intervals.ImageDraws(images or {}))
    found = [found_intervals[tuple(chain)] for chain in chains[CHAIN].itertuples(index=False)]
    return chains.join(gain_intervals.intervals_frame(found, chains.index))


def mean_gains(runs: pd.DataFrame) -> pd.DataFrame:
    """What `with_gains` returns, without levels and intervals, of some of the `seed_gains`."""
    return _means(_with_effects(runs))


def transfers(chains: pd.DataFrame) -> pd.DataFrame:
    """The chains with a source: all but baselines and chains from scratch."""
    return chains[chains.source_type != ""]


def without_gain(chains: pd.DataFrame) -> pd.DataFrame:
    """The chains that no gain can be given for, of those that have a value."""
    return chains[chains.gain.isna() & chains.value.notna()]


def _means(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a chain, of runs with effects."""
    return (
        runs.groupby(CHAIN)
        .agg(
            family=("family", "first"),
            target_domain=("target_domain", "first"),
            source_domain=("source_domain", "first"),
            n_source=("n_source", "max"),
            n_target=("n_target", "max"),
            value=("value", "mean"),
            value_std=("value", "std"),
            seeds=("value", "count"),
            baseline=("baseline", "mean"),
            gain=("gain", "mean"),
            gain_std=("gain", "std"),
            gain_size=("gain_size", "mean"),
            positive=("positive", "mean"),
            very_positive=("very_positive", "mean"),
            negative=("negative", "mean"),
            learning_rates=("learning_rates", "max"),
            baseline_learning_rates=("baseline_learning_rates", "max"),
        )
        .reset_index()
    )


def _with_effects(runs: pd.DataFrame) -> pd.DataFrame:
    """Adds the effect of each seed. A chain that lacks the gain of one seed has none at all."""
    lost = (runs.value.notna() & runs.gain.isna()).groupby([runs[x] for x in CHAIN])
    runs = runs.assign(gain=runs.gain.mask(lost.transform("any")))
    counted = runs.gain.notna()
    return runs.assign(
        gain_size=runs.gain.abs(),
        positive=(runs.gain > POSITIVE).astype(float).where(counted),
        very_positive=(runs.gain > VERY_POSITIVE).astype(float).where(counted),
        negative=(runs.gain < NEGATIVE).astype(float).where(counted),
    )


def _intervals(
    runs: pd.DataFrame, baselines: _Baselines, draws: gain_intervals.ImageDraws
) -> dict[tuple[Hashable, ...], gain_intervals.GainInterval]:
    """The interval of each chain's gain, by `CHAIN`."""
    by_chain = collections.defaultdict(list)
    for run in runs.to_dict("records"):
        by_chain[tuple(run[name] for name in CHAIN)].append(run)
    found = collections.defaultdict(gain_intervals.GainInterval)
    for key, own in by_chain.items():
        own = [run for run in own if not math.isnan(run["gain"])]
        if not own or own[0]["source"] == rows.NO_SOURCE:
            continue
        by_seed = baselines[tuple(own[0][name] for name in TARGET)]
        paired = all(run["paired"] for run in own)
        against = [by_seed[run["seed"]] for run in own] if paired else list(by_seed.values())
        sign = 1.0 if higher_is_better(own[0]["metric"]) else -1.0
        found[key] = gain_intervals.chain_interval(own, against, draws, paired=paired, sign=sign)
    return found


def _baselines(results: pd.DataFrame) -> _Baselines:
    """By `TARGET`, whose setting is that of the chains, and seed: the runs without a source."""
    found = collections.defaultdict(dict)
    for limited in ("", *_TARGET_SETTING):
        runs = best_runs(results, limited)
        runs = runs[(runs.source == rows.NO_SOURCE) & runs.value.notna()]
        if limited:
            runs = runs[runs.setting == target_setting(limited)].assign(setting=limited)
        for run in runs.to_dict("records"):
            found[tuple(run[name] for name in TARGET)][run["seed"]] = run
    return dict(found)


def _baseline(run: dict[str, Any], baselines: _Baselines) -> tuple[float, float, bool]:
    """The baseline of a run, the learning rates it tried, and whether it is of the same seed."""
    by_seed = baselines.get(tuple(run[name] for name in TARGET))
    if by_seed is None:
        return math.nan, math.nan, False
    paired = run["seed"] in by_seed
    against = [by_seed[run["seed"]]] if paired else by_seed.values()
    values, tried = zip(*((one["value"], one["learning_rates"]) for one in against), strict=True)
    return np.mean(values), max(tried), paired
