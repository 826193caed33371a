"""Draws the metric of each start by the number of target images, as SVG without other parts.

Places are in percent of the width and texts in pixels, as in `report.start_figure`.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

import numpy as np

from foi_tf.analysis.report.start_figure import LEAST_POINTS, choose_ticks
from foi_tf.comparison.label_budget import CurvePoint
from foi_tf.study.metrics import get_metric
from foi_tf.study.results import SCRATCH

MOST_SOURCES = 5  # More are left to the table; ours.
_HEIGHT, _TOP, _AXIS = 220, 10, 44  # In pixels: of the plot, above it and below it.
_LEFT, _RIGHT = 11, 97  # In percent of the width.
_RANDOM, _PRETRAINING = "#767676", "#5b2a7b"
# Told apart by readers with each kind of color vision (Okabe and Ito), and by their dashes.
_SOURCES = ("#009e73", "#d55e00", "#0072b2", "#e69f00", "#cc79a7")
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 2")
_STYLE = "text{font:13px system-ui,sans-serif;fill:#595959}.t{stroke:#ddd}"


def draw_curve(curve: Sequence[CurvePoint]) -> str:
    """Draws the mean metric of starts with its 95 % interval as a band; "" for too few points.

    Args:
      curve: races that could be judged, the fewest images first.
    """
    counts = [point.images for point in curve]
    lines = {name: _find_bounds(curve, name) for name in _choose_starts(curve)}
    known = sum(int(np.isfinite(bounds[0]).sum()) for bounds in lines.values())
    if len(counts) < 2 or known < LEAST_POINTS:
        return ""
    values = np.concatenate([bounds.ravel() for bounds in lines.values()])
    ticks = choose_ticks(float(np.nanmin(values)), float(np.nanmax(values)))

    def across(images: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * math.log(images / counts[0]) / math.log(
            counts[-1] / counts[0]
        )

    def down(value: float) -> float:
        return _TOP + _HEIGHT * (ticks[-1] - value) / (ticks[-1] - ticks[0])

    parts = [_draw_axes(curve, ticks, across, down)]
    legend = []
    colors = _choose_colors(lines, curve[-1].race.plan.init_name)
    for (name, bounds), (color, dash) in zip(lines.items(), colors, strict=True):
        parts.append(_draw_line(counts, bounds, color, dash, across, down))
        legend.append(_draw_key("random weights" if name == SCRATCH else name, color, dash))
    height = _TOP + _HEIGHT + _AXIS
    return (
        '<figure class="starts"><svg xmlns="http://www.w3.org/2000/svg" width="100%" '
        f'height="{height}">'
        f"<style>{_STYLE}</style>{''.join(parts)}</svg><p>{' '.join(legend)}</p>"
        "<figcaption>Mean metric by number of target images; bands are 95 % intervals."
        "</figcaption></figure>"
    )


def _choose_starts(curve: Sequence[CurvePoint]) -> list[str]:
    """Chooses the starts without a source, and the sources that are best with most images."""
    decision, plan = curve[-1].race.decision, curve[-1].race.plan
    assert decision.posterior is not None
    plain = [name for name in plan.starts if name in (SCRATCH, plan.init_name)]
    best = dict(zip(decision.posterior.names, decision.posterior.p_best, strict=True))
    sources = [name for name in plan.starts if name not in plain]
    return [*plain, *sorted(sources, key=lambda name: -best.get(name, -1.0))[:MOST_SOURCES]]


def _find_bounds(curve: Sequence[CurvePoint], name: str) -> np.ndarray:
    """Returns the metric of a start and the ends of its interval, [3, points]; NaN if unknown."""
    found = np.full((3, len(curve)), np.nan)
    for place, point in enumerate(curve):
        posterior = point.race.decision.posterior
        if posterior is not None and name in posterior.names and name in point.race.values:
            found[:, place] = posterior.estimates()[:, posterior.names.index(name)]
    return found


def _choose_colors(names: Iterable[str], pretraining: str) -> list[tuple[str, str]]:
    """Returns the color and the dashes of each start."""
    sources = iter(zip(_SOURCES, _DASHES, strict=True))
    plain = {pretraining: (_PRETRAINING, ""), SCRATCH: (_RANDOM, "")}
    return [plain[name] if name in plain else next(sources) for name in names]


def _draw_axes(
    curve: Sequence[CurvePoint],
    ticks: Sequence[float],
    across: Callable[[float], float],
    down: Callable[[float], float],
) -> str:
    """Draws ticks and labels."""
    digits = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))
    bottom = _TOP + _HEIGHT
    parts = [
        f'<line class="t" x1="{_LEFT}%" x2="{_RIGHT}%" y1="{down(x):.1f}" y2="{down(x):.1f}"/>'
        f'<text x="{_LEFT - 1}%" y="{down(x) + 4:.1f}" text-anchor="end">{x:.{digits}f}</text>'
        for x in ticks
    ]
    parts += [
        f'<text x="{across(point.images):.1f}%" y="{bottom + 18}" text-anchor="middle">'
        f"{point.images}</text>"
        for point in curve
    ]
    label = f"{get_metric(curve[-1].race.metric).label} by number of target images"
    parts.append(f'<text x="50%" y="{bottom + 38}" text-anchor="middle">{escape(label)}</text>')
    return "".join(parts)


def _draw_line(
    counts: Sequence[int],
    bounds: np.ndarray,
    color: str,
    dash: str,
    across: Callable[[float], float],
    down: Callable[[float], float],
) -> str:
    """Draws the band, the line and the points of a start, where its metric is known."""
    known = np.flatnonzero(np.isfinite(bounds[0]))
    x = [across(counts[i]) for i in known]
    middle, low, high = ([down(value) for value in row[known]] for row in bounds)
    band = [*zip(x, high, strict=True), *reversed([*zip(x, low, strict=True)])]
    # Only a picture of its own can stretch areas with the width of the page.
    stretched = (
        f'<svg x="0" y="0" width="100%" height="{_TOP + _HEIGHT}" preserveAspectRatio="none" '
        f'viewBox="0 0 100 {_TOP + _HEIGHT}"><polygon fill="{color}" fill-opacity=".15" '
        f'points="{_join(band)}"/><polyline fill="none" stroke="{color}" stroke-width="2" '
        f'stroke-dasharray="{dash}" vector-effect="non-scaling-stroke" '
        f'points="{_join(zip(x, middle, strict=True))}"/></svg>'
    )
    points = "".join(
        f'<circle cx="{a:.1f}%" cy="{b:.1f}" r="4" fill="{color}"/>'
        for a, b in zip(x, middle, strict=True)
    )
    return stretched + points


def _join(points: Iterable[tuple[float, float]]) -> str:
    """Writes points as an attribute of SVG."""
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in points)


def _draw_key(name: str, color: str, dash: str) -> str:
    """Draws the sample of a line beside the name of its start."""
    return (
        '<span style="white-space:nowrap;margin-right:1em"><svg style="display:inline;width:30px" '
        f'height="10"><line x1="0" x2="30" y1="5" y2="5" stroke="{color}" stroke-width="2" '
        f'stroke-dasharray="{dash}"/></svg> {escape(name)}</span>'
    )
