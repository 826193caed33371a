"""What gains depend on: the target, the source, or the pair of both.

Where sources differ alike for all targets, one good source serves everybody, and nearness of
images has nothing left to tell; only what belongs to the pair is worth choosing by target.
"""

import numpy as np
import pandas as pd

from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.measures.summary import STUDY, TARGET
from foi_tf.analysis.report.tables import Sheet, plain
from foi_tf.study.grid import setting_order
from foi_tf.study.table_texts import SETTING_TEXTS

SOURCE = ["source", "source_type"]
LEAST = 2  # Chains for each target and source; with fewer the fit follows the noise. Ours.


def shares(chains: pd.DataFrame) -> dict[str, float] | None:
    """A two-way analysis of variance of gains, without interaction.

    Args:
      chains: of one setting and network, as `gains.with_gains` returns them. Means over seeds
        count, those of pairs that were not run are left out.

    Returns:
      `chains`; `deviation`, of their gains (%); and in per cent of the variance `target`;
      `source`, what the source adds to it; and `pair`, all the rest, noise of single runs
      among it. None with fewer than `LEAST` chains for each target and source, or gains that
      are all equal.
    """
    own = transfers(chains)
    own = own[own.gain.notna()]
    targets, sources = (pd.factorize(pd.MultiIndex.from_frame(own[x]))[0] for x in (TARGET, SOURCE))
    gain = own.gain.to_numpy(float)
    if own.empty or len(gain) < LEAST * (targets.max() + sources.max() + 2) or not np.ptp(gain):
        return None
    of_target, of_source = (np.eye(codes.max() + 1)[codes] for codes in (targets, sources))
    total = gain.var()
    left = [_unexplained(x, gain) for x in (of_target, np.hstack([of_target, of_source]))]
    return {
        "chains": len(gain),
        "deviation": total**0.5,
        "target": 100 * (1 - left[0] / total),
        "source": 100 * (left[0] - left[1]) / total,
        "pair": 100 * left[1] / total,
    }


def sheets(chains: pd.DataFrame) -> list[Sheet]:
    """One table of all settings, networks and task types of targets that have `shares`."""
    lines = []
    groups = chains.groupby([*STUDY, "target_type"])
    for key, own in sorted(groups, key=lambda x: (setting_order(x[0][0]), *x[0][1:])):
        setting, backbone, family, kind = key
        if (found := shares(own)) is not None:
            lines.append(
                {
                    "setting": SETTING_TEXTS.get(setting, setting),
                    "network": f"{backbone}, from {family}",
                    "targets": kind,
                    "chains": found["chains"],
                    "standard deviation, %": found["deviation"],
                    **{f"{name}, %": found[name] for name in ("target", "source", "pair")},
                }
            )
    if not lines:
        return []
    data = pd.DataFrame(lines)
    formats = {name: ".0f" for name in data if name.endswith("%")}
    return [
        Sheet(
            id="",
            title="What gains depend on, shares of their variance",
            scope=("effects",),
            data=data,
            texts=plain(data, words=3, chains="d", **formats),
            words=3,
            notes=[
                "Target first, then what the source adds; the pair's share holds the noise of "
                "single runs, too."
            ],
        )
    ]


def _unexplained(design: np.ndarray, values: np.ndarray) -> float:
    """The variance that a least-squares fit leaves."""
    fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return float(((values - fitted) ** 2).mean())
