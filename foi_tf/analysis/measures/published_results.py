"""Loads the published results of the paper's segmentation sets, and computes regrets from them.

`published.csv` beside this file holds the mean IoU on the test images of all 17 x 16 chains
ILSVRC'12 -> source -> target of HRNetV2-W48 with few target images (150; 1000 for COCO and
ADE20K). Each line is a target and each column a source, by domain and then by training images. The
paper's authors published these numbers with their follow-up study, Agostinelli, Pándy, Uijlings,
Mensink and Ferrari, "How stable are transferability metrics evaluations?" (arXiv 2204.01403), in
the directory stable_transfer of the repository google-research. We take them to be the body of
Table A.5a; no file says so. The baseline without a source is not among them, so there are no gains.
The order of a target's sources by mean IoU is their order by gain, though.
"""

from importlib import resources
from typing import cast

import pandas as pd

from foi_tf.analysis.measures.summary import compute_regrets, same_domain
from foi_tf.study.dataset import SEGMENTATION
from foi_tf.study.registry import DATASETS

NEAR = 2.0  # Percent of the best: the paper's threshold of significance (Section 6).
RULES = {
    "largest": "the largest source",
    "within": "the largest source within the domain",
    "coco": "COCO always",
    "random": "any source, by chance (expected)",
}


def load_published_results() -> pd.DataFrame:
    """Loads the published chains.

    Returns:
      One row a chain: `target`, `source`, their types and domains; `n_source`, the source's
      training images; `metric`, `value` in [0, 1], and `baseline`, which is not published (NaN);
      `within`, whether source and target share the domain; `larger`, whether the source has more
      training images than the target; `rank` of the source within the target, 1 for the best; and
      `regret`, see `summary.compute_regrets`.
    """
    with resources.files(__package__).joinpath("published.csv").open() as stream:
        wide = pd.read_csv(stream, index_col="target")
    values = cast(pd.Series, wide.rename_axis(columns="source").stack())
    frame = values.dropna().rename("value").reset_index()
    target, source = (frame[name].map(DATASETS) for name in ("target", "source"))
    sizes = [x.map(lambda row: row.size(SEGMENTATION, "train")) for x in (target, source)]
    frame = frame.assign(
        target_type=SEGMENTATION,
        source_type=SEGMENTATION,
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
        regret=compute_regrets(frame),
    )


def pick_sources(published: pd.DataFrame, rule: str) -> pd.DataFrame:
    """Selects the chain that one of `RULES` picks for each target; none where it has no source."""
    if rule == "coco":
        return published[published.source == "coco"]
    own = published[published.within] if rule == "within" else published
    return own.sort_values("n_source", ascending=False).drop_duplicates("target")


def regrets_of_rules(published: pd.DataFrame) -> pd.DataFrame:
    """Computes how much each rule loses against the best source.

    Returns:
      One row for each of `RULES`: `rule`, `targets` it can pick for, how often it picks the best
      source (`best`) or one within 2 % of it (`near`), and the `mean`, `median` and `worst`
      regret in %. For chance, `best` and `near` are expected numbers.
    """
    table = []
    for rule, text in RULES.items():
        if rule == "random":
            by_target = published.assign(best=published["rank"] == 1, near=published.regret <= NEAR)
            means = by_target.groupby("target")[["best", "near", "regret"]].mean()
            best, near, regret = means.best.sum(), means.near.sum(), means.regret
        else:
            picked = pick_sources(published, rule)
            best, near = (picked["rank"] == 1).sum(), (picked.regret <= NEAR).sum()
            regret = picked.regret
        table.append(
            {"rule": text, "targets": len(regret), "best": float(best), "near": float(near),
             "mean": regret.mean(), "median": regret.median(), "worst": regret.max()}
        )  # fmt: skip
    return pd.DataFrame(table)
