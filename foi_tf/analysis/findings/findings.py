"""The paper's findings A1 to A10 (Section 6), asked of a set of chains.

A finding has pieces of evidence. Those with a threshold decide the verdict; the thresholds are
ours, since the paper argues from its numbers without any.
"""

import dataclasses
from collections.abc import Callable, Iterator

import pandas as pd

from foi_tf.analysis.findings import evidence
from foi_tf.analysis.findings.evidence import MIN_PAIRS, MIN_TARGETS, Evidence, Study
from foi_tf.analysis.measures import domain_distance, summary

SUPPORTED, NOT_SUPPORTED, NOT_ENOUGH = "supported", "not supported", "not enough data"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """One claim with what was found.

    Attributes:
      id, claim: as the paper has it.
      needs: which chains it takes to judge it.
      evidence: numbers found, the paper's beside them.
      hangs_on: targets and seeds without any one of which the verdict turns, see
        `foi_tf.analysis.findings.leave_one_out`.
    """

    id: str
    claim: str
    needs: str
    evidence: tuple[Evidence, ...]
    hangs_on: tuple[str, ...] = ()

    @property
    def narrowly(self) -> str:
        """What to put behind a verdict that hangs on a single target or seed."""
        return ", narrowly" if self.hangs_on else ""

    @property
    def verdict(self) -> str:
        """Not supported where a threshold is missed; supported where one is met.

        Not enough data where none could be asked, or one that the claim cannot do without.
        """
        asked = [piece for piece in self.evidence if piece.threshold]
        if any(piece.holds is not None and not piece.holds for piece in asked):
            return NOT_SUPPORTED
        if any(piece.required and piece.holds is None for piece in asked):
            return NOT_ENOUGH
        return SUPPORTED if any(piece.holds for piece in asked) else NOT_ENOUGH


def judge(chains: pd.DataFrame, distances: pd.DataFrame | None = None) -> list[Finding]:
    """All findings.

    Args:
      chains: of one backbone and family, as `foi_tf.analysis.measures.gains.with_gains` returns them.
      distances: between datasets, with `foi_tf.analysis.measures.domain_distance.COLUMNS`; A4 and A10 cannot be
        judged without.
    """
    study = Study(chains, distances)
    return [
        Finding(id=f"A{i}", claim=claim, needs=needs, evidence=tuple(found(study)))
        for i, (claim, needs, found) in enumerate(_FINDINGS, 1)
    ]


def _a1(study: Study) -> Iterator[Evidence]:
    for setting in study.settings:
        lost = -study.scratch(setting).gain
        span = f"; scratch is {_span(lost)} % worse" if len(lost) else ""
        yield Evidence(
            what=f"targets better from pre-training than from scratch, {study.text(setting)}",
            found=f"{int((lost > 0).sum())} of {len(lost)}{span}",
            paper="all" + (", by 5 to 46 %" if setting == "full" else ""),
            count=len(lost),
            threshold=f"all, of at least {MIN_TARGETS} targets",
            holds=bool((lost > 0).all()) if len(lost) >= MIN_TARGETS else None,
        )


def _a2(study: Study) -> Iterator[Evidence]:
    for setting in study.settings:
        found = study.best_shares(setting, "all", "all")
        yield Evidence(
            what=f"targets with a positive source, {study.text(setting)}",
            found=f"{evidence.percent(found['P'])} ({evidence.percent(found['VP'])} very positive)",
            paper={"small": "85 % (67 %)", "full": "56 % (19 %)"}.get(setting, ""),
            count=found["count"],
            threshold=f"more than 50 %, of at least {MIN_TARGETS} targets",
            holds=found["P"] > 50 if found["count"] >= MIN_TARGETS else None,
        )


def _a3(study: Study) -> Iterator[Evidence]:
    papers = {"small": "43 % against 14 %", "full": "22 % against 8 %"}
    for setting in study.settings:
        domain = study.shares(setting, "within", "cross")
        task_type = study.shares(setting, "cross", "within")
        count = min(domain["count"], task_type["count"])
        yield Evidence(
            what="positive within the domain and across task types, against across domains "
            f"and within the task type, {study.text(setting)}",
            found=evidence.against(domain["P"], task_type["P"]),
            paper=papers.get(setting, ""),
            count=count,
            threshold=f"more, of at least {MIN_PAIRS} chains each",
            holds=domain["P"] > task_type["P"] if count >= MIN_PAIRS else None,
        )
    yield from _distance_against_size(study, "small", paper="0.40 against 0.12")


def _a4(study: Study) -> Iterator[Evidence]:
    taus = study.taus("small_source")
    inclusion, count = taus.get(
        domain_distance.INCLUSION, {"tau": float("nan"), "count": 0}
    ).values()
    others = [f"{x['tau']:.2f}" for name, x in taus.items() if name != domain_distance.INCLUSION]
    enough = (
        len(taus) == len(domain_distance.ASSIGNMENTS)
        and count >= MIN_PAIRS
        and not pd.isna(inclusion)
    )
    yield Evidence(
        what="Kendall's τ of gain with nearness (2), which measures inclusion, against (1), (3), "
        "(4), few source and few target images",
        found=f"{inclusion:.2f} against {', '.join(others) or 'none'}" if taus else "no distances",
        paper="0.42 against 0.20, 0.06, 0.27",
        count=count,
        threshold=f"(2) is the largest and above 0, over at least {MIN_PAIRS} chains",
        holds=inclusion == max(0, *(x["tau"] for x in taus.values())) > 0 if enough else None,
        required=True,
    )
    broad = study.domains("small", ["consumer"], ["driving", "indoor"])
    narrow = study.domains("small", ["driving", "indoor"], ["consumer"])
    yield Evidence(
        what="positive from consumer to driving and indoor, against the reverse, few target images",
        found=evidence.against(broad["P"], narrow["P"]),
        paper="some against none",
        count=broad["count"] + narrow["count"],
    )


def _a5(study: Study) -> Iterator[Evidence]:
    multi = study.multi("small")
    found = summary.percentages(multi)
    yield Evidence(
        what="positive targets of the multi-source model, few target images",
        found=evidence.percent(found["P"]),
        paper="100 %",
        count=found["count"],
        threshold=f"at least 90 %, of at least {MIN_TARGETS} targets",
        holds=found["P"] >= 90 if found["count"] >= MIN_TARGETS else None,
        required=True,
    )
    ahead = study.largest_within_domain("small").set_index(summary.TARGET).gain
    ahead = (ahead - multi.set_index(summary.TARGET).gain).dropna()
    yield Evidence(
        what="targets where the largest source within the domain gains over 2 points more",
        found=f"{int((ahead > 2).sum())} of {len(ahead)}",
        paper="7 of 10",
        count=len(ahead),
        threshold=f"more than half, of at least {MIN_TARGETS} targets",
        holds=(ahead > 2).mean() > 0.5 if len(ahead) >= MIN_TARGETS else None,
        required=True,
    )


def _a6(study: Study) -> Iterator[Evidence]:
    best = study.best_shares("small", "within", "cross")
    yield Evidence(
        what="targets with a positive source of another task type within the domain, "
        "few target images",
        found=evidence.percent(best["P"]),
        paper="65 %",
        count=best["count"],
        threshold=f"at least 25 %, of at least {MIN_TARGETS} targets",
        holds=best["P"] >= 25 if best["count"] >= MIN_TARGETS else None,
    )
    within, across = (study.shares("small", x, "cross") for x in ("within", "cross"))
    count = min(within["count"], across["count"])
    yield Evidence(
        what="positive across task types, within against across domains, few target images",
        found=evidence.against(within["P"], across["P"]),
        paper="43 % against 5 %",
        count=count,
        threshold=f"more, of at least {MIN_PAIRS} chains each",
        holds=within["P"] > across["P"] if count >= MIN_PAIRS else None,
    )


def _a7(study: Study) -> Iterator[Evidence]:
    for kind, share, paper, least in (
        ("chains", study.shares, "69 % (44 %)", MIN_PAIRS),
        ("targets by their best source", study.best_shares, "73 % (64 %)", MIN_TARGETS),
    ):
        found = share("small", "within", "within")
        yield Evidence(
            what=f"positive {kind} within domain and task type, few target images",
            found=f"{evidence.percent(found['P'])} ({evidence.percent(found['VP'])} very positive)",
            paper=paper,
            count=found["count"],
            threshold=f"at least 50 %, of at least {least}",
            holds=found["P"] >= 50 if found["count"] >= least else None,
        )


def _a8(study: Study) -> Iterator[Evidence]:
    for setting in study.settings:
        larger, smaller = study.upper_triangle(setting)
        count = min(larger["count"], smaller["count"])
        yield Evidence(
            what="positive within domain and task type, from larger to smaller datasets "
            f"against the reverse, {study.text(setting)}",
            found=f"{evidence.percent(larger['P'])} of {larger['count']} against "
            f"{evidence.percent(smaller['P'])} of {smaller['count']}",
            paper="60 % against 5 %" if setting in ("small", "full") else "",
            count=larger["count"] + smaller["count"],
            threshold=f"at least twice as often, of at least {MIN_PAIRS} chains each",
            holds=larger["P"] >= 2 * smaller["P"] and larger["P"] > 0
            if count >= MIN_PAIRS
            else None,
        )


def _a9(study: Study) -> Iterator[Evidence]:
    both = study.in_both("small", "full", "gain_size")
    size = both.mean()
    up, down = (study.in_both("small", "full", x) for x in ("positive", "negative"))
    yield Evidence(
        what="mean size of a gain, few against all target images, same chains",
        found=f"{size.small:.1f} % against {size.full:.1f} %" if len(both) else "none",
        paper="larger",
        count=len(both),
        threshold=f"larger, over at least {MIN_PAIRS} chains",
        holds=bool(size.small > size.full) if len(both) >= MIN_PAIRS else None,
        required=True,
    )
    questions = (
        ("positive with all target images are so with few", up.full, up.small, "80 %", 200 / 3),
        ("positive with few target images are so with all", up.small, up.full, "43 %", None),
        ("negative with few target images are not positive with all", down.small, 1 - up.full,
         "100 %", 90),
    )  # fmt: skip
    for what, of, then, paper, least in questions:
        count = int((of > 0).sum())
        share = 100 * (of * then).sum() / of.sum() if count else float("nan")
        yield Evidence(
            what=f"chains that are {what}",
            found=evidence.percent(share),
            paper=paper,
            count=count,
            threshold=f"at least {least:.0f} %, of at least {MIN_TARGETS}" if least else "",
            holds=share >= least if least and count >= MIN_TARGETS else None,
        )


def _a10(study: Study) -> Iterator[Evidence]:
    taus = study.taus_within_targets("small", "small_source")
    yield Evidence(
        what="Kendall's τ between gains from whole and from limited sources, mean over targets",
        found=f"{taus.mean():.2f}" if len(taus) else "none",
        paper="most patterns stay",
        count=len(taus),
        threshold=f"at least 0.5, over at least {MIN_TARGETS} targets",
        holds=bool(taus.mean() >= 0.5) if len(taus) >= MIN_TARGETS else None,
        required=True,
    )
    yield from _distance_against_size(
        study, "small_source", paper="0.42 against 0.12", required=True
    )


def _span(lost: pd.Series) -> str:
    """The least and the most, where a loss below 0 is not to look like none."""
    least = lost.min() + 0.0  # Which turns -0.0, as of equal values, to 0.0.
    return f"{least:.{'1g' if -0.5 <= least < 0 else '0f'}} to {lost.max():.0f}"


def _distance_against_size(study: Study, setting: str, **given) -> Iterator[Evidence]:
    near = study.taus(setting).get(domain_distance.INCLUSION, {"tau": float("nan"), "count": 0})
    size = study.tau_of_size("small")  # Limited sources hardly differ in theirs.
    count = min(near["count"], size["count"])
    known = not pd.isna([near["tau"], size["tau"]]).any()  # As where all sources are of one size.
    yield Evidence(
        what=f"Kendall's τ of gain with nearness (2), {study.text(setting)}, against that with "
        "the source's size",
        found=f"{near['tau']:.2f} against {size['tau']:.2f}" if count else "no distances",
        count=count,
        threshold=f"larger, over at least {MIN_PAIRS} chains",
        holds=near["tau"] > size["tau"] if count >= MIN_PAIRS and known else None,
        **given,
    )


_WITHIN = "chains within the task type"
_Found = Callable[[Study], Iterator[Evidence]]
_FINDINGS: tuple[tuple[str, str, _Found], ...] = (
    ("Classic ILSVRC'12 transfer always outperforms training from scratch.",
     "chains from scratch, and baselines", _a1),
    ("For most target tasks there is a source that brings further benefits on top of "
     "ILSVRC'12 pre-training.", "sources of any kind for each target", _a2),
    ("The image domain strongly affects transfer gains, more than the task type.",
     "chains within and across domains and task types; distances for the last number", _a3),
    ("For positive transfer, the source image domain should include the target domain.",
     "distances between datasets, and segmentation chains with limited sources", _a4),
    ("Multi-source models yield good transfer, but are outperformed by the largest "
     "within-domain source.", "multi-source models, and sources within the domain", _a5),
    ("Transfer across task types can bring positive gains.", "chains across task types", _a6),
    ("Transfer within task type and domain yields very positive effects.",
     f"{_WITHIN} and domain", _a7),
    ("Transfer naturally flows from larger to smaller datasets.",
     f"{_WITHIN} and domain, with known training sizes", _a8),
    ("Transfer effects are larger for small target training sets.",
     "segmentation chains with few and with all target images", _a9),
    ("The source domain including the target is more important than the number of source samples.",
     "segmentation chains with whole and with limited sources, and distances", _a10),
)  # fmt: skip
