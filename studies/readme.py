"""Fills the computed parts of FINDINGS.md, between marks, from the tables here.

  python studies/readme.py

A test holds the page against what these functions make.
"""

import pathlib
import re
from collections.abc import Mapping, Sequence

import pandas as pd

from foi_tf import files
from foi_tf.analysis.findings import comparison, findings
from foi_tf.analysis.measures import (
    correlation,
    distance,
    domain_distance,
    gains,
    screening,
    variance,
)
from foi_tf.analysis.recommend import pair_scores, past_transfers, regret, source_ranking
from foi_tf.analysis.report import tables
from foi_tf.study import results
from foi_tf.study.dataset import SEGMENTATION

HERE = pathlib.Path(__file__).parent
PAGES = (HERE / "FINDINGS.md",)
STUDIES = sorted(path.parent for path in HERE.glob("*/results.csv"))
# Table 10, and the τ of the source's size that Section 6 gives beside it.
FACTORS = {
    distance.ONE_TO_ONE: ("(1) Earth Mover's Distance", "0.20"),
    distance.TARGET_TO_SOURCE: ("(2) target image to the closest source image: inclusion", "0.42"),
    distance.SOURCE_TO_TARGET: ("(3) source image to the closest target image", "0.06"),
    distance.MEAN: ("(4) mean of (2) and (3)", "0.27"),
    correlation.SAME_DOMAIN: ("same image domain", ""),
    correlation.SIZE: ("training images of the whole source", "0.12"),
}


def blocks() -> dict[str, str]:
    """All parts, by the name in their marks `<!-- NAME -->` and `<!-- /NAME -->`."""
    judged = {study.name: comparison.judge_directory(study) for study in STUDIES}
    found = {"findings": comparison.compare_as_markdown(judged)}
    found["agreement mini"] = _agreement(HERE / "mini")
    found["effects"] = _effects()
    found["narrow"] = _narrow(judged)
    found["seeds"] = _seeds(judged)
    found["noise"] = _noise()
    for study in STUDIES:
        found[f"regret {study.name}"] = _regret(study, [], None)
        kept = study / "scores.csv"
        if kept.exists():
            found[f"metrics {study.name}"] = _regret(
                study, [SEGMENTATION], pair_scores.read_scores(kept)
            )
    return found


def block(text: str, name: str) -> str:
    """What stands between the marks of that name."""
    (found,) = _pattern(name).findall(text)
    return found[1]


def filled(pages: Sequence[str]) -> list[str]:
    """Pages with all parts as the tables have them."""
    pages = list(pages)
    for name, part in blocks().items():
        made = [
            _pattern(name).subn(lambda match, part=part: match[1] + part + match[3], page)
            for page in pages
        ]
        if (count := sum(places for _, places in made)) != 1:
            raise SystemExit(f"there are {count} places for '{name}', not one")
        pages = [page for page, _ in made]
    return pages


def _pattern(name: str) -> re.Pattern:
    return re.compile(rf"(<!-- {name} -->\n)(.*?)(<!-- /{name} -->)", re.DOTALL)


def _rows(study: pathlib.Path) -> pd.DataFrame:
    return screening.screen(results.load(study / "results.csv"))[0]


def _chains(study: pathlib.Path) -> pd.DataFrame:
    return gains.with_gains(_rows(study))


def _agreement(study: pathlib.Path) -> str:
    known = domain_distance.read(study / "distances.csv")
    own = _chains(study)
    own = own[(own.target_type == SEGMENTATION) & (own.source_type == SEGMENTATION)]
    columns = []
    whole = own[own.setting == "small"].groupby("source").n_source.max()
    for setting in ("small", "small_source"):
        pairs = correlation.pairs(own[own.setting == setting], known)
        pairs[correlation.SIZE] = pairs.source.map(whole).astype(float)
        found = correlation.overall(pairs, list(FACTORS)).itertuples()
        columns.append([f"{x.tau:.2f} ({x.low:.2f} to {x.high:.2f})" for x in found])
        columns.append([_among_targets(pairs, name) for name in FACTORS])
    header = ["Kendall's τ of gain with", "the paper"]
    header += ["whole sources", "by source", "few source images", "by source"]
    words = [[text, paper or tables.MISSING] for text, paper in FACTORS.values()]
    rows = [
        [*first, *cells] for first, cells in zip(words, zip(*columns, strict=True), strict=True)
    ]
    return _table(header, rows, words=1)


def _among_targets(pairs: pd.DataFrame, name: str) -> str:
    """The mean over sources of tau among the targets of one."""
    taus = [
        correlation.kendall_tau(x[name].to_numpy(), x.gain.to_numpy())
        for _, x in pairs.groupby("source")
    ]
    mean = pd.Series(taus).mean()
    return tables.MISSING if pd.isna(mean) else f"{mean:.2f}"


def _effects() -> str:
    found = []
    for study in STUDIES:
        (own,) = variance.sheets(_chains(study))
        found.append(own.texts.drop(columns="network").assign(study=study.name))
    table = pd.concat(found).set_index("study").reset_index()
    return _table(list(table), table.to_numpy().tolist(), words=3)


def _seeds(judged: Mapping[str, Sequence[findings.Finding]]) -> str:
    """The verdicts that each seed comes to alone, beside those of all."""
    verdicts = {}
    for study in STUDIES:
        known = domain_distance.read(study / "distances.csv")
        for seed, own in _rows(study).groupby("seed"):
            verdicts[f"{study.name}, seed {seed}"] = findings.judge_findings(
                gains.with_gains(own), known
            )
        verdicts[f"{study.name}, all seeds"] = judged[study.name]
    names = [finding.id for finding in next(iter(verdicts.values()))]
    columns = [[finding.verdict for finding in found] for found in verdicts.values()]
    return _table(["", *verdicts], list(zip(names, *columns, strict=True)), words=1 + len(verdicts))


def _narrow(judged: Mapping[str, Sequence[findings.Finding]]) -> str:
    """The verdicts that turn where one target or seed is left out, and which."""
    rows = [
        [study, one.id, one.verdict, ", ".join(f"`{name}`" for name in one.hangs_on)]
        for study, found in judged.items()
        for one in found
        if one.hangs_on
    ]
    return _table(["study", "", "verdict", "turns without one of"], rows, words=4)


def _noise() -> str:
    """How far the gains of a chain's first two seeds differ."""
    found = []
    for study in STUDIES:
        runs = gains.transfers(gains.seed_gains(_rows(study))).sort_values("seed")
        runs["nth"] = runs.groupby(gains.CHAIN).cumcount()
        both = runs.pivot(index=gains.CHAIN, columns="nth", values="gain")[[0, 1]].dropna()
        types = both.groupby("target_type")
        for name, own in [("all", both), *types]:
            one, two = own[0], own[1]
            apart = (one - two).abs().median()
            alike = 100 * ((one > 0) == (two > 0)).mean()
            numbers = [f"{apart:.1f}", f"{alike:.0f}", f"{one.corr(two, 'spearman'):.2f}"]
            found.append([study.name, name, str(len(own)), *numbers])
    header = ["study", "targets", "chains", "difference, points", "same sign, %"]
    return _table([*header, "rank correlation"], found, words=2)


def _regret(study: pathlib.Path, kinds: list[str], kept: pd.DataFrame | None) -> str:
    known = domain_distance.read(study / "distances.csv")
    before, _ = past_transfers.load_past_transfers(study / "results.csv", "small", [], known)
    before = past_transfers.filter_task_types(before, "within_type", kinds)
    table = regret.evaluate_rules(before, source_ranking.score_past_transfers(before, [], [], kept))
    header = ["rule", "targets", "first pick", "best of three", "worst first pick"]
    rows = [
        [f"`{x.rule}`", str(x.targets), *(f"{y:.1f}" for y in (x.regret_1, x.regret_3, x.worst))]
        for x in table.sort_values("regret_1", kind="stable").itertuples()
    ]
    return _table(header, rows, words=1)


def _table(header: list[str], rows: list[list[str]], words: int) -> str:
    rule = ["---" if i < words else "---:" for i in range(len(header))]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [header, rule, *rows])


if __name__ == "__main__":
    for page, text in zip(PAGES, filled([page.read_text() for page in PAGES]), strict=True):
        files.write_text(page, text)
