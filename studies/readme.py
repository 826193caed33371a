"""Fills the computed parts of FINDINGS.md, IMAGENET.md and the project's README.md, between marks.

  python -m studies.readme

A test compares the page with the output of these functions.
"""

import functools
import pathlib
import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from foi_tf import files
from foi_tf.analysis.findings import comparison
from foi_tf.analysis.findings.evidence import NOT_ENOUGH, Finding
from foi_tf.analysis.measures import correlation, distance, gains
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.recommend import pair_scores, past_transfers, regret, source_ranking
from foi_tf.analysis.recommend.resampled_regret import resample_regrets
from foi_tf.analysis.report.variance_tables import build_variance_tables
from foi_tf.analysis.uncertainty.verdicts import VERDICTS
from foi_tf.study.dataset import SEGMENTATION
from foi_tf.study.table_texts import MISSING
from studies import equal_steps_table, harmful_table, imagenet_gains, imagenet_tables
from studies.markdown import format_table

HERE = pathlib.Path(__file__).parent
PAGES = (HERE / "FINDINGS.md", HERE / "IMAGENET.md", HERE.parent / "README.md")
STUDIES = (HERE / "mini", HERE / "real")
# Its targets of the task types that have all rows are compared with those.
IMAGENET = HERE / "imagenet"
# The rendered study before, of two seeds a chain; mini has one of most.
EQUAL_STEPS = HERE / "equal_steps"
# Table 10, and the τ of the source's size that Section 6 gives beside it.
FACTORS = {
    distance.ONE_TO_ONE: ("(1) Earth Mover's Distance", "0.20"),
    distance.TARGET_TO_SOURCE: ("(2) target image to the closest source image: inclusion", "0.42"),
    distance.SOURCE_TO_TARGET: ("(3) source image to the closest target image", "0.06"),
    distance.MEAN: ("(4) mean of (2) and (3)", "0.27"),
    correlation.SAME_DOMAIN: ("same image domain", ""),
    correlation.SIZE: ("training images of the whole source", "0.12"),
}
# How many images sources have, by setting.
WHOLE_AND_LIMITED = {"small": "whole sources", "small_source": "few source images"}


def blocks() -> dict[str, str]:
    """Returns all computed parts by the NAME in their marks, `<!-- NAME -->`, `<!-- /NAME -->`."""
    judged = {
        study.name: comparison.judge_study(_analysis(study), str(study))
        for study in (*STUDIES, IMAGENET)
    }
    found = {"findings": comparison.compare_as_markdown(judged), "claims": _claims(judged)}
    for study in (HERE / "mini", IMAGENET):
        found[f"agreement {study.name}"] = _agreement(study)
    found["effects"] = _effects()
    found["noise"] = _noise()
    found["verdicts"] = _verdicts()
    for study in STUDIES:
        found[f"regret {study.name}"] = _regret(study, [], None)
        kept = study / "scores.csv"
        if kept.exists():
            scores = pair_scores.read_scores(kept)
            found[f"metrics {study.name}"] = _regret(study, [SEGMENTATION], scores)
            found[f"winners {study.name}"] = _format_winners(winners(study, scores))
    found["harmful"] = harmful_table.format_harm()
    found["equal steps types"] = equal_steps_table.format_types()
    found["equal steps"] = equal_steps_table.format_sources()
    found["higher rates"] = equal_steps_table.format_rates()
    return found | imagenet_tables.blocks()


def block(text: str, name: str) -> str:
    """Returns the text between the marks of a name."""
    (found,) = _pattern(name).findall(text)
    return found[1]


def filled(pages: Sequence[str]) -> list[str]:
    """Returns pages with all parts computed anew."""
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
    """Returns the pattern of a part with its marks."""
    return re.compile(rf"(<!-- {name} -->\n)(.*?)(<!-- /{name} -->)", re.DOTALL)


@functools.cache
def _analysis(study: pathlib.Path) -> StudyAnalysis:
    """Loads a study once."""
    if study == IMAGENET:
        return imagenet_gains.load_analysis(imagenet_gains.list_complete())
    return comparison.load_study(study)


def _claims(judged: Mapping[str, Sequence[Finding]]) -> str:
    """Returns the table of the claims that the study from ImageNet weights can tell of."""
    lines = [
        [f"{own[0].id}: {own[0].claim}", *(one.judgment for one in own)]
        for own in zip(*judged.values(), strict=True)
        if dict(zip(judged, own, strict=True))[IMAGENET.name].verdict != NOT_ENOUGH
    ]
    header = ["claim", "rendered", "real, small network", "real, from ImageNet"]
    return format_table(header, lines, words=len(header))


def _agreement(study: pathlib.Path) -> str:
    """Returns the table of Kendall's tau of gain with each of `FACTORS` (Table 10)."""
    analysis = _analysis(study)
    own = analysis.mean_gains
    own = own[(own.target_type == SEGMENTATION) & (own.source_type == SEGMENTATION)]
    header, columns = ["Kendall's τ of gain with", "the paper"], []
    whole = own[own.setting == "small"].groupby("source").n_source.max()
    for setting, text in WHOLE_AND_LIMITED.items():
        chosen = own[own.setting == setting]
        if chosen.empty:
            continue
        pairs = correlation.join_factors(chosen, analysis.distances)
        pairs[correlation.SIZE] = pairs.source.map(whole).astype(float)
        found = list(correlation.tau_over_all(pairs, list(FACTORS)).itertuples())
        columns.append([f"{x.tau:.2f} ({x.low:.2f} to {x.high:.2f})" for x in found])
        columns.append([f"{x.adjusted_tau:.2f} ({x.p_value:.3f})" for x in found])
        header += [text, "adjusted (p)"]
    words = [[text, paper or MISSING] for text, paper in FACTORS.values()]
    rows = [
        [*first, *cells] for first, cells in zip(words, zip(*columns, strict=True), strict=True)
    ]
    return format_table(header, rows, words=1)


def _effects() -> str:
    """Returns the table of what gains depend on, of all studies."""
    found = []
    for study in (*STUDIES, IMAGENET):
        (own,) = build_variance_tables(_analysis(study).mean_gains)
        found.append(own.texts.drop(columns="network").assign(study=study.name))
    table = pd.concat(found).set_index("study").reset_index()
    return format_table(list(table), table.to_numpy().tolist(), words=3)


def _noise() -> str:
    """Returns the table of how far the gains of a chain's first two seeds differ."""
    found = []
    for study in (HERE / "mini", EQUAL_STEPS, HERE / "real", IMAGENET):
        runs = gains.transfers(_analysis(study).seed_gains).sort_values("seed")
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
    return format_table([*header, "rank correlation"], found, words=2)


def _verdicts() -> str:
    """Returns the table of how many gains are how sure, in the small setting."""
    found = []
    for study in (*STUDIES, IMAGENET):
        own = gains.transfers(_analysis(study).chains)
        own = own[(own.setting == "small") & own.gain.notna()]
        for kind, part in own.groupby("target_type"):
            counts = part.verdict.value_counts()
            found.append(
                [
                    study.name,
                    str(kind),
                    f"{part.noise.median():.0f}",
                    *(str(counts.get(name, 0)) for name in VERDICTS),
                ]
            )
    return format_table(["study", "targets", "noise of a run, %", *VERDICTS], found, words=2)


def _regret(study: pathlib.Path, kinds: list[str], kept: pd.DataFrame | None) -> str:
    """Returns the table of what following each rule costs in the small setting.

    Args:
      kinds: task types of the targets; all if empty.
      kept: scores as `pair_scores.read_scores` returns them, or None.
    """
    before, drawn = _past(study, "small", kinds)
    scores = source_ranking.score_past_transfers(before, [], [], kept)
    table = regret.evaluate_rules(before, scores, drawn)
    header = ["rule", "targets", "first pick", "95 %", "comes first in", "best of three", "worst"]
    rows = [
        [f"`{x.rule}`", str(x.targets), f"{x.regret_1:.1f}", *_certainty(x),
         f"{x.regret_3:.1f}", f"{x.worst:.1f}"]
        for x in table.sort_values("regret_1", kind="stable").itertuples()
    ]  # fmt: skip
    return format_table(header, rows, words=1)


def winners(study: pathlib.Path, kept: pd.DataFrame) -> pd.DataFrame:
    """Returns `resample_regrets` of the segmentation targets of a study, over its settings.

    Scores are of whole sources, so the setting with limited ones does not count.
    """
    tried = gains.transfers(_analysis(study).mean_gains)
    settings = [x for x in ("small", "full") if (tried.setting == x).any()]
    parts = [_past(study, setting, [SEGMENTATION]) for setting in settings]
    scores = [source_ranking.score_past_transfers(own, [], [], kept) for own, _ in parts]
    marked = [own.assign(setting=x) for x, (own, _) in zip(settings, parts, strict=True)]
    return resample_regrets(
        pd.concat(marked, ignore_index=True),
        {name: pd.concat([one[name] for one in scores], ignore_index=True) for name in scores[0]},
        np.concatenate([drawn for _, drawn in parts], axis=1),
    )


def _format_winners(table: pd.DataFrame) -> str:
    """Returns the table of which rule costs least, over draws."""
    rows = [
        [f"`{x.rule}`", str(x.compared), f"{x.regret:.1f}", *_certainty(x)]
        for x in table.itertuples()
    ]
    return format_table(["rule", "targets", "first pick", "95 %", "comes first in"], rows, words=1)


def _past(study: pathlib.Path, setting: str, kinds: list[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """Returns the transfers within task types of a setting, and draws of their true gains."""
    analysis = _analysis(study)
    before = past_transfers.select_past_transfers(analysis.mean_gains, setting, analysis.distances)
    before = past_transfers.filter_task_types(before, "within_type", kinds)
    return before, past_transfers.draw_gains(before, analysis)


def _certainty(row) -> tuple[str, str]:
    """Formats the interval of a rule's regret, and in which share of draws it is the smallest."""
    if pd.isna(row.wins):
        return MISSING, MISSING
    return f"{row.low:.1f} to {row.high:.1f}", f"{100 * row.wins:.0f} %"


if __name__ == "__main__":
    for page, text in zip(PAGES, filled([page.read_text() for page in PAGES]), strict=True):
        files.write_text(page, text)
