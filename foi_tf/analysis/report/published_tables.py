"""Builds the tables and sentences of the published results; see `measures.published_results`."""

from collections.abc import Callable

import pandas as pd

from foi_tf.analysis.measures.published_results import NEAR, pick_sources, regrets_of_rules
from foi_tf.analysis.report import cell_colors
from foi_tf.analysis.report.tables import Table, format_cells
from foi_tf.study.registry import DATASETS

TOP = 4  # The best ranks of 16 that a sentence counts; ours.
INTRODUCTION = """
<p class="lead">How well does each of 16 sources prepare a network for each of 17 segmentation
targets?</p>
<p>Mean IoU of HRNetV2-W48 over all chains ILSVRC'12 → source → target with few target images (150;
1000 for COCO and ADE20K), as the authors of <i>Factors of Influence for Transfer Learning across
Diverse Appearance Domains and Task Types</i> (Mensink et al., TPAMI 2021) published them with their
follow-up study, <i>How stable are transferability metrics evaluations?</i> (arXiv 2204.01403). The
results without a source are not among them, so no gains follow, but the order of sources
does.</p>
"""


def describe_published(published: pd.DataFrame) -> list[str]:
    """Returns sentences on what the published results say of A3, A5, A7 and A8."""
    targets = published.target.nunique()
    best = published[published["rank"] == 1]
    with_domain = published[published.within].target.nunique()
    largest = pick_sources(published, "within")
    triangle = published[published.within].groupby("larger")
    top = (published["rank"] <= TOP).groupby([published.within, published.larger]).mean() * 100
    ranks = triangle["rank"].mean()
    counts = triangle.size()
    exceptions = largest[largest.regret > NEAR].sort_values("regret", ascending=False)
    missed = ", ".join(f"{row.target} ({row.regret:.1f} %)" for row in exceptions.itertuples())
    return [
        f"The best source is one of the target's own domain for {int(best.within.sum())} of the "
        f"{with_domain} targets that have one (A3, A7); there are {targets} targets.",
        f"The largest source within the domain is the best of all for "
        f"{int((largest['rank'] == 1).sum())} of {len(largest)} targets, and within {NEAR:.0f} % "
        f"of the best for {int((largest.regret <= NEAR).sum())} (A5, A7). It is further off for "
        f"{missed or 'none'}.",
        f"Within a domain, a source larger than the target ranks {ranks[True]:.1f} of 16 on "
        f"average and among the best {TOP} in {top[True, True]:.0f} % of {counts[True]} chains; a "
        f"smaller one {ranks[False]:.1f} and in {top[True, False]:.0f} % of {counts[False]} "
        "(A8, the upper triangle).",
    ]


def build_published_tables(published: pd.DataFrame) -> list[Table]:
    """Builds the tables of ranks, of mean IoU, of best sources, and of regrets of simple rules.

    Args:
      published: as `published_results.load_published_results` returns it.
    """
    return [
        _heat_map_table(published, "rank", "Rank of each source within its target", "ranks"),
        _heat_map_table(published, "value", "Mean IoU, as published", "miou"),
        _best_source_table(published),
        _regret_table(published),
    ]


def _heat_map_table(published: pd.DataFrame, column: str, title: str, scope: str) -> Table:
    """Builds a table of targets by sources, colored by the rank within the target."""
    order = list(dict.fromkeys(published.target))
    keyed = published.set_index(["target", "source"])
    wide = keyed[column].unstack().reindex(index=order, columns=order)
    domains = [DATASETS[name].domain for name in order]

    def shade(target: str, source: str) -> str:
        if target == source:
            return ""
        rank = keyed.loc[(target, source), "rank"]
        return cell_colors.amount_color(-rank, -16, -1, cell_colors.MERITS)

    def hover(target: str, source: str) -> str:
        if target == source:
            return f"{source} → {target}: source and target are the same task"
        row = keyed.loc[(target, source)]
        return (
            f"{source} → {target}: mIoU {row.value:.3f}, rank {row['rank']} of 16, "
            f"{row.regret:.1f} % below the best"
        )

    def by_cell(describe: Callable[[str, str], str]) -> pd.DataFrame:
        lines = [[describe(target, source) for source in order] for target in order]
        return pd.DataFrame(lines, columns=order)

    words = pd.DataFrame({"domain": domains, "target": order})
    formats = dict.fromkeys(order, ".0f" if column == "rank" else ".3f")
    texts = format_cells(wide, words=0, **formats)
    for name in order:
        texts.loc[name, name] = ""
    blank = words.map(lambda _: "")
    pieces = {
        "data": (words, wide.reset_index(drop=True)),
        "texts": (words, texts.reset_index(drop=True)),
        "shades": (blank, by_cell(shade)),
        "hovers": (blank, by_cell(hover)),
    }
    return Table(
        id="",
        title=title,
        scope=("published", scope),
        words=2,
        groups=["", "", *domains],
        notes=["Rows are targets, columns sources; darker ranks higher within its row."],
        matrix=True,
        **{name: pd.concat(both, axis=1) for name, both in pieces.items()},
    )


def _best_source_table(published: pd.DataFrame) -> Table:
    """Builds the table of each target's best source beside the largest one within the domain."""
    ranked = published.sort_values(["target", "rank"])
    largest = pick_sources(published, "within").set_index("target")
    lines = []
    for target in dict.fromkeys(published.target):
        first, second = ranked[ranked.target == target].iloc[:2].itertuples()
        within = largest.loc[target] if target in largest.index else None
        lines.append(
            {"target": target, "domain": DATASETS[target].domain, "best source": first.source,
             "its domain": DATASETS[first.source].domain,
             "largest within the domain": "" if within is None else within.source,
             "mIoU": first.value, "ahead of the next, %": second.regret,
             "largest within the domain behind, %":
                 float("nan") if within is None else within.regret}
        )  # fmt: skip
    data = pd.DataFrame(lines)
    formats = {"mIoU": ".3f", **dict.fromkeys(list(data)[6:], ".1f")}
    return Table(
        id="",
        title="Best source of each target",
        scope=("published", "best"),
        data=data,
        texts=format_cells(data, words=5, **formats),
        words=5,
        label=0,
    )


def _regret_table(published: pd.DataFrame) -> Table:
    """Builds the table of what simple rules lose against the best source."""
    data = regrets_of_rules(published)
    formats = {"targets": "d", **dict.fromkeys(("best", "near"), ".3g"),
               **dict.fromkeys(("mean", "median", "worst"), ".1f")}  # fmt: skip
    texts = format_cells(data, **formats)
    names = {"best": "picks the best", "near": "within 2 % of it", "mean": "mean regret, %",
             "median": "median regret, %", "worst": "largest regret, %"}  # fmt: skip
    return Table(
        id="",
        title="Regret of simple rules",
        scope=("published", "rules"),
        data=data.rename(columns=names),
        texts=texts.rename(columns=names),
        notes=[
            "Regret is by how much the picked source's mean IoU is below the best one's, in "
            "percent of the best. COCO is no source for itself; SUIM has none of its own domain."
        ],
    )
