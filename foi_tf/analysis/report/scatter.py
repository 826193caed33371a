"""Draws the figure of an embedding: images as points, colored by domain."""

import itertools
from collections.abc import Mapping

import pandas as pd
from etils import epath
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from foi_tf import files
from foi_tf.analysis.report import plots
from foi_tf.study.dataset import DOMAINS

# Okabe and Ito's colors, which stay apart in all common forms of color blindness. Their yellow is
# darkened for white paper.
COLORS = dict(
    zip(
        DOMAINS,
        (
            "#0072b2",
            "#e69f00",
            "#009e73",
            "#d55e00",
            "#56b4e9",
            "#cc79a7",
            "#000000",
            "#b8a800",
            "#999999",
        ),
        strict=True,
    )
)
MARKERS = "o^sDvP*X<>"  # They tell datasets of one domain apart.
FORMATS = ("png", "svg")
SIZE, DPI = (8.0, 6.0), 160  # Inches; dots per inch.


def draw_embedding(
    points: pd.DataFrame, domains: Mapping[str, str], title: str, path: epath.PathLike
):
    """Draws the points of an embedding as PNG or SVG, by the path's suffix.

    Colors mean domains, and markers mean datasets within a domain. Groups without a domain, such
    as networks, have colors of their own.

    Args:
      points: as `embedding.embed` returns them.
      domains: the domain of each group.
      title: text above the figure.
      path: the file to write.

    Raises:
      FoiError: the file cannot be written.
    """
    path = epath.Path(path)
    figure = Figure(figsize=SIZE, dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    handles = []
    for domain, names in _by_domain(points, domains).items():
        handles.append(Line2D([], [], linestyle="", label=domain))
        own_colors = itertools.cycle(COLORS.values())
        for name, marker in zip(names, itertools.cycle(MARKERS), strict=False):
            own = points[points.group == name]
            style = {"color": COLORS.get(domain) or next(own_colors), "marker": marker}
            axes.scatter(own.x, own.y, s=13, alpha=0.75, linewidths=0, **style)
            handles.append(Line2D([], [], linestyle="", label=f"  {name}", **style))
    axes.set(title=title, xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_color("#cccccc")
    axes.legend(
        handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8,
        handletextpad=0.1, labelspacing=0.25,
    )  # fmt: skip
    plots.take_text_as_it_is(figure)
    with files.atomic_write(path) as temporary, temporary.open("wb") as stream:
        figure.savefig(
            stream, format=path.suffix[1:], bbox_inches="tight", metadata={"Title": title}
        )


def _by_domain(points: pd.DataFrame, domains: Mapping[str, str]) -> dict[str, list[str]]:
    """Returns the groups of each domain, in the order of tables."""
    found: dict[str, list[str]] = {}
    for name in points.group.unique():
        found.setdefault(domains.get(name, ""), []).append(name)
    known = [*DOMAINS, *sorted(set(found) - set(DOMAINS))]
    return {domain: found[domain] for domain in known if domain in found}
