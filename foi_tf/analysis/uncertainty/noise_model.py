"""Says how sure each gain is: interval, probabilities and words, from one model of noise.

A run's log metric is a sum of effects of target, source and pair, of the run's noise (initial
weights, order and subset of images, machine) and of the noise of finite evaluation images. See
docs/statistics.md for the assumptions.
"""

import collections
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from etils import epath

from foi_tf.analysis.uncertainty import log_scale, verdicts
from foi_tf.analysis.uncertainty.chain_keys import BASELINE, CHAIN, POOL
from foi_tf.analysis.uncertainty.effect_model import EffectPosterior, ObservedEffects
from foi_tf.analysis.uncertainty.image_noise import ImageShares
from foi_tf.analysis.uncertainty.pool_columns import Pool, describe_pool
from foi_tf.analysis.uncertainty.run_noise import RunNoise, measure_noise
from foi_tf.analysis.uncertainty.selection import judge_best
from foi_tf.analysis.uncertainty.start_choice import draw_ratios
from foi_tf.analysis.uncertainty.target_runs import TargetRuns, add_images
from foi_tf.study.results import NO_SOURCE

NUMBERS = (
    "gain_low", "gain_high", "gain_shrunk", "p_better", "p_practical", "p_worse", "p_level",
    "more_seeds", "p_best", "gain_selected", "noise", "df",
)  # fmt: skip
DRAWS = 1000  # Ours.
Baselines = Mapping[tuple, Mapping[int, Mapping[str, Any]]]


class NoiseModel:
    """Tells how sure the gains of a study are.

    Attributes:
      pools: the runs that have the same noise, by the values of `POOL`.
    """

    def __init__(
        self,
        chains: pd.DataFrame,
        runs: pd.DataFrame,
        baselines: Baselines,
        images: Mapping[str, epath.Path] | None = None,
    ):
        """Fits the model.

        Args:
          chains: as `gains.mean_gains` returns them. Those with a text in `floor` do not count.
          runs: as `gains.add_gains` returns them.
          baselines: as `gains.find_baselines` returns them.
          images: as `foi_tf.study.image_statistics.find_statistics` returns them.

        Raises:
          FoiError: a file of image statistics is damaged or does not belong to its row.
        """
        self._chains = chains
        shares = ImageShares(images or {})
        grouped = {
            key: [add_images(one, shares) for one in targets]
            for key, targets in _group_runs(chains, runs, baselines).items()
        }
        own = {key: measure_noise(targets) for key, targets in grouped.items()}
        self.pools = {
            key: fit_pool(key, targets, borrow_noise(key, targets, own))
            for key, targets in grouped.items()
        }

    def columns(self) -> pd.DataFrame:
        """Returns what is known of each chain, in the order of the chains.

        The columns are:
        - `gain_low`, `gain_high`: the 95 % interval of the gain in %, of this chain alone;
        - `gain_shrunk`: the gain in % that remains when it borrows from other chains;
        - `p_better`, `p_practical`, `p_worse`: the probabilities of a gain above 0 %, above 2 %
          and below -2 %;
        - `p_level`: the probability of the chain's `level`;
        - `significant`: whether it has a star, see `verdicts.find_significant`;
        - `verdict`: one of `verdicts.VERDICTS`, or the text of its floor;
        - `more_seeds`: seeds that would probably settle it, 0 where it is settled, infinite where
          they are out of reach;
        - `noise`: standard deviation of a single run in %, `df`: degrees of freedom behind it;
        - `p_best`, `maybe_best`, `gain_selected`: see `selection.judge_best`;
        - `spread_from`: where the noise is known from, "" where it is unknown.
        """
        chains = self._chains
        has_gain = (chains.gain.notna() & (chains.source != NO_SOURCE)).to_numpy()
        levels = chains.level.to_numpy(object)
        columns = {name: np.full(len(chains), np.nan) for name in NUMBERS}
        columns |= {name: np.zeros(len(chains), bool) for name in ("maybe_best", "significant")}
        columns["verdict"] = np.where(has_gain, verdicts.UNKNOWN, "").astype(object)
        columns["spread_from"] = np.full(len(chains), "", object)
        for pool in self.pools.values():
            for known in (describe_pool(pool, levels), judge_best(pool)):
                place = known.pop("place", None)
                for name, values in known.items():
                    columns[name][place] = values
        found = pd.DataFrame(columns, chains.index)
        return found.assign(verdict=chains.floor.where(chains.floor != "", found.verdict))

    def draw_gains(self, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
        """Draws true gains in %, given all runs.

        Chains are drawn together, since they share effects and baselines. A gain whose noise is
        unknown is the same in each draw.

        Returns:
          [draws, chains] in the order of the chains; NaN for those without a gain or at a floor.
        """
        chains = self._chains
        gains = chains.gain.where(chains.floor == "").to_numpy(float)
        found = np.repeat(gains[None], draws, axis=0)
        rng = np.random.default_rng(seed)
        for pool in self.pools.values():
            for own, drawn in zip(pool.targets, draw_ratios(pool, draws, rng), strict=True):
                known = np.isfinite(drawn[0])
                places = np.array(own.places)[known]
                found[:, places] = log_scale.to_gain(drawn[:, known], pool.sign)
        return found


def _group_runs(
    chains: pd.DataFrame, runs: pd.DataFrame, baselines: Baselines
) -> dict[tuple[str, ...], list[TargetRuns]]:
    """Groups runs with a value by the values of `POOL`, and then by target."""
    counted = runs[runs.value.notna() & (runs.source != NO_SOURCE)]
    key = pd.MultiIndex.from_frame(chains[CHAIN])
    places = key.get_indexer(pd.MultiIndex.from_frame(counted[CHAIN]))
    kept = ["seed", "value", "digest", "target", "source", "source_type", *POOL]
    records = counted[kept].to_dict("records")
    floors = (chains.floor != "").to_numpy()
    found: dict = collections.defaultdict(lambda: collections.defaultdict(dict))
    for place, run in zip(places, records, strict=True):
        if not floors[place]:
            pool = found[tuple(run[name] for name in POOL)]
            pool[run["target"]].setdefault(place, []).append(run)
    return {
        pool: [
            TargetRuns(
                target,
                list(baselines.get(_baseline_key(pool, target), {}).values()),
                list(own.values()),
                list(own),
                np.zeros(len(own)),
            )
            for target, own in targets.items()
        ]
        for pool, targets in found.items()
    }


def _baseline_key(pool: tuple[str, ...], target: str) -> tuple[str, ...]:
    """Returns the `BASELINE` of a pool's target."""
    known = dict(zip(POOL, pool, strict=True)) | {"target": target}
    return tuple(known[name] for name in BASELINE)


def borrow_noise(
    key: tuple[str, ...], targets: Sequence[TargetRuns], own: Mapping[tuple, RunNoise | None]
) -> RunNoise | None:
    """Returns the noise of a pool, from another setting where all its seeds are single."""
    found = own[key]
    if found is not None and not found.bound:
        return found
    place = POOL.index("setting")
    others = {
        other[place]: noise
        for other, noise in own.items()
        if noise is not None
        and not noise.bound
        and other[:place] + other[place + 1 :] == key[:place] + key[place + 1 :]
    }
    if not others:
        return found
    setting = max(others, key=lambda name: others[name].df)
    return measure_noise(targets, others[setting], setting)


def fit_pool(key: tuple[str, ...], targets: Sequence[TargetRuns], noise: RunNoise | None) -> Pool:
    """Fits the effects of a pool's chains that have a source, a gain and a known noise.

    Args:
      key: the values of `POOL`.
      targets: the runs of each target.
      noise: as `measure_noise` returns it for them.
    """
    empty = np.zeros(0, int)
    sign = targets[0].sign
    if noise is None:
        return Pool(key, targets, noise, empty, sign, None, None)
    chosen = [one.sourced & np.isfinite(one.ratios) for one in targets]
    known = [i for i, one in enumerate(chosen) if one.any()]
    if not known:
        return Pool(key, targets, noise, empty, sign, None, None)

    def join(parts: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate([parts[i][chosen[i]] for i in known])

    sources = join(
        [
            np.array([f"{runs[0]['source']}:{runs[0]['source_type']}" for runs in one.chains])
            for one in targets
        ]
    )
    errors = noise.targets
    seen = ObservedEffects(
        ratio=join([one.ratios for one in targets]),
        own=join([one.own for one in errors]),
        typical=join([one.typical for one in errors]),
        shared=np.array([errors[i].shared for i in known]),
        target=np.repeat(np.arange(len(known)), [chosen[i].sum() for i in known]),
        source=np.unique(sources, return_inverse=True)[1],
        df=join([one.df for one in errors]),
    )
    places = join([np.array(one.places) for one in targets])
    return Pool(key, targets, noise, places, sign, seen, EffectPosterior(seen))
