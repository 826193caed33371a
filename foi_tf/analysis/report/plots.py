"""Draws overviews of a study, as PNG and SVG.

In the SVG, bars and points show details when the pointer rests on them.
"""

import io
import re
from collections.abc import Mapping, Sequence
from html import escape

import matplotlib
import pandas as pd
from etils import epath
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from foi_tf import files
from foi_tf.analysis.measures import summary
from foi_tf.analysis.measures.gains import VERY_POSITIVE
from foi_tf.analysis.report import cell_colors
from foi_tf.analysis.report.start_figure import LEAST_POINTS

LINE = "#bbbbbb"
DPI = 110
LEVELS_TITLE = "How often transfer helps and harms"
SIZES_TITLE = "Gain and size of the source"
GREEN, LIGHT_GREEN, PURPLE = "#1b7837", "#a6dba0", "#5b2a7b"


def draw_overviews(
    chains: pd.DataFrame, directory: epath.Path, name: str
) -> dict[str, tuple[str, str]]:
    """Draws the overviews of one network: levels of gain, and gain against size.

    Args:
      chains: the transfers of the network, some of them with a gain.
      directory: the directory to write to.
      name: the network in file names.

    Returns:
      By the file's name without a suffix: a title, and the SVG; none of fewer than five points.
    """
    found = {}
    if chains.gain.notna().sum() >= LEAST_POINTS:
        levels = f"levels-{name}"
        if drawn := draw_levels(chains, directory / levels):
            found[levels] = LEVELS_TITLE, drawn
    if (chains.gain.notna() & (chains.n_source > 0)).sum() >= LEAST_POINTS:
        sizes = f"size-{name}"
        found[sizes] = SIZES_TITLE, draw_gain_against_size(chains, directory / sizes)
    return found


def draw_levels(chains: pd.DataFrame, stem: epath.PathLike) -> str:
    """Draws the levels of gain under each constraint of Table 7 as stacked bars.

    Constraints that fewer than five chains meet have no bar.

    Returns:
      The SVG; "" without a bar.
    """
    lines = []
    for setting, own in summary.group_by_setting(chains):
        for row in summary.effect_shares(own).to_dict("records"):
            if row["count"] >= LEAST_POINTS:
                name = (
                    "all"
                    if row["domain"] == "all"
                    else f"{row['domain']} domain, {row['type']} type"
                )
                lines.append((f"{name}, {setting} (n = {row['count']})", row))
    if not lines:
        return ""
    figure, axes = _figure(6.0, 0.28 * len(lines) + 0.2)
    titles = {}
    for place, (name, row) in enumerate(lines):
        parts = (
            ("negative", row["N"], PURPLE),
            ("no clear effect", 100 - row["N"] - row["P"], "#eeeeee"),
            ("positive, up to 10 %", row["P"] - row["VP"], LIGHT_GREEN),
            (f"above {VERY_POSITIVE:.0f} %", row["VP"], GREEN),
        )
        left = 0.0
        for number, (label, share, color) in enumerate(parts):
            gid = f"bar-{place}-{number}"
            titles[gid] = [f"{name}: {label} {share:.0f} %"]
            axes.barh(place, share, 0.8, left, color=color, gid=gid, label=label)
            if share >= 8:
                axes.text(left + share / 2, place, f"{share:.0f}", ha="center", va="center",
                          fontsize=8, color=cell_colors.text_color(color))  # fmt: skip
            left += share
    axes.set(xlim=(0, 100), xlabel="% of transfers")
    axes.set_yticks(range(len(lines)), [name for name, _ in lines])
    axes.invert_yaxis()
    handles, names = axes.get_legend_handles_labels()
    axes.legend(handles[:4], names[:4], ncols=4, loc="lower left", bbox_to_anchor=(0, 1),
                fontsize=8, frameon=False, columnspacing=1.0, handlelength=1.0)  # fmt: skip
    _plain_axes(axes)
    return save_figure(figure, stem, LEVELS_TITLE, titles)


def draw_gain_against_size(chains: pd.DataFrame, stem: epath.PathLike) -> str:
    """Draws gains by the source's size, within and across domains.

    Returns:
      The SVG.
    """
    known = chains[chains.gain.notna() & (chains.n_source > 0)]
    within = summary.domain_relation(known) == "within"
    figure, axes = _figure(6.0, 3.2)
    titles = {}
    for name, own, color, marker in (
        ("across domains", known[~within], PURPLE, "o"),
        ("within the domain", known[within], GREEN, "D"),
    ):
        if own.empty:
            continue
        gid = f"points-{marker}"
        titles[gid] = [
            f"{row.source}:{row.source_type} → {row.target}:{row.target_type}, {row.setting}: "
            f"{row.gain:+.1f} %, {row.n_source:,} source images"
            for row in own.itertuples()
        ]
        axes.scatter(own.n_source, own.gain, s=12, c=color, marker=marker, alpha=0.7, linewidth=0,
                     label=name, gid=gid)  # fmt: skip
    axes.set(xlabel="training images of the source", ylabel="gain, %")
    if titles:
        axes.set_xscale("log")
    if len(known) and known.gain.abs().max() > 50:
        axes.set_yscale("symlog", linthresh=20, linscale=2)
    axes.axhline(0, color=LINE, linewidth=0.8, zorder=0)
    if titles:
        axes.legend(fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    _plain_axes(axes)
    return save_figure(figure, stem, SIZES_TITLE, titles)


def take_text_as_it_is(figure: Figure) -> None:
    """Keeps Matplotlib from reading a name with two $ as mathematics."""
    for text in figure.findobj(Text):
        text.set_parse_math(False)


def save_figure(
    figure: Figure,
    stem: epath.PathLike,
    title: str,
    titles: Mapping[str, Sequence[str]],
    *,
    png: bool = True,
) -> str:
    """Writes a figure as SVG, and as PNG if wanted, and returns the SVG.

    Args:
      title: description of the figure.
      titles: the details that the marks of each gid show in the SVG, in their order.

    Raises:
      FoiError: a file cannot be written.
    """
    stem = epath.Path(stem)
    take_text_as_it_is(figure)
    # Computed once, by the labels alone; "tight" would lay out every cell again, for each format.
    around = figure.get_tightbbox(figure.canvas.get_renderer()).padded(0.08)
    style = {"bbox_inches": around, "pad_inches": 0}
    text = io.StringIO()
    # Text stays text, the same figure is the same file, and hinting takes a third of the time.
    rules = {"svg.fonttype": "none", "svg.hashsalt": stem.name, "text.hinting": "none"}
    with matplotlib.rc_context(rules):
        if png:
            with files.atomic_write(f"{stem}.png") as temporary, temporary.open("wb") as stream:
                figure.savefig(stream, format="png", metadata={"Title": title}, **style)
        figure.savefig(text, format="svg", metadata={"Date": None, "Title": title}, **style)
    svg = text.getvalue()
    for gid, own in titles.items():
        svg = _with_titles(svg, gid, own)
    files.write_text(f"{stem}.svg", svg)
    return svg


def _with_titles(svg: str, gid: str, titles: Sequence[str]) -> str:
    """Adds a title to each mark of a group; Matplotlib writes marks as paths or as uses."""
    if not titles:
        return svg
    start = svg.index(f'<g id="{gid}">')
    end = svg.index("\n   <g id=", start + 1)  # The next artist of the axes.
    kind = "use" if "<use " in svg[start:end] else "path"
    first, *rest = re.split(rf"(<{kind} [^>]*?)/>", svg[start:end])
    marked = (
        f"{mark}><title>{escape(title)}</title></{kind}>{after}"
        for mark, after, title in zip(rest[::2], rest[1::2], titles, strict=True)
    )
    return svg[:start] + first + "".join(marked) + svg[end:]


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Makes a figure whose axes have a size in inches."""
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure, figure.add_axes((0, 0, 1, 1))  # Labels lie outside; the tight box includes them.


def _plain_axes(axes: Axes) -> None:
    """Removes two spines of the axes and makes the others faint."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(LINE)
    axes.tick_params(labelsize=8, color=LINE)
    axes.xaxis.label.set_size(9)
    axes.yaxis.label.set_size(9)
