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
    targets, sources = (pd.factorize(pd.MultiIndex.from_frame(own[x]))[0] for x in (TARGET, SOURCE))
    gain = own.gain.to_numpy(float)
    if own.empty or len(gain) < LEAST * (targets.max() + sources.max() + 2) or not np.ptp(gain):
        return None
    by_target, by_source = (np.eye(codes.max() + 1)[codes] for codes in (targets, sources))
    total = gain.var()
    left = [_unexplained(x, gain) for x in (by_target, np.hstack([by_target, by_source]))]
    return {
        "chains": len(gain),
        "deviation": total**0.5,
        "target": 100 * (1 - left[0] / total),
        "source": 100 * (left[0] - left[1]) / total,
        "pair": 100 * left[1] / total,
    }


def _unexplained(design: np.ndarray, values: np.ndarray) -> float:
    """Returns the variance that a least-squares fit leaves."""
    fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return float(((values - fitted) ** 2).mean())
