"""The findings of several studies beside each other and beside the paper's, as Markdown."""

from collections.abc import Mapping, Sequence

from etils import epath

from foi_tf.analysis.findings import leave_one_out
from foi_tf.analysis.findings.evidence import Evidence
from foi_tf.analysis.findings.findings import Finding
from foi_tf.analysis.measures import domain_distance, gains, screening, summary
from foi_tf.errors import FoiError
from foi_tf.study import results
from foi_tf.study.table_texts import MISSING


def judge(directory: epath.PathLike) -> list[Finding]:
    """The findings of a study that is kept as two tables, with what their verdicts hang on.

    Args:
      directory: has results.csv, as `report.write` writes it, and maybe distances.csv, as
        `domain_report.write` does.

    Raises:
      FoiError: a table is missing or broken, or its chains are of several networks.
    """
    directory = epath.Path(directory)
    rows, _ = screening.screen(results.load(directory / "results.csv"))
    distances = directory / "distances.csv"
    known = domain_distance.read(distances) if distances.exists() else None
    runs = gains.seed_gains(rows)
    chains = gains.means(runs)
    if len(networks := summary.networks(chains)) > 1:
        names = " and ".join(f"{backbone} from {family}" for backbone, family in networks)
        raise FoiError(f"{directory}: has chains of {names}; keep them in different directories")
    return leave_one_out.judge(chains, runs, known)


def markdown(studies: Mapping[str, Sequence[Finding]]) -> str:
    """A table with a line for each claim and its verdicts, and one for each of its numbers.

    Verdicts that hang on a single target or seed are called narrow.

    Args:
      studies: by name, what `judge` returns; all of the same claims.
    """
    names = list(studies)
    lines = [
        ["Claim, and what was asked", "the paper", *names],
        [" --- "] * (2 + len(names)),
    ]
    for own in zip(*studies.values(), strict=True):
        verdicts = [f"**{one.verdict}**{one.narrowly}" for one in own]
        lines.append([f"**{own[0].id}** {own[0].claim}", "", *verdicts])
        pieces = [{piece.what: piece for piece in one.evidence} for one in own]
        for what in dict.fromkeys(what for by_what in pieces for what in by_what):
            found = [by_what.get(what) for by_what in pieces]
            paper = next(piece.paper for piece in found if piece)
            lines.append([what, paper or MISSING, *map(_cell, found)])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cell(piece: Evidence | None) -> str:
    """What was found, over how many, and whether the claim holds by it."""
    if piece is None or not piece.count:
        return MISSING
    holds = {True: " ✓", False: " ✗", None: ""}[piece.holds]
    return f"{piece.found} (of {piece.count}){holds}"
