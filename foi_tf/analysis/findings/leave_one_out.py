"""Finds the single targets and seeds that verdicts on findings hang on (ours).

The paper's claims are about targets. A study has few of them, and shares near a threshold say
little. Leaving out one target or seed at a time shows which verdicts are narrow, without random
draws.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import pandas as pd

from foi_tf.analysis.findings.evidence import NOT_ENOUGH, Finding
from foi_tf.analysis.findings.findings import judge_findings
from foi_tf.analysis.measures import gains
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.measures.summary import TARGET


def judge_networks(analysis: StudyAnalysis) -> dict[tuple[str, str], list[Finding]]:
    """Judges the findings on each (backbone, family) that has transfers."""
    return {
        network: judge_leaving_one_out(chains, analysis.runs_of(network), analysis.distances)
        for network, chains in analysis.networks.items()
    }


def judge_leaving_one_out(
    chains: pd.DataFrame, runs: pd.DataFrame, distances: pd.DataFrame | None = None
) -> list[Finding]:
    """Judges all findings, and names the targets and seeds that each verdict hangs on.

    A verdict hangs on a target or seed if it turns from supported to not supported, or back,
    when the chains to that target, or the runs of that seed, are left out.

    Args:
      chains, distances: as `findings.judge_findings` takes them.
      runs: the runs of the chains, as `gains.add_gains` returns them.
    """
    found = judge_findings(chains, distances)
    if all(one.verdict == NOT_ENOUGH for one in found):
        return found
    turned: dict[str, list[str]] = {one.id: [] for one in found}
    for name, left in _leave_out_each(chains, runs):
        for before, after in zip(found, judge_findings(left, distances), strict=True):
            if NOT_ENOUGH not in (before.verdict, after.verdict) and (
                before.verdict != after.verdict
            ):
                turned[before.id].append(name)
    return [dataclasses.replace(one, hangs_on=tuple(turned[one.id])) for one in found]


def _leave_out_each(chains: pd.DataFrame, runs: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yields the name of each seed and target with the chains that are left without it."""
    seeds: Sequence[int] = sorted(runs.seed.unique())
    for seed in seeds if len(seeds) > 1 else ():
        yield f"seed {seed}", gains.mean_gains(runs[runs.seed != seed])
    for (target, target_type), own in chains.groupby(TARGET):
        yield f"{target}:{target_type}", chains.drop(own.index)
