"""Draws tables as heat maps, and overviews of a study, as PNG and SVG.

In the SVG, cells and points show details when the pointer rests on them.
"""

import io
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

import matplotlib
import numpy as np
import pandas as pd
from etils import epath
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from foi_tf import files
from foi_tf.analysis.measures import summary
from foi_tf.analysis.measures.gains import VERY_POSITIVE
from foi_tf.analysis.report import cell_colors
from foi_tf.analysis.report.tables import Table, without_deviation

INK, FAINT, LINE = "#222222", "#666666", "#bbbbbb"
NOTHING = "#d0d0d0"  # Color of the hatching on cells that cannot have a number.
CELL_HEIGHT, LETTER = 0.29, 0.068  # Inches, of text at 7 points.
DPI = 110
LEVELS_TITLE = "How often transfer helps and harms"
SIZES_TITLE = "Gain and size of the source"
GREEN, LIGHT_GREEN, PURPLE = "#1b7837", "#a6dba0", "#5b2a7b"


def draw_heat_map(table: Table, stem: epath.PathLike, *, png: bool = True) -> None:
    """Draws a table in its colors as `stem`.svg, and as `stem`.png.

    Lines separate its groups, which are named below; domains are named on the right. Deviations
    over seeds are not drawn; the tables have room for them.

    Args:
      png: whether to write the PNG, which takes most of the time.

    Raises:
      FoiError: a file cannot be written.
    """
    texts = table.texts.iloc[:, table.words :].map(without_deviation)
    labels, domains = _row_labels(table)
    height, width = texts.shape
    letters = max([5, *(len(text) for text in texts.to_numpy().ravel())])
    figure, axes = _figure(width * (letters + 2) * LETTER, height * CELL_HEIGHT)
    titles = _cells(axes, table, texts)
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    axes.set_xticks(range(width), texts.columns, rotation=60, ha="left", rotation_mode="anchor")
    axes.set_yticks(range(height), labels)
    axes.tick_params(
        top=True, bottom=False, labeltop=True, labelbottom=False, length=0, labelsize=8
    )
    axes.spines[:].set_color(cell_colors.NOT_RUN)
    _name_columns(axes, [*table.groups[table.words :]], height, letters)
    _name_rows(axes, domains, width)
    save_figure(figure, stem, table.heading, titles, png=png)


def draw_overviews(
    chains: pd.DataFrame, directory: epath.Path, name: str
) -> dict[str, tuple[str, str]]:
    """Draws the overviews of one network: levels of gain, and gain against size.

    Args:
      chains: the transfers of the network, some of them with a gain.
      directory: the directory to write to.
      name: the network in file names.

    Returns:
      By the file's name without a suffix: a title, and the SVG.
    """
    levels, sizes = f"levels-{name}", f"size-{name}"
    return {
        levels: (LEVELS_TITLE, draw_levels(chains, directory / levels)),
        sizes: (SIZES_TITLE, draw_gain_against_size(chains, directory / sizes)),
    }


def draw_levels(chains: pd.DataFrame, stem: epath.PathLike) -> str:
    """Draws the levels of gain under each constraint of Table 7 as stacked bars.

    Returns:
      The SVG.
    """
    lines = []
    for setting, own in summary.group_by_setting(chains):
        for row in summary.effect_shares(own).to_dict("records"):
            if row["count"]:
                name = (
                    "all"
                    if row["domain"] == "all"
                    else f"{row['domain']} domain, {row['type']} type"
                )
                lines.append((f"{name}, {setting} (n = {row['count']})", row))
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


def _cells(axes: Axes, table: Table, texts: pd.DataFrame) -> dict[str, list[str]]:
    """Draws the cells, and returns their details by gid."""
    shades = table.shades.iloc[:, table.words :].to_numpy() if table.shades is not None else None
    hovers = table.hovers.iloc[:, table.words :].to_numpy() if table.hovers is not None else None
    inks = {
        shade: cell_colors.text_color(shade) for shade in {"#ffffff", *np.ravel(shades)} if shade
    }
    marks = {"cells": ([], [], []), "blanks": ([], [], [])}
    for (row, column), text in np.ndenumerate(texts.to_numpy(object)):
        shade = (shades is not None and shades[row, column]) or "#ffffff"
        blank = shades is not None and not shades[row, column]
        corners, fills, titles = marks["blanks" if blank else "cells"]
        left, top, right, bottom = column - 0.5, row - 0.5, column + 0.5, row + 0.5
        corners.append([(left, top), (right, top), (right, bottom), (left, bottom)])
        fills.append(shade)
        titles.append(hovers[row, column] if hovers is not None else text)
        if text:
            # They lie inside the axes; the search for the outline is faster without them.
            axes.text(column, row, text, ha="center", va="center", fontsize=7,
                      color=inks[shade], in_layout=False, parse_math=False)  # fmt: skip
    for gid, (corners, fills, _) in marks.items():
        hatch = {"hatch": "////", "edgecolors": NOTHING} if gid == "blanks" else {}
        drawn = PolyCollection(corners, facecolors=fills, linewidths=0, gid=gid, **hatch)
        drawn.set_in_layout(False)
        axes.add_collection(drawn, autolim=False)
    return {gid: titles for gid, (_, _, titles) in marks.items()}


def _row_labels(table: Table) -> tuple[list[str], list[str]]:
    """Returns the names of the rows, and their domains if the first column has them."""
    words = table.texts.iloc[:, : table.words]
    if words.columns[0] == "domain":
        return list(words.iloc[:, 1]), list(words.iloc[:, 0])
    return [", ".join(line) for line in words.to_numpy()], [""] * len(words)


def _name_columns(axes: Axes, groups: list[str], height: int, letters: int) -> None:
    """Writes the groups of columns below the axes, with lines between them."""
    for group, start, stop in _runs(groups):
        if start:
            axes.axvline(start - 0.5, color=INK, linewidth=1.2)
        fits = (stop - start) * (letters + 2) > len(group)
        axes.text((start + stop - 1) / 2, height - 0.35, group, ha="center", va="top", fontsize=7,
                  color=FAINT, rotation=0 if fits else 90)  # fmt: skip


def _name_rows(axes: Axes, domains: list[str], width: int) -> None:
    """Writes the domains of rows beside the axes, with lines between them."""
    for domain, start, stop in _runs(domains):
        if start:
            axes.axhline(start - 0.5, color=INK, linewidth=1.2)
        axes.text(width - 0.4, (start + stop - 1) / 2, domain, ha="left", va="center", fontsize=7,
                  color=FAINT)  # fmt: skip


def _runs(values: Iterable[str]) -> Iterator[tuple[str, int, int]]:
    """Yields each run of equal values with its start and its end (exclusive)."""
    start = 0
    for value, group in itertools.groupby(values):
        stop = start + sum(1 for _ in group)
        yield value, start, stop
        start = stop
