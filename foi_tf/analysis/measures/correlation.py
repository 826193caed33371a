"""Measures how well gains follow what is known before a transfer (Section 6, Table 10).

The measure is Kendall's tau. Each factor is signed so that more of it should be better. A
positive tau thus means that a factor acts as the paper expects; nearness is minus the distance.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from foi_tf.analysis.measures import distance, two_way
from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.measures.kendall import kendall_tau, tau_of_samples, tau_without_groups
from foi_tf.analysis.measures.summary import TARGET, same_domain
from foi_tf.analysis.measures.two_way import TwoWay
from foi_tf.errors import FoiError

SIZE, SAME_DOMAIN = "source_size", "same_domain"
RESAMPLES = 999  # Permutations for a p-value; ours.
# A factor is a property of one of these.
OF_SOURCE, OF_TARGET, OF_PAIR = "source", "target", "pair"
_ROUNDING = 1e-6  # Taus that differ by less are equal.
COLUMNS = [
    "factor", "property_of", "tau", "low", "high", "adjusted_tau", "p_value", "pairs", "targets",
    "sources",
]  # fmt: skip


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


def tau_over_all(
    pairs: pd.DataFrame, names: Sequence[str], *, seed: int = 0, resamples: int = RESAMPLES
) -> pd.DataFrame:
    """Computes tau of each factor with the gain over all pairs, as Table 10.

    The paper prints no uncertainty; all measures of it are ours. Targets and sources have effects
    of their own, so that pairs are no independent samples. The interval is by leaving out whole
    targets and whole sources. The p-value asks for more than tau does: whether the factor tells
    anything beyond the effects that it does not describe. A property of the source is compared
    with what the targets' effects leave of gains, and permuted among sources; one of the target the
    reverse; one of the pair is compared with what both leave, and both are permuted.

    Args:
      pairs: one row a pair: `summary.TARGET`, `source`, `source_type` if sources are of other
        types than their targets, `gain`, and the factors.
      names: the columns of the factors.
      seed: random seed of the permutations.
      resamples: their number.

    Returns:
      One row a factor: `factor`; `property_of`, "source", "target" or "pair"; `tau`; `low` and
      `high`, 95 %, see `two_way.jackknife_interval`; `adjusted_tau`, that of what the effects
      leave; `p_value` of `adjusted_tau` (two-sided); and over how many `pairs`, `targets` and
      `sources` that have the factor. NaN where it does not vary, or not beyond the effects.
    """
    rows = [_judge_factor(pairs, name, seed, resamples) for name in names]
    return pd.DataFrame(rows, columns=COLUMNS)


def find_property(factor: np.ndarray, design: TwoWay) -> str:
    """Tells whether a factor is a property of the source, of the target, or of the pair.

    It is one of the pair unless all pairs of a source, or of a target, share its value. If both
    do, it is that of the fewer.
    """
    shared = []
    for kind, codes in ((OF_SOURCE, design.sources), (OF_TARGET, design.targets)):
        own = np.empty(codes.max() + 1)
        own[codes] = factor
        if (own[codes] == factor).all():
            shared.append((len(own), kind))
    return min(shared)[1] if shared else OF_PAIR


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


def _judge_factor(pairs: pd.DataFrame, name: str, seed: int, resamples: int) -> tuple:
    """Returns the values of `COLUMNS` of one factor, over the pairs that have it."""
    pairs = pairs[pairs[name].notna()]
    factor, gains = pairs[name].to_numpy(float), pairs.gain.to_numpy(float)
    tau = kendall_tau(factor, gains)
    if np.isnan(tau):
        counts = len(pairs), len(pairs[TARGET].drop_duplicates()), pairs.source.nunique()
        return name, "", *[np.nan] * 5, *counts
    design = TwoWay.of_pairs(pairs)
    groups = design.targets, design.sources, np.arange(len(gains))
    low, high = two_way.jackknife_interval(
        tau,
        *(tau_without_groups(factor, gains, own) for own in groups),
        scale=two_way.CORRELATION,
    )
    kind = find_property(factor, design)
    rng = np.random.default_rng(seed)
    adjusted, p_value = _test_adjusted(factor, gains, design, kind, resamples, rng)
    counts = len(pairs), len(design.target_names), len(design.source_names)
    return name, kind, tau, low, high, adjusted, p_value, *counts


def _test_adjusted(
    factor: np.ndarray,
    gains: np.ndarray,
    design: TwoWay,
    kind: str,
    permutations: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Returns tau of what the effects leave of a factor and of gains, and its p-value."""
    if kind == OF_SOURCE:
        left = design.leave_of_targets(gains)
        exchanged = design.exchange_sources(factor, permutations, rng)
    elif kind == OF_TARGET:
        left = design.leave_of_sources(gains)
        exchanged = design.exchange_targets(factor, permutations, rng)
    else:
        factor, left = design.leave_of_both(factor), design.leave_of_both(gains)
        exchanged = design.exchange_both(factor, permutations, rng)
    observed = kendall_tau(factor, left)
    if np.isnan(exchanged).any():  # Some pairs were not run: what takes their place is unknown.
        exchanged = design.exchange_in_targets(left, permutations, rng)
        left = factor
    return observed, _p_value(observed, tau_of_samples(exchanged, left[:, None])[:, 0])


def _p_value(observed: float, null: np.ndarray) -> float:
    """Returns twice the smaller tail, since the null distribution may be off center."""
    if np.isnan(observed):
        return float("nan")
    known = null[~np.isnan(null)]
    # The permutation that changes nothing must count as equal in spite of rounding.
    tail = min((known >= observed - _ROUNDING).sum(), (known <= observed + _ROUNDING).sum())
    return float(min(1.0, 2 * (1 + tail) / (1 + len(known))))


def _dataset_names(frame: pd.DataFrame) -> str:
    """Returns the names of all datasets in a frame as text."""
    return ", ".join(sorted({*frame.target, *frame.source})) or "none"
