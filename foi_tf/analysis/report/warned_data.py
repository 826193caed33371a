"""Shows warnings on the data of results: a mark beside every name, and a section of their own."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from html import escape

from foi_tf.analysis.report import html_page
from foi_tf.analysis.report.tables import Table

HEADING = "Warnings on data"
MARK = "†"
_NOTE = f"{MARK} There are warnings on this data; see {HEADING}."


def mark_names(table: Table, datasets: Sequence[str]) -> Table:
    """Returns a table with a mark behind the names of datasets, wherever they are printed.

    Args:
      datasets: ids of the datasets with warnings.
    """
    if not datasets:
        return table
    # A name stands alone or before its task type, never inside of a longer one.
    names = "|".join(map(re.escape, sorted(datasets, key=len, reverse=True)))
    pattern = re.compile(rf"(?<![\w-])({names})(?![\w-])")

    def mark(text: object) -> str:
        return pattern.sub(rf"\1{MARK}", str(text))

    marked = table.texts.map(mark).set_axis([mark(name) for name in table.texts], axis=1)
    if marked.equals(table.texts) and [*marked] == [*table.texts]:
        return table
    hovers = table.hovers
    if hovers is not None:
        hovers = hovers.map(mark)
    return dataclasses.replace(table, texts=marked, hovers=hovers, notes=[*table.notes, _NOTE])


def render_warnings(warnings: Mapping[str, Sequence[str]], *, marked: bool = True) -> str:
    """Renders the warnings by dataset, as HTML.

    Args:
      marked: whether the names of these datasets have a mark on the page.
    """
    which = f"what is marked with {MARK}" if marked else "these datasets"
    html = [
        "<p>They are of <code>foi-prepare</code>. Until they are settled, do not trust the results "
        f"of {which}.</p>"
    ]
    for dataset, texts in warnings.items():
        html.append(f"<h3>{escape(dataset)}</h3>{html_page.render_list(map(escape, texts))}")
    return "".join(html)
