"""Which single targets or seeds the verdicts on the findings hang on (ours).

The paper's claims are about targets, of which a study has few, and shares near a threshold say
little. Leaving out one at a time tells, without drawing at random, which verdicts are narrow.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import pandas as pd

from foi_tf.analysis.findings import findings
from foi_tf.analysis.findings.findings import NOT_ENOUGH, Finding
from foi_tf.analysis.measures import gains
from foi_tf.analysis.measures.summary import TARGET


def judge(
    chains: pd.DataFrame, runs: pd.DataFrame, distances: pd.DataFrame | None = None
) -> list[Finding]:
    """`findings.judge`, each finding with the targets and seeds that its verdict hangs on.

    A verdict hangs on what turns it from supported to not supported, or back, when the chains
    to that target, or the runs of that seed, are left out.

    Args:
      chains, distances: as `findings.judge` takes them.
      runs: those of the chains, as `foi_tf.analysis.measures.gains.seed_gains` returns them.
    """
    found = findings.judge(chains, distances)
    if all(one.verdict == NOT_ENOUGH for one in found):
        return found
    turned: dict[str, list[str]] = {one.id: [] for one in found}
    for name, left in _with_one_less(chains, runs):
        for before, after in zip(found, findings.judge(left, distances), strict=True):
            if NOT_ENOUGH not in (before.verdict, after.verdict) and (
                before.verdict != after.verdict
            ):
                turned[before.id].append(name)
    return [dataclasses.replace(one, hangs_on=tuple(turned[one.id])) for one in found]


def _with_one_less(chains: pd.DataFrame, runs: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The chains without those of one seed, or to one target, behind its name."""
    seeds: Sequence[int] = sorted(runs.seed.unique())
    for seed in seeds if len(seeds) > 1 else ():
        yield f"seed {seed}", gains.means(runs[runs.seed != seed])
    for (target, target_type), own in chains.groupby(TARGET):
        yield f"{target}:{target_type}", chains.drop(own.index)
