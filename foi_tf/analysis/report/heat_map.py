"""Draws tables as heat maps, as SVG.

Cells are as narrow as their texts, so that twenty columns can be read at a width of 6 inches. They
show details when the pointer rests on them.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from html import escape

import numpy as np

from foi_tf.analysis.report import cell_colors
from foi_tf.analysis.report.tables import Table, without_deviation

INK, FAINT = "#222", "#595959"
# Pixels: height of a row, widths of a letter in a cell and in a name.
ROW, LETTER, NAMES = 20, 5.6, 6.6
_SLOPE = 0.82  # Height of a name above its column for its length; it is turned by 55 degrees.
_STYLE = (
    "text{font:11px system-ui,sans-serif;fill:#222}.c{text-anchor:middle}.f{fill:#595959}"
    "path{stroke:#222;stroke-width:1.2;fill:none}"
)
_BLANK = (
    '<pattern id="none" width="5" height="5" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="5" height="5" fill="#fff"/>'
    '<rect width="1" height="5" fill="#d0d0d0"/></pattern>'
)


def draw_heat_map(table: Table) -> str:
    """Draws a table in its colors.

    Lines separate its groups, which are named below; domains are named on the right. Deviations
    over seeds are not drawn, and gains are rounded to whole percents; the tables have room for
    them.
    """
    texts = table.texts.iloc[:, table.words :].map(_shorten)
    names, domains = _row_names(table)
    labels = [str(name) for name in texts.columns]
    letters = max([2, *(len(text) for text in texts.to_numpy().ravel())])
    cell = LETTER * letters + 6
    left, top = NAMES * max(map(len, names)) + 8, NAMES * _SLOPE * max(map(len, labels)) + 14
    height, width = texts.shape
    right, bottom = left + cell * width, top + ROW * height
    groups = [*table.groups[table.words :]]
    turned = any(LETTER * len(name) > cell * (stop - start) for name, start, stop in _runs(groups))
    below = NAMES * max(map(len, groups), default=0) + 10 if turned else 18
    parts = [_draw_cells(table, texts.to_numpy(), left, top, cell)]
    for i, name in enumerate(labels):
        x, y = left + cell * (i + 0.5) + 3, top - 5
        parts.append(
            f'<text transform="translate({x:.1f} {y:.1f}) rotate(-55)">{escape(name)}</text>'
        )
    for i, name in enumerate(names):
        y = top + ROW * (i + 0.7)
        parts.append(
            f'<text x="{left - 6:.1f}" y="{y:.1f}" text-anchor="end">{escape(name)}</text>'
        )
    for name, start, stop in _runs(groups):
        x = left + cell * (start + stop) / 2
        if start:
            parts.append(f'<path d="M{left + cell * start:.1f} {top:.1f}V{bottom:.1f}"/>')
        place = (
            f'transform="translate({x + 3:.1f} {bottom + 6:.1f}) rotate(90)"' if turned
            else f'class="c f" x="{x:.1f}" y="{bottom + 13:.1f}"'
        )  # fmt: skip
        parts.append(f"<text {place}>{escape(name)}</text>")
    for name, start, stop in _runs(domains):
        if start:
            parts.append(f'<path d="M{left:.1f} {top + ROW * start:.1f}H{right:.1f}"/>')
        y = top + ROW * (start + stop) / 2 + 4
        parts.append(f'<text class="f" x="{right + 6:.1f}" y="{y:.1f}">{escape(name)}</text>')
    # Turned names of columns reach beyond the last cell.
    beyond = max(
        NAMES * max(map(len, domains), default=0) + 10, NAMES * 0.6 * max(map(len, labels))
    )
    size = f"{right + beyond:.0f} {bottom + below:.0f}"
    sides = 'width="{}" height="{}"'.format(*size.split())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" {sides}>'
        f"<title>{escape(table.heading)}</title><style>{_STYLE}</style><defs>{_BLANK}</defs>"
        f"{''.join(parts)}</svg>\n"
    )


def _draw_cells(table: Table, texts: np.ndarray, left: float, top: float, cell: float) -> str:
    """Draws the cells with their texts and details."""
    shades = table.shades.iloc[:, table.words :].to_numpy() if table.shades is not None else None
    hovers = table.hovers.iloc[:, table.words :].to_numpy() if table.hovers is not None else None
    parts = []
    for (i, j), text in np.ndenumerate(texts):
        x, y = left + cell * j, top + ROW * i
        shade = shades[i, j] if shades is not None else "#ffffff"
        more = escape(hovers[i, j] if hovers is not None else text)
        parts.append(
            f'<g><title>{more}</title><rect x="{x:.1f}" y="{y:.1f}" width="{cell:.1f}" '
            f'height="{ROW}" fill="{shade or "url(#none)"}"/>'
        )
        if text:
            ink = f' style="fill:{cell_colors.text_color(shade)}"' if shade else ""
            at = f'x="{x + cell / 2:.1f}" y="{y + 14:.1f}"'
            parts.append(f'<text class="c" {at}{ink}>{escape(text)}</text>')
        parts.append("</g>")
    return "".join(parts)


def _shorten(text: str) -> str:
    """Removes deviations from a text, and decimals from gains, as "+12.3*" to "+12*"."""
    return re.sub(
        r"^[+-]\d+\.\d+",
        lambda found: f"{round(float(found[0])) + 0:+d}",
        without_deviation(text),
    )


def _row_names(table: Table) -> tuple[list[str], list[str]]:
    """Returns the names of the rows, and their domains if the first column has them."""
    words = table.texts.iloc[:, : table.words]
    if words.columns[0] == "domain":
        return list(words.iloc[:, 1]), list(words.iloc[:, 0])
    return [", ".join(line) for line in words.to_numpy()], [""] * len(words)


def _runs(values: Iterable[str]) -> Iterator[tuple[str, int, int]]:
    """Yields each run of equal values with its start and its end (exclusive)."""
    start = 0
    for value, group in itertools.groupby(values):
        stop = start + sum(1 for _ in group)
        yield value, start, stop
        start = stop
