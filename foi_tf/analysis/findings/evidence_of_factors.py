"""Collects the evidence for the claims on domains, distances and sizes (Section 6, Table 10)."""

from collections.abc import Iterator

import numpy as np

from foi_tf.analysis.findings import evidence
from foi_tf.analysis.findings.chain_queries import SIZE, ChainQueries
from foi_tf.analysis.findings.evidence import MIN_PAIRS, MIN_TARGETS, Evidence, ask
from foi_tf.analysis.measures import distance
from foi_tf.study.table_texts import setting_text


def compare_domain_with_type(queries: ChainQueries) -> Iterator[Evidence]:
    """Compares the influence of the image domain with that of the task type."""
    papers = {"small": "43 % against 14 %", "full": "22 % against 8 %"}
    for setting in queries.settings:
        places = [
            queries.constrained(setting, *x) for x in (("within", "cross"), ("cross", "within"))
        ]
        domain, task_type = (queries.chains.percentages(x)["P"] for x in places)
        count = min(map(len, places))
        yield Evidence(
            what="positive within the domain and across task types, against across domains "
            f"and within the task type, {setting_text(setting)}",
            found=evidence.against(domain[0], task_type[0]),
            paper=papers.get(setting, ""),
            count=count,
            threshold=f"more, of at least {MIN_PAIRS} chains each",
            **ask(domain > task_type, count >= MIN_PAIRS, domain, task_type),
        )
    yield from _distance_against_size(queries, "small", paper="0.40 against 0.12")


def compare_inclusion(queries: ChainQueries) -> Iterator[Evidence]:
    """Compares inclusion with the other distances, and broad with narrow source domains."""
    taus, count = queries.taus_of_factors("small_source")
    inclusion = taus.get(distance.INCLUSION, np.full(1, np.nan))
    others = [taus[x] for x in distance.ASSIGNMENTS if x != distance.INCLUSION and x in taus]
    complete = len(others) == len(distance.ASSIGNMENTS) - 1
    yield Evidence(
        what="Kendall's τ of gain with nearness (2), which measures inclusion, against (1), (3), "
        "(4), few source and few target images",
        found=f"{inclusion[0]:.2f} against {_join(others)}" if count else "no distances",
        paper="0.42 against 0.20, 0.06, 0.27",
        count=count,
        threshold=f"(2) is the largest and above 0, over at least {MIN_PAIRS} chains",
        **ask(
            (inclusion > 0) & np.all([inclusion >= x for x in others], axis=0),
            complete and count >= MIN_PAIRS,
            inclusion,
        ),
        required=True,
    )
    places = [
        queries.between_domains("small", *x)
        for x in ((["consumer"], ["driving", "indoor"]), (["driving", "indoor"], ["consumer"]))
    ]
    broad, narrow = (queries.chains.percentages(x)["P"][0] for x in places)
    yield Evidence(
        what="positive from consumer to driving and indoor, against the reverse, few target images",
        found=evidence.against(broad, narrow),
        paper="some against none",
        count=sum(map(len, places)),
    )


def compare_inclusion_with_size(queries: ChainQueries) -> Iterator[Evidence]:
    """Compares whole with limited sources, and nearness with the number of source images."""
    tau, count = queries.tau_within_targets("small", "small_source")
    yield Evidence(
        what="Kendall's τ between gains from whole and from limited sources, mean over targets",
        found=f"{tau[0]:.2f}" if count else "none",
        paper="most patterns stay",
        count=count,
        threshold=f"at least 0.5, over at least {MIN_TARGETS} targets",
        **ask(tau >= 0.5, count >= MIN_TARGETS, tau),
        required=True,
    )
    yield from _distance_against_size(
        queries, "small_source", paper="0.42 against 0.12", required=True
    )


def _distance_against_size(queries: ChainQueries, setting: str, **given) -> Iterator[Evidence]:
    """Compares tau of nearness with tau of the source's size, for segmentation chains."""
    taus, count = queries.taus_of_factors(setting)
    size = queries.taus_of_factors("small")[0][SIZE]  # Limited sources hardly differ in size.
    near = taus.get(distance.INCLUSION, np.full(len(size), np.nan))
    yield Evidence(
        what=f"Kendall's τ of gain with nearness (2), {setting_text(setting)}, against that with "
        "the source's size",
        found=f"{near[0]:.2f} against {size[0]:.2f}" if count else "no distances",
        count=count,
        threshold=f"larger, over at least {MIN_PAIRS} chains",
        **ask(near > size, count >= MIN_PAIRS, near, size),
        **given,
    )


def _join(taus: list[np.ndarray]) -> str:
    """Formats the study's own taus."""
    return ", ".join(f"{tau[0]:.2f}" for tau in taus) or "none"
