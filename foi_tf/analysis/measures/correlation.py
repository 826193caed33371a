"""Measures how well gains follow what is known before a transfer (Section 6, Table 10).

The measure is Kendall's tau. Each factor is signed so that more of it should be better. A
positive tau thus means that a factor acts as the paper expects; nearness is minus the distance.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from foi_tf.analysis.measures import distance
from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.measures.summary import TARGET, same_domain
from foi_tf.analysis.uncertainty.verdicts import LEVEL
from foi_tf.errors import FoiError

SIZE, SAME_DOMAIN = "source_size", "same_domain"
RESAMPLES = 1000  # Draws for an interval, and permutations for a p-value; ours.


def join_factors(chains: pd.DataFrame, distances: pd.DataFrame) -> pd.DataFrame:
    """Joins the transfers that have a gain and distances with the factors that may explain it.

    Args:
      chains: of one setting, backbone and family, as `gains.with_gains` returns them.
      distances: as `distance.distances` returns them.

    Returns:
      One row a transfer: target, target_type, source, source_type, `gain`, and the factors:
      for each assignment minus the distance, `source_size` (training images) and
      `same_domain` (0 or 1; multi-source models count as within the domain).

    Raises:
      FoiError: no transfer has both.
    """
    tried = transfers(chains)
    tried = tried[tried.gain.notna()]
    wide = -distances.pivot(index=["target", "source"], columns="distance", values="value")
    same = same_domain(tried)
    columns = [*TARGET, "source", "source_type", "gain"]
    found = tried[columns].assign(
        **{SIZE: tried.n_source.astype(float), SAME_DOMAIN: same.astype(float)}
    )
    found = found.merge(wide.reset_index(), on=["target", "source"], how="inner")
    if found.empty:
        raise FoiError(
            "no transfer with a gain is between datasets whose distance is known; "
            f"results name {_dataset_names(tried)}, features {_dataset_names(distances)}"
        )
    return found


def list_factors(pairs: pd.DataFrame) -> list[str]:
    """Lists the factors among the columns of `pairs`, with distances in the order of Table 10."""
    known = (*distance.ASSIGNMENTS, SIZE, SAME_DOMAIN)
    return [name for name in known if name in pairs]


def kendall_tau(first: np.ndarray, second: np.ndarray) -> float:
    """Returns Kendall's tau-b; NaN where either side is constant."""
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(stats.kendalltau(first, second).statistic)


def tau_of_known(first: pd.Series, second: pd.Series) -> dict[str, float]:
    """Returns `kendall_tau` over the pairs without NaN as `tau`, and their number as `count`."""
    one, other = first.to_numpy(float), second.to_numpy(float)
    both = ~(np.isnan(one) | np.isnan(other))
    return {"tau": kendall_tau(one[both], other[both]), "count": int(both.sum())}


def tau_of_nearness(
    chains: pd.DataFrame, distances: pd.DataFrame, assignment: str
) -> dict[str, float]:
    """Returns `tau_of_known` of gain and nearness, over the chains that have both.

    It is positive where nearer sources gain more.

    Args:
      distances: as `distance.distances` returns them.
      assignment: the distance to take, as `distances` names it.
    """
    own = distances[distances.distance == assignment]
    by_pair = dict(zip(zip(own.target, own.source, strict=True), own.value, strict=True))
    known = chains[chains.gain.notna()]
    pairs = zip(known.target, known.source, strict=True)
    nearness = pd.Series([-by_pair.get(pair, np.nan) for pair in pairs], dtype=float)
    return tau_of_known(nearness, known.gain)


def tau_over_all(
    pairs: pd.DataFrame, names: Sequence[str], *, seed: int = 0, resamples: int = RESAMPLES
) -> pd.DataFrame:
    """Computes tau of each factor with the gain over all pairs, as Table 10.

    The paper prints no uncertainty; both measures of it are ours. Pairs of one target are
    no independent samples, so whole targets are resampled for the interval; with a single
    target, its pairs. The p-value tests the hypothesis that within a target it does not
    matter which source is which: gains are exchanged among the sources of each target.

    Returns:
      One row a factor: `factor`, `tau`, `low` and `high` (95 %, percentile bootstrap),
      `p_value` (two-sided), `pairs`, `targets`.
    """
    groups = [np.asarray(places) for places in pairs.groupby(TARGET).indices.values()]
    rng = np.random.default_rng(seed)
    gains = pairs.gain.to_numpy()
    drawn = [_resample(groups, rng) for _ in range(resamples)]
    shuffled = [_exchange(groups, rng) for _ in range(resamples)]
    rows = []
    for name in names:
        factor = pairs[name].to_numpy(float)
        observed = kendall_tau(factor, gains)
        again = [kendall_tau(factor[chosen], gains[chosen]) for chosen in drawn]
        null = [kendall_tau(factor, gains[order]) for order in shuffled]
        low, high = _interval(again)
        rows.append((name, observed, low, high, _p_value(observed, null), len(pairs), len(groups)))
    columns = ["factor", "tau", "low", "high", "p_value", "pairs", "targets"]
    return pd.DataFrame(rows, columns=columns)


def tau_by_target(pairs: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Computes tau of each factor over the sources of each target.

    Returns:
      One row a target and factor: `target`, `target_type`, `factor`, `tau`, `pairs`. Tau is NaN
      where all gains of the target are equal.
    """
    rows = [
        (*target, name, kendall_tau(own[name].to_numpy(float), own.gain.to_numpy()), len(own))
        for target, own in pairs.groupby(TARGET)
        for name in names
    ]
    return pd.DataFrame(rows, columns=[*TARGET, "factor", "tau", "pairs"])


def _resample(groups: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Draws places of pairs with replacement: whole targets, or the pairs of the only one."""
    if len(groups) == 1:
        return rng.choice(groups[0], len(groups[0]))
    chosen = rng.integers(0, len(groups), len(groups))
    return np.concatenate([groups[i] for i in chosen])


def _exchange(groups: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Returns an order of all pairs in which those of each target are shuffled among themselves."""
    order = np.empty(sum(map(len, groups)), np.intp)
    for places in groups:
        order[places] = rng.permutation(places)
    return order


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """Returns the percentile interval of the values that are not NaN."""
    known = np.asarray(values)
    known = known[~np.isnan(known)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _p_value(observed: float, null: Sequence[float]) -> float:
    """Returns twice the smaller tail, since the null distribution may be off center."""
    if np.isnan(observed):
        return float("nan")
    drawn = np.asarray(null)
    tail = min((drawn >= observed).sum(), (drawn <= observed).sum())
    return float(min(1.0, 2 * (1 + tail) / (1 + len(drawn))))


def _dataset_names(frame: pd.DataFrame) -> str:
    """Returns the names of all datasets in a frame as text."""
    return ", ".join(sorted({*frame.target, *frame.source})) or "none"
