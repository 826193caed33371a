"""Figures of tables."""

import itertools
import math
from collections.abc import Iterable, Iterator

import numpy as np
from etils import epath
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_hex, to_rgb
from matplotlib.figure import Figure

from foi_tf import files
from foi_tf.analysis.tables import Table, gain_text, target_label

COLOURS = LinearSegmentedColormap.from_list(  # Negative, none, positive, as in the paper.
    "gain", ["#5b2a7b", "#c2a5cf", "#ffffff", "#a6dba0", "#1b7837"], N=255
)  # An odd number of colours, for one of them to be white.
FULL_COLOUR = 25.0  # Percent; ours. Beyond it only the printed number grows.
NOT_RUN = "#e8e8e8"  # White means no gain.
INK, FAINT = "#222222", "#777777"
EQUAL_CONTRAST = 0.179  # The luminance on which black and white text read equally well, by WCAG 2.
CELL = (0.48, 0.29)  # Inches, width and height.
DPI = 160


def gain_heat_map(table: Table, path: epath.PathLike) -> None:
    """Draws the mean gains of a table as a PNG: targets by sources, numbers in the cells.

    Green is positive, purple negative, white none, as in the paper's tables; grey cells
    were not run. Lines part the domains, which are named below and on the right.

    Raises:
      FoiError: the file cannot be written.
    """
    gains = table.cells["gain"]
    height, width = gains.shape
    figure = Figure(figsize=(width * CELL[0], height * CELL[1]), dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))  # Labels lie outside; the tight box includes them.
    _colour(axes, gains.to_numpy())
    axes.set_xticks(range(width), [source for _, source in gains.columns], rotation=60, ha="left")
    axes.set_yticks(range(height), [target_label(index) for index in gains.index])
    axes.tick_params(
        top=True, bottom=False, labeltop=True, labelbottom=False, length=0, labelsize=8
    )
    axes.tick_params(axis="x", pad=1)
    axes.spines[:].set_color(NOT_RUN)
    _name_sources(axes, [domain for domain, _ in gains.columns], height)
    _name_targets(axes, [index[0] for index in gains.index], width)
    with files.atomic(path) as temporary, temporary.open("wb") as stream:
        figure.savefig(
            stream, format="png", bbox_inches="tight", pad_inches=0.08,
            metadata={"Title": table.title},
        )  # fmt: skip


def colour(gain: float) -> tuple[str, str]:
    """The colours of a gain in %: background and text, as "#rrggbb"."""
    if math.isnan(gain):
        return NOT_RUN, "#000000"
    shade = to_hex(COLOURS(Normalize(-FULL_COLOUR, FULL_COLOUR, clip=True)(gain)))
    return shade, "#000000" if _luminance(shade) > EQUAL_CONTRAST else "#ffffff"


def _luminance(shade: str) -> float:
    """Relative luminance in [0, 1], by WCAG 2."""
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in to_rgb(shade)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def _colour(axes: Axes, gains: np.ndarray) -> None:
    backgrounds = [[to_rgb(colour(gain)[0]) for gain in row] for row in gains]
    axes.imshow(np.array(backgrounds), aspect="auto", interpolation="nearest")
    for (row, column), gain in np.ndenumerate(gains):
        if not math.isnan(gain):
            axes.text(
                column, row, gain_text(gain), ha="center", va="center", fontsize=7,
                color=colour(gain)[1],
            )  # fmt: skip


def _name_sources(axes: Axes, domains: list[str], height: int) -> None:
    for domain, start, stop in _runs(domains):
        if start:
            axes.axvline(start - 0.5, color=INK, linewidth=1.2)
        axes.text(
            (start + stop - 1) / 2, height - 0.35, domain, ha="center", va="top", fontsize=7,
            color=FAINT, rotation=0 if (stop - start) * 7 > len(domain) else 90,
        )  # fmt: skip


def _name_targets(axes: Axes, domains: list[str], width: int) -> None:
    for domain, start, stop in _runs(domains):
        if start:
            axes.axhline(start - 0.5, color=INK, linewidth=1.2)
        axes.text(
            width - 0.35, (start + stop - 1) / 2, domain, ha="left", va="center", fontsize=7,
            color=FAINT,
        )  # fmt: skip


def _runs(values: Iterable[str]) -> Iterator[tuple[str, int, int]]:
    """Each run of equal values, with where it starts and where the next one does."""
    start = 0
    for value, group in itertools.groupby(values):
        stop = start + sum(1 for _ in group)
        yield value, start, stop
        start = stop
