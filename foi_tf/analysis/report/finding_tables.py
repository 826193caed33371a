"""Builds the tables of the numbers that findings are judged by."""

from collections.abc import Sequence

import pandas as pd

from foi_tf.analysis.findings.evidence import Evidence, Finding, format_probability
from foi_tf.analysis.report.tables import Table, format_cells


def build_finding_table(
    found: Sequence[Finding], network: str = "", scope: tuple[str, ...] = ()
) -> Table:
    """Builds a table with one line for each piece of evidence.

    Args:
      found: findings of one network.
      network: the network's name for the title; without it the title names the first finding.
      scope: what tells the table's file from those of other networks.
    """
    lines = [
        {
            "finding": one.id, "verdict": one.judgment, "number": piece.what,
            "found": piece.found, "paper": piece.paper,
            "asked": piece.threshold or "only shown", "holds": _holds_text(piece),
            "p": format_probability(piece.probability), "count": piece.count,
        }
        for one in found
        for piece in one.evidence
    ]  # fmt: skip
    data = pd.DataFrame(lines)
    return Table(
        id="",
        title=f"Findings ({network})" if network else f"Numbers of {found[0].id}",
        scope=("findings", *scope),
        data=data,
        texts=format_cells(data, words=8),
        words=8,
        notes=[
            "p is the probability that what is asked is true, over draws of targets, sources and "
            "runs; that of a finding is for all that it asks together."
        ],
    )


def _holds_text(piece: Evidence) -> str:
    """Tells in a word whether a piece of evidence meets its threshold; "" without one."""
    if piece.holds is None:
        return "too few" if piece.threshold else ""
    return "yes" if piece.holds else "no"
