"""Computes relative transfer gains (Section 4.2, Eq. 2) and their levels (Section 6).

`StudyAnalysis` calls these steps in order and keeps their results.
"""

import collections
import json
import math
from collections.abc import Hashable, Mapping
from typing import Any, cast

import numpy as np
import pandas as pd
from etils import epath
from numpy.typing import ArrayLike

from foi_tf.analysis.measures import floors, pretrainings
from foi_tf.analysis.uncertainty.chain_keys import BASELINE, CHAIN
from foi_tf.analysis.uncertainty.gain_levels import NEGATIVE, POSITIVE, VERY_POSITIVE, level
from foi_tf.analysis.uncertainty.noise_model import NoiseModel
from foi_tf.study import results
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES
from foi_tf.study.grid import target_setting
from foi_tf.study.metrics import higher_is_better

# The baseline has no source whose size could be limited, so one run serves both settings.
_LIMITED_SETTINGS = ("small_source",)
Baselines = dict[tuple[Hashable, ...], dict[int, dict[str, Any]]]  # By `BASELINE`, then by seed.


def relative_gain(
    value: ArrayLike, baseline: ArrayLike, higher_is_better: bool
) -> float | np.ndarray:
    """Returns how much better a value is than the baseline, in % of the baseline (Eq. 2).

    Args:
      value: the metric of the chain with a source.
      baseline: the metric of ILSVRC'12 -> target; arrays broadcast against `value`.
      higher_is_better: False turns the sign, as for depth.

    Returns:
      The gain, positive for an improvement; NaN where the baseline is 0 or either is NaN.
    """
    value, baseline = np.asarray(value, float), np.asarray(baseline, float)
    ratio = value / np.where(baseline > 0, baseline, np.nan)
    return ((ratio - 1) * 100 if higher_is_better else (1 - ratio) * 100)[()]


def best_runs(rows: pd.DataFrame, limited: str = "") -> pd.DataFrame:
    """Selects for each chain and seed the run with the best learning rate.

    The metric itself decides, as in the paper ("we selected the best model from three
    learning rates", Section 4.2). Pre-training rows are left out, since they are no chains. A chain
    without a source counts for `target_setting` of its setting. Where both settings have such a
    run, only one of them counts; the better of two repetitions would have an advantage.

    Args:
      rows: result rows as `foi_tf.study.results.load` returns them.
      limited: the setting whose run counts in that case; by default its `target_setting`.

    Returns:
      The selected rows with three more columns: `learning_rates`, how many the chain and seed
      tried; `digest`, the name of the row's file; and `family`, the initial weights of the
      baseline that the chain is compared with. The family is `init`, but for chains from scratch
      it is ILSVRC'12, or the only other initial weights of their backbone. `init` has a digest
      where rows rest on several pre-trainings of one name, see `pretrainings.tell_apart`.
    """
    frame = results.fill_optional(rows[rows.target_type.isin(STRUCTURED_TASK_TYPES)])
    frame["digest"] = [results.row_digest(row) for row in _records(frame)]
    has_source = frame.source_type != ""
    setting = frame.setting.where(has_source, frame.setting.map(target_setting))
    own = frame.setting == (limited or setting)
    frame["setting"] = setting
    scratch = frame.source == results.SCRATCH
    frame["init"] = pretrainings.tell_apart(frame)
    others = frame[~scratch]
    families = {
        x: pretrainings.choose_family(own) for x, own in others.init.groupby(others.backbone)
    }
    of_backbone = frame.backbone.map(families).fillna(results.NO_SOURCE)
    frame["family"] = frame.init.where(~scratch, of_backbone)
    frame["init"] = frame.init.where(~scratch, results.SCRATCH)
    run = [*CHAIN, "seed"]
    frame = frame.loc[own.sort_values(ascending=False, kind="stable").index]
    frame = frame[own[frame.index] | ~frame.duplicated([*run, "learning_rate"])]
    by_run = frame.groupby(run)
    with_rows = by_run.learning_rate.transform("nunique")
    candidates = frame.candidates.map(json.loads).map(len)  # Tried without a row of their own.
    without_rows = candidates.groupby(by_run.ngroup()).transform("max")
    frame["learning_rates"] = np.maximum(with_rows, without_rows)
    sign = np.array([1.0 if higher_is_better(metric) else -1.0 for metric in frame.metric])
    # A diverged run is kept only where every learning rate diverged.
    order = (sign * frame.value).sort_values(ascending=False, na_position="last", kind="stable")
    return frame.loc[order.index].drop_duplicates(run).sort_values(run, ignore_index=True)


def find_baselines(rows: pd.DataFrame, runs: pd.DataFrame) -> Baselines:
    """Finds the runs without a source that chains are compared with.

    Args:
      rows: result rows as `foi_tf.study.results.load` returns them.
      runs: the `best_runs` of `rows`.

    Returns:
      The baseline runs by `BASELINE`, whose setting is that of the chains, and by seed.
    """
    found: Baselines = collections.defaultdict(dict)
    for limited in ("", *_LIMITED_SETTINGS):
        own = best_runs(rows, limited) if limited else runs
        own = own[(own.source == results.NO_SOURCE) & own.value.notna()]
        if limited:
            own = own[own.setting == target_setting(limited)].assign(setting=limited)
        for run in _records(own):
            found[tuple(run[name] for name in BASELINE)][run["seed"]] = run
    return dict(found)


def add_gains(runs: pd.DataFrame, baselines: Baselines) -> pd.DataFrame:
    """Adds to each run its baseline and its gain over it.

    The baseline is the mean over all seeds of the chain without a source of the same target,
    target setting, backbone and family. A single run of it would leave its noise in every gain.
    Limited sources are compared with baselines that were run beside them where there are some:
    those have the same initial weights, to the last bit.

    Args:
      runs: as `best_runs` returns them.
      baselines: as `find_baselines` returns them.

    Returns:
      One row a chain and seed, with the columns `baseline`, `baseline_learning_rates`, `floor`
      (see `floors.find_floors`) and `gain` (%); NaN without a baseline or at a floor.
    """
    keys = [tuple(run[name] for name in BASELINE) for run in _records(runs)]
    against = [list(baselines.get(key, {}).values()) for key in keys]
    runs = runs.assign(
        baseline=[_mean([one["value"] for one in own]) for own in against],
        baseline_learning_rates=[
            max((one["learning_rates"] for one in own), default=math.nan) for own in against
        ],
        floor=floors.find_floors(runs, against),
    )
    gains = [
        relative_gain(value, baseline, higher_is_better(metric))
        for value, baseline, metric in zip(runs.value, runs.baseline, runs.metric, strict=True)
    ]
    return runs.assign(gain=np.array(gains, float)).assign(
        gain=lambda found: found.gain.mask(found.floor != "")
    )


def mean_gains(runs: pd.DataFrame) -> pd.DataFrame:
    """Averages the gains of each chain over its seeds.

    Args:
      runs: as `add_gains` returns them, or a part of those.

    Returns:
      The columns of `with_gains` but for those of `NoiseModel.columns`.
    """
    chains = (
        _with_effects(runs)
        .groupby(CHAIN)
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
            floor=("floor", floors.merge_floors),
        )
        .reset_index()
    )
    return chains.assign(level=[level(gain) for gain in chains.gain])


def add_certainty(
    chains: pd.DataFrame,
    runs: pd.DataFrame,
    baselines: Baselines,
    images: Mapping[str, epath.Path] | None = None,
) -> pd.DataFrame:
    """Adds to each chain how sure its gain is: `NoiseModel.columns` of the same arguments."""
    return chains.join(NoiseModel(chains, runs, baselines, images).columns())


def with_gains(rows: pd.DataFrame, images: Mapping[str, epath.Path] | None = None) -> pd.DataFrame:
    """Computes the mean value, baseline and gain of each chain over its seeds.

    It takes the rows as they are; `StudyAnalysis` leaves out those that contradict the rest.

    Args:
      rows: result rows as `foi_tf.study.results.load` returns them.
      images: as `foi_tf.study.image_statistics.find_statistics` returns them.

    Returns:
      One row a chain: `CHAIN`, `family`, domains, `n_source`, `n_target`, `value`, `baseline`,
      `gain` (%), the sample standard deviations `value_std` and `gain_std` (NaN for a
      single seed), `seeds` (that ended with a value), `level` of the mean gain, the
      columns of `NoiseModel.columns`, and how many learning rates chain and baseline tried. A
      mean over seeds is less noisy than a single run. Further columns therefore let chains of one
      and of several seeds be counted together: the shares of seeds that are `positive`,
      `very_positive` and `negative`, and `gain_size`, the mean absolute gain of the seeds.
      `floor` says why the gain of a chain means nothing, see `floors.find_floors`; such chains
      have no gain, so that nothing ranks or counts them. All gain columns are NaN, and `level` is
      "", at a floor, or where the baseline is missing or 0; `without_gain` selects those chains.

    Raises:
      FoiError: a file of image statistics is damaged or does not belong to its row.
    """
    best = best_runs(rows)
    baselines = find_baselines(rows, best)
    runs = add_gains(best, baselines)
    return add_certainty(mean_gains(runs), runs, baselines, images)


def transfers(chains: pd.DataFrame) -> pd.DataFrame:
    """Selects the chains with a source: all but baselines and chains from scratch."""
    return chains[chains.source_type != ""]


def without_gain(chains: pd.DataFrame) -> pd.DataFrame:
    """Selects the chains that have a value, but no gain."""
    return chains[chains.gain.isna() & chains.value.notna()]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Returns each row as its values by column."""
    return cast(list[dict[str, Any]], frame.to_dict("records"))


def _with_effects(runs: pd.DataFrame) -> pd.DataFrame:
    """Adds the effect of each seed; a chain loses all where one seed has none, or diverged."""
    lost = ((runs.floor != "") | (runs.value.notna() & runs.gain.isna())).groupby(
        [runs[x] for x in CHAIN]
    )
    runs = runs.assign(gain=runs.gain.mask(lost.transform("any")))
    counted = runs.gain.notna()
    return runs.assign(
        gain_size=runs.gain.abs(),
        positive=(runs.gain > POSITIVE).astype(float).where(counted),
        very_positive=(runs.gain > VERY_POSITIVE).astype(float).where(counted),
        negative=(runs.gain < NEGATIVE).astype(float).where(counted),
    )


def _mean(values: list[float]) -> float:
    """Returns the mean; NaN of no values."""
    return float(np.mean(values)) if values else math.nan
