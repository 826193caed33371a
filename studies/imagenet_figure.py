"""Draws what starts gain over ImageNet weights alone, in the study on real sets.

  python -m studies.imagenet_figure

It writes docs/real_gains.png, which README.md shows, with the targets of all task types whose rows
are complete.
"""

import pathlib

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from foi_tf.analysis.report.plots import GREEN, PURPLE
from foi_tf.study.results import NO_SOURCE, SCRATCH
from studies.imagenet_gains import list_complete, load_analysis

PATH = pathlib.Path(__file__).parents[1] / "docs" / "real_gains.png"
ROW = 0.5  # Height of a target in inches.
SPREAD = 0.7  # Share of it that the starts of a target take.
GRAY = "#767676"
LIMITS = (-100, 60)  # Of the gain in %. A few intervals reach further.


def draw(path: pathlib.Path) -> None:
    """Draws the gains of all starts by target, with 95 % intervals."""
    chains = load_analysis(list_complete()).chains
    chains = chains[chains.gain.notna() & (chains.source != NO_SOURCE)]
    chains = chains.assign(task=chains.target + ":" + chains.target_type)
    order = chains[chains.source == SCRATCH].sort_values("gain").task.tolist()
    figure = Figure(figsize=(7.5, 1 + ROW * len(order)), layout="constrained")
    axes = figure.subplots()
    for row, task in enumerate(order):
        own = chains[chains.task == task].sort_values("gain")
        for start, color, label in (
            (own[own.source != SCRATCH], GREEN, "a source"),
            (own[own.source == SCRATCH], GRAY, "random weights"),
        ):
            heights = [row + SPREAD * ((i + 0.5) / len(start) - 0.5) for i in range(len(start))]
            below, above = start.gain - start.gain_low, start.gain_high - start.gain
            axes.errorbar(
                start.gain, heights, xerr=[below, above], fmt="o", color=color, markersize=3,
                linewidth=0.7, label=None if row else label,
            )  # fmt: skip
    axes.axvline(0, color=PURPLE)
    axes.set_yticks(range(len(order)), order)
    axes.set_xlim(*LIMITS)
    axes.set_xlabel(f"gain over ImageNet weights alone, %, with 95 % interval (cut at {LIMITS[1]})")
    axes.grid(axis="x", color="#dddddd")
    axes.legend(loc="upper left", frameon=False)
    FigureCanvasAgg(figure).print_png(str(path))


if __name__ == "__main__":
    draw(PATH)
