"""Judges the paper's findings A1 to A10 (Section 6) on a set of chains.

A finding has pieces of evidence. Those with a threshold decide the verdict. The thresholds are
ours, since the paper argues from its numbers without any. How probable it is that they are met is
told by draws of targets, sources and runs.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from foi_tf.analysis.findings import evidence_of_factors, evidence_of_gains
from foi_tf.analysis.findings.chain_queries import ChainQueries
from foi_tf.analysis.findings.evidence import Evidence, Finding
from foi_tf.analysis.findings.resampled_chains import DRAWS, ResampledChains
from foi_tf.analysis.measures.study_analysis import StudyAnalysis


def judge_networks(analysis: StudyAnalysis) -> dict[tuple[str, str], list[Finding]]:
    """Judges the findings on each (backbone, family) that has transfers.

    Raises:
      FoiError: a file of image statistics is damaged or does not belong to its row.
    """
    drawn = analysis.noise.draw_gains(DRAWS)
    return {
        network: judge_findings(chains, analysis.distances, drawn[:, chains.index])
        for network, chains in analysis.networks.items()
    }


def judge_findings(
    chains: pd.DataFrame,
    distances: pd.DataFrame | None = None,
    gain_draws: np.ndarray | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[Finding]:
    """Judges all findings.

    Args:
      chains: of one backbone and family, as `foi_tf.analysis.measures.gains.mean_gains` returns
        them.
      distances: between datasets, as `foi_tf.analysis.measures.distance.distances` returns them;
        A4 and A10 cannot be judged without.
      gain_draws: [draws, chains] draws of the true gain (%) of each chain; without them, gains
        are taken as they are, so that the noise of runs does not count.
      draws: number of draws of targets and sources without those of gains.
      seed: random seed of the draws.
    """
    resampled = ResampledChains(chains, gain_draws, draws=draws, seed=seed)
    queries = ChainQueries(resampled, distances)
    return [
        Finding(id=f"A{i}", claim=claim, needs=needs, evidence=tuple(collect(queries)))
        for i, (claim, needs, collect) in enumerate(_FINDINGS, 1)
    ]


_WITHIN = "chains within the task type"
_Collect = Callable[[ChainQueries], Iterator[Evidence]]
_FINDINGS: tuple[tuple[str, str, _Collect], ...] = (
    ("Classic ILSVRC'12 transfer always outperforms training from scratch.",
     "chains from scratch, and baselines",
     evidence_of_gains.compare_with_scratch),
    ("For most target tasks there is a source that brings further benefits on top of "
     "ILSVRC'12 pre-training.", "sources of any kind for each target",
     evidence_of_gains.count_helped_targets),
    ("The image domain strongly affects transfer gains, more than the task type.",
     "chains within and across domains and task types; distances for the last number",
     evidence_of_factors.compare_domain_with_type),
    ("For positive transfer, the source image domain should include the target domain.",
     "distances between datasets, and segmentation chains with limited sources",
     evidence_of_factors.compare_inclusion),
    ("Multi-source models yield good transfer, but are outperformed by the largest "
     "within-domain source.", "multi-source models, and sources within the domain",
     evidence_of_gains.judge_multi_source),
    ("Transfer across task types can bring positive gains.", "chains across task types",
     evidence_of_gains.judge_across_types),
    ("Transfer within task type and domain yields very positive effects.",
     f"{_WITHIN} and domain",
     evidence_of_gains.judge_within_domain),
    ("Transfer naturally flows from larger to smaller datasets.",
     f"{_WITHIN} and domain, with known training sizes",
     evidence_of_gains.compare_by_size),
    ("Transfer effects are larger for small target training sets.",
     "segmentation chains with few and with all target images",
     evidence_of_gains.compare_target_sizes),
    ("The source domain including the target is more important than the number of source samples.",
     "segmentation chains with whole and with limited sources, and distances",
     evidence_of_factors.compare_inclusion_with_size),
)  # fmt: skip
