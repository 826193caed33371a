"""The published results of the paper's segmentation sets, and what they say.

`published.csv` beside this file holds the mean IoU on the test images of all 17 x 16 chains
ILSVRC'12 -> source -> target of HRNetV2-W48 with few target images (150; 1000 for COCO and
ADE20K): a line a target, a column a source, by domain and then by training images. The paper's
authors published these numbers with their follow-up study, Agostinelli, Pándy, Uijlings, Mensink
and Ferrari, "How stable are transferability metrics evaluations?" (arXiv 2204.01403), in the
directory stable_transfer of the repository google-research. We take them to be the body of Table
A.5a, which no file says. The baseline without a source is not among them, so no gains
follow; but the order of a target's sources by mean IoU is their order by gain.
"""

from importlib import resources

import pandas as pd

from foi_tf.analysis.recommend.candidates import same_domain
from foi_tf.analysis.recommend.regret import of_sources
from foi_tf.analysis.report import cell_colors
from foi_tf.analysis.report.tables import Sheet, plain
from foi_tf.study.registry import DATASETS

TASK_TYPE = "segmentation"
NEAR = 2.0  # Percent of the best: the paper's threshold of significance (Section 6).
TOP = 4  # Of 16 sources; ours.
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
RULES = {
    "largest": "the largest source",
    "within": "the largest source within the domain",
    "coco": "COCO always",
    "random": "any source, by chance (expected)",
}


def load() -> pd.DataFrame:
    """The published chains, one a line.

    Returns:
      `candidates.COLUMNS` but for the distance; `metric`, `value` in [0, 1], and `baseline`, which
      is not published (NaN); `within`, whether source and target share the domain; `larger`,
      whether the source has more training images than the target; `rank` of the source within the
      target, 1 for the best; and `regret`, see `regret.of_sources`.
    """
    with resources.files(__package__).joinpath("published.csv").open() as stream:
        wide = pd.read_csv(stream, index_col="target")
    frame = wide.rename_axis(columns="source").stack().dropna().rename("value").reset_index()
    target, source = (frame[name].map(DATASETS) for name in ("target", "source"))
    sizes = [x.map(lambda row: row.size(TASK_TYPE, "train")) for x in (target, source)]
    frame = frame.assign(
        target_type=TASK_TYPE,
        source_type=TASK_TYPE,
        target_domain=target.map(lambda row: row.domain),
        source_domain=source.map(lambda row: row.domain),
        n_source=sizes[1],
        metric="miou",
        baseline=float("nan"),
    )
    return frame.assign(
        within=same_domain(frame),
        larger=sizes[1] > sizes[0],
        rank=frame.groupby("target").value.rank(ascending=False, method="min").astype(int),
        regret=of_sources(frame),
    )


def picks(frame: pd.DataFrame, rule: str) -> pd.DataFrame:
    """The chain that a rule of `RULES` picks for each target; none where it has no source."""
    if rule == "coco":
        return frame[frame.source == "coco"]
    own = frame[frame.within] if rule == "within" else frame
    return own.sort_values("n_source", ascending=False).drop_duplicates("target")


def regrets(frame: pd.DataFrame) -> pd.DataFrame:
    """How much each rule loses against the best source.

    Returns:
      One row for each of `RULES`: `rule`, `targets` it can pick for, how often it picks the best
      source (`best`) or one within 2 % of it (`near`), and the `mean`, `median` and `worst`
      regret in %. For chance, `best` and `near` are expected numbers.
    """
    table = []
    for rule, text in RULES.items():
        if rule == "random":
            by_target = frame.assign(best=frame["rank"] == 1, near=frame.regret <= NEAR)
            means = by_target.groupby("target")[["best", "near", "regret"]].mean()
            best, near, regret = means.best.sum(), means.near.sum(), means.regret
        else:
            picked = picks(frame, rule)
            best, near = (picked["rank"] == 1).sum(), (picked.regret <= NEAR).sum()
            regret = picked.regret
        table.append(
            {"rule": text, "targets": len(regret), "best": float(best), "near": float(near),
             "mean": regret.mean(), "median": regret.median(), "worst": regret.max()}
        )  # fmt: skip
    return pd.DataFrame(table)


def facts(frame: pd.DataFrame) -> list[str]:
    """What the published results say of A3, A5, A7 and A8, in sentences."""
    targets = frame.target.nunique()
    best = frame[frame["rank"] == 1]
    with_domain = frame[frame.within].target.nunique()
    largest = picks(frame, "within")
    triangle = frame[frame.within].groupby("larger")
    top = (frame["rank"] <= TOP).groupby([frame.within, frame.larger]).mean() * 100
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


def sheets(frame: pd.DataFrame) -> list[Sheet]:
    """Ranks, mean IoU, best sources and the regret of simple rules."""
    return [
        _heat_map(frame, "rank", "Rank of each source within its target", "ranks"),
        _heat_map(frame, "value", "Mean IoU, as published", "miou"),
        _best(frame),
        _rules(frame),
    ]


def _heat_map(frame: pd.DataFrame, column: str, title: str, scope: str) -> Sheet:
    order = list(dict.fromkeys(frame.target))
    wide = (
        frame.set_index(["target", "source"])[column].unstack().reindex(index=order, columns=order)
    )
    keyed = frame.set_index(["target", "source"])
    domains = [DATASETS[name].domain for name in order]

    def shade(target, source):
        if target == source:
            return ""
        return cell_colors.of_amount(
            -keyed.loc[(target, source), "rank"], -16, -1, cell_colors.MERITS
        )

    def hover(target, source):
        if target == source:
            return f"{source} → {target}: source and target are the same task"
        row = keyed.loc[(target, source)]
        return (
            f"{source} → {target}: mIoU {row.value:.3f}, rank {row['rank']} of 16, "
            f"{row.regret:.1f} % below the best"
        )

    def by_cell(function):
        lines = [[function(target, source) for source in order] for target in order]
        return pd.DataFrame(lines, columns=order)

    words = pd.DataFrame({"domain": domains, "target": order})
    texts = plain(wide, words=0, **dict.fromkeys(order, ".0f" if column == "rank" else ".3f"))
    for name in order:
        texts.loc[name, name] = ""
    blank = words.map(lambda _: "")
    pieces = {
        "data": (words, wide.reset_index(drop=True)),
        "texts": (words, texts.reset_index(drop=True)),
        "shades": (blank, by_cell(shade)),
        "hovers": (blank, by_cell(hover)),
    }
    return Sheet(
        id="",
        title=title,
        scope=("published", scope),
        words=2,
        groups=["", "", *domains],
        notes=["Rows are targets, columns sources; darker ranks higher within its row."],
        **{name: pd.concat(both, axis=1) for name, both in pieces.items()},
    )


def _best(frame: pd.DataFrame) -> Sheet:
    ranked = frame.sort_values(["target", "rank"])
    largest = picks(frame, "within").set_index("target")
    lines = []
    for target in dict.fromkeys(frame.target):
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
    return Sheet(id="", title="Best source of each target", scope=("published", "best"), data=data,
                 texts=plain(data, words=5, **formats), words=5, label=0)  # fmt: skip


def _rules(frame: pd.DataFrame) -> Sheet:
    data = regrets(frame)
    formats = {"targets": "d", **dict.fromkeys(("best", "near"), ".3g"),
               **dict.fromkeys(("mean", "median", "worst"), ".1f")}  # fmt: skip
    texts = plain(data, **formats)
    names = {"best": "picks the best", "near": "within 2 % of it", "mean": "mean regret, %",
             "median": "median regret, %", "worst": "largest regret, %"}  # fmt: skip
    return Sheet(
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
