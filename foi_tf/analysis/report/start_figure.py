"""Draws all starts of a target with their runs and intervals, as SVG without other parts.

Places are in percent of the width and texts in pixels, so that the figure is as readable on a
phone as on paper of 6 inches.
"""

import math
from collections.abc import Callable, Sequence
from html import escape

import numpy as np

from foi_tf.analysis.measures.answer import Answer, JudgedStart
from foi_tf.analysis.measures.starts import PRETRAINING, RANDOM, SOURCE
from foi_tf.analysis.report.tables import format_gain
from foi_tf.study.metrics import get_metric

LEAST_POINTS = 5  # Fewer are no figure; ours.
MOST_STARTS = 30  # More sources than these are left to the table; ours.
_ROW, _AXIS = 42, 40  # Heights in pixels.
_COLORS = {SOURCE: "#1b7837", PRETRAINING: "#5b2a7b", RANDOM: "#767676"}
_LABELS = {RANDOM: "random weights"}
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}.f{fill:#595959}.b{font-weight:600}"
    ".t{stroke:#ccc}.i{stroke-width:3}.r{stroke:#fff;fill-opacity:.7}"
)


def can_draw(answer: Answer) -> bool:
    """Tells whether an answer has enough runs for a figure."""
    return len(answer.ranked) > 1 and sum(one.seeds for one in answer.ranked) >= LEAST_POINTS


def draw_starts(answer: Answer) -> str:
    """Draws the ranked starts of an answer, the best first, as an `svg` element.

    A thin line is the 95 % interval of the mean metric, small points are runs, and the upright line
    is the start that gains are over.
    """
    starts = _choose(answer)
    low, high = _limits(starts)
    ticks = choose_ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])

    def place(value: float) -> str:
        share = (min(max(value, low), high) - low) / (high - low) if high > low else 0.5
        return f"{2 + 96 * share:.1f}%"

    bottom = _ROW * len(starts) + 6
    digits = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))
    parts = [
        f'<line class="t" x1="{place(x)}" x2="{place(x)}" y1="0" y2="{bottom}"/><text class="f" '
        f'x="{place(x)}" y="{bottom + 15}" text-anchor="middle">{x:.{digits}f}</text>'
        for x in ticks
    ]
    for reference in (one for one in starts if one.name == answer.reference):
        at = place(reference.value)
        color = _COLORS[reference.kind]
        parts.append(
            f'<line x1="{at}" x2="{at}" y1="0" y2="{bottom}" stroke="{color}" '
            'stroke-dasharray="4 3"/>'
        )
    parts += [_draw_row(one, i, place, answer) for i, one in enumerate(starts)]
    label = get_metric(answer.metric).label
    parts.append(
        f'<text class="f" x="50%" y="{bottom + 33}" text-anchor="middle">{escape(label)}</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="{bottom + _AXIS}">'
        f"<style>{_STYLE}</style>{''.join(parts)}</svg>"
    )


def describe_figure(answer: Answer) -> str:
    """Returns the caption of `draw_starts`."""
    left = len(answer.ranked) - len(_choose(answer))
    bands = "lines are 95 % intervals of the mean" if answer.noise else "their noise is unknown"
    more = f" {left} sources that are further behind are in the table." if left else ""
    return (
        f"All starts of {answer.target}, the best first. Small points are runs, large ones their "
        f"means; {bands}. Gains are over the dashed line.{more}"
        if answer.reference
        else f"All starts of {answer.target}, the best first. Small points are runs, large ones "
        f"their means; {bands}.{more}"
    )


def _choose(answer: Answer) -> list[JudgedStart]:
    """Returns the starts that are drawn: the best ones, and those without a source."""
    first = answer.ranked[:MOST_STARTS]
    return [*first, *(one for one in answer.ranked[MOST_STARTS:] if one.kind != SOURCE)]


def _draw_row(start: JudgedStart, row: int, place: Callable[[float], str], answer: Answer) -> str:
    """Draws the names, the interval and the points of a start."""
    top, middle = row * _ROW, row * _ROW + 29
    color, best = _COLORS[start.kind], answer.best is not None and start.name == answer.best.name
    gain = "" if math.isnan(start.gain) else f" ({format_gain(start.gain)} %)"
    weight = ' class="b"' if best else ""
    name = escape(_LABELS.get(start.kind, start.name))
    line = ""
    if not math.isnan(start.value_low):
        ends = f'x1="{place(start.value_low)}" x2="{place(start.value_high)}"'
        line = f'<line class="i" {ends} y1="{middle}" y2="{middle}" stroke="{color}"/>'
    points = "".join(
        f'<circle cx="{place(value)}" cy="{middle}" r="3.5" class="r"/>'
        for value in start.values
        if start.seeds > 1
    )
    return (
        f'<g fill="{color}"><text{weight} x="0" y="{top + 16}">{name}</text>'
        f'<text{weight} x="100%" y="{top + 16}" text-anchor="end">{start.value:.3f}{gain}</text>'
        f"{line}{points}"
        f'<circle cx="{place(start.value)}" cy="{middle}" r="6"/></g>'
    )


def _limits(starts: Sequence[JudgedStart]) -> tuple[float, float]:
    """Returns the ends of all points and intervals."""
    values = [value for one in starts for value in (*one.values, one.value_low, one.value_high)]
    return float(np.nanmin(values)), float(np.nanmax(values))


def choose_ticks(low: float, high: float) -> list[float]:
    """Returns three to six round numbers that span a range."""
    span = (high - low) or abs(high) or 1.0
    step = 10 ** math.floor(math.log10(span / 3))
    step *= next(x for x in (1, 2, 5, 10) if span / (step * x) <= 5)
    first = math.floor(low / step)
    count = max(math.ceil(high / step) - first, 1)
    return [round((first + i) * step, 10) for i in range(count + 1)]
