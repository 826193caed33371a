"""Splits the variance of gains into the parts of the target, the source and the pair of both.

Where sources rank the same for all targets, one good source serves all of them, and similarity
of images has nothing left to explain. Only the part of the pair makes a choice by target pay off.
"""

import numpy as np
import pandas as pd

from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.measures.summary import TARGET

SOURCE = ["source", "source_type"]
LEAST = 2  # Chains for each target and source; with fewer, the fit follows the noise. Ours.


def explain_variance(chains: pd.DataFrame) -> dict[str, float] | None:
    """Makes a two-way analysis of variance of gains, without interaction.

    Even noise alone lets effects of many sources explain something. So shares are omega squared
    (Hays, 1963), which is 0 on average if there is no effect; negative ones are set to 0.

    Args:
      chains: of one setting and network, as `gains.with_gains` returns them. Means over seeds
        count; pairs that were not run are left out.

    Returns:
      The number of `chains`; the standard `deviation` of their gains (%); and in percent of
      the variance: `target`; `source`, which is what the source explains beyond the target; and
      `pair`, the rest, which includes the noise of single runs. None with fewer than `LEAST`
      chains for each target and source, or if all gains are equal.
    """
    own = transfers(chains)
    own = own[own.gain.notna()]
    if own.empty:
        return None
    targets, sources = (pd.factorize(pd.MultiIndex.from_frame(own[x]))[0] for x in (TARGET, SOURCE))
    gain = own.gain.to_numpy(float)
    if len(gain) < LEAST * (targets.max() + sources.max() + 2) or not np.ptp(gain):
        return None
    by_target, by_source = (np.eye(codes.max() + 1)[codes] for codes in (targets, sources))
    constant = np.ones((len(gain), 1))
    designs = (constant, by_target, np.hstack([by_target, by_source]))
    (total, first), (of_sources, second), (left, rank) = (_leave(x, gain) for x in designs)
    noise = left / (len(gain) - rank)
    target = max(total - of_sources - (second - first) * noise, 0.0)
    source = max(of_sources - left - (rank - second) * noise, 0.0)
    return {
        "chains": len(gain),
        "deviation": gain.std(),
        "target": 100 * target / (total + noise),
        "source": 100 * source / (total + noise),
        "pair": 100 * (1 - (target + source) / (total + noise)),
    }


def _leave(design: np.ndarray, values: np.ndarray) -> tuple[float, int]:
    """Returns the sum of squares that a least-squares fit leaves, and the rank of the design."""
    fitted, _, rank, _ = np.linalg.lstsq(design, values, rcond=None)
    return float(((values - design @ fitted) ** 2).sum()), int(rank)
