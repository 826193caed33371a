"""Compares the findings of several studies with each other and with the paper's, as Markdown."""

from collections.abc import Mapping, Sequence

from etils import epath

from foi_tf.analysis.findings.evidence import Evidence, Finding, format_probability
from foi_tf.analysis.findings.findings import judge_findings, judge_networks
from foi_tf.analysis.findings.resampled_chains import DRAWS
from foi_tf.analysis.measures import distance
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.errors import FoiError
from foi_tf.study import results
from foi_tf.study.table_texts import MISSING


def load_study(directory: epath.PathLike) -> StudyAnalysis:
    """Loads a study that is kept as two tables.

    Args:
      directory: has results.csv, as `report.write_report` writes it, and maybe distances.csv, as
        `domain_report.write_distances` does.

    Raises:
      FoiError: a table is missing or broken.
    """
    directory = epath.Path(directory)
    rows = results.load(directory / "results.csv")
    table = directory / "distances.csv"
    return StudyAnalysis(rows, distances=distance.read_distances(table) if table.exists() else None)


def judge_study(analysis: StudyAnalysis, where: str) -> list[Finding]:
    """Judges the findings of a study with one network.

    Args:
      where: the place of the study, for errors.

    Raises:
      FoiError: its chains are of several networks.
    """
    if len(analysis.networks) > 1:
        names = " and ".join(f"{backbone} from {family}" for backbone, family in analysis.networks)
        raise FoiError(f"{where}: has chains of {names}; keep them in different directories")
    judged = judge_networks(analysis)
    if judged:
        return next(iter(judged.values()))
    drawn = analysis.noise.draw_gains(DRAWS)
    return judge_findings(analysis.mean_gains, analysis.distances, drawn)


def compare_as_markdown(studies: Mapping[str, Sequence[Finding]]) -> str:
    """Returns a table with a line for each claim and its verdicts, and one for each of its numbers.

    Args:
      studies: by name, the findings that `judge_study` returns; all of the same claims.
    """
    names = list(studies)
    lines = [
        ["Claim, and what was asked", "the paper", *names],
        [" --- "] * (2 + len(names)),
    ]
    for own in zip(*studies.values(), strict=True):
        verdicts = [f"**{one.verdict}**{one.judgment.removeprefix(one.verdict)}" for one in own]
        lines.append([f"**{own[0].id}** {own[0].claim}", "", *verdicts])
        pieces = [{piece.what: piece for piece in one.evidence} for one in own]
        for what in dict.fromkeys(what for by_what in pieces for what in by_what):
            found = [by_what.get(what) for by_what in pieces]
            paper = next(piece.paper for piece in found if piece)
            lines.append([what, paper or MISSING, *map(format_cell, found)])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def format_cell(piece: Evidence | None) -> str:
    """Returns the number, its count, and the probability that what was asked is true."""
    if piece is None or not piece.count:
        return MISSING
    shown = format_probability(piece.probability)
    return f"{piece.found} (of {piece.count})" + (f"; p {shown}" if shown else "")
