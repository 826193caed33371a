"""Builds the tables of each target's best source."""

import math

import pandas as pd

from foi_tf.analysis.measures.summary import STUDY, best_sources
from foi_tf.analysis.report import cell_colors
from foi_tf.analysis.report.tables import (
    Table,
    format_cells,
    format_probability,
    gain_text,
    network_name,
)
from foi_tf.study.grid import setting_order
from foi_tf.study.metrics import get_metric
from foi_tf.study.table_texts import MISSING, setting_text

LEVELS = {"VP": "very positive", "P": "positive", "I": "no clear effect", "N": "negative"}
MANY = 3  # A cell lists at most so many sources; ours.
NOTES = [
    "The largest of several noisy gains is flattered; after selection is the gain in % without "
    "that luck. Numbers in parentheses, and those in the column is the best, are probabilities. "
    "With at least 95 %, the true best source is named, or is one that cannot be told from it."
]


def build_best_source_tables(chains: pd.DataFrame) -> list[Table]:
    """Builds for each setting and network the table of each target's best source and its gain.

    Args:
      chains: as `foi_tf.analysis.measures.gains.with_gains` returns them.
    """
    found = []
    groups = best_sources(chains).groupby(STUDY)
    for key, own in sorted(groups, key=lambda x: (setting_order(x[0][0]), x[0])):
        lines = [
            {
                "target": f"{row.target}:{row.target_type}",
                "best source": f"{row.source}:{row.source_type}",
                "cannot be told from it": _list_alike(row.alike, row.p_best),
                "sure": row.verdict,
                "level": _describe_level(row.level, row.p_level),
                "metric": get_metric(row.metric).label,
                "gain, %": row.gain,
                "after selection": row.gain_selected,
                "is the best": row.p_best,
                "baseline": row.baseline,
                "with source": row.value,
                "sources tried": row.sources,
            }
            for row in own.itertuples()
        ]
        data = pd.DataFrame(lines)
        formats = {"after selection": "+.1f", "baseline": ".3f", "with source": ".3f"}
        texts = format_cells(data, words=6, **formats)
        texts["is the best"] = [format_probability(x) for x in data["is the best"]]
        texts["gain, %"] = [
            gain_text(row.gain, row.gain_std, row.seeds, row.significant)
            for row in own.itertuples()
        ]
        shades = data.map(lambda _: "#ffffff")
        shades["gain, %"] = data["gain, %"].map(cell_colors.gain_color)
        setting, *network = key
        title = f"{setting_text(setting)} ({network_name(*network)})"
        found.append(
            Table(
                id="",
                title=f"Best source of each target, {title}",
                scope=("best", *key),
                data=data,
                texts=texts,
                shades=shades,
                words=6,
                label=0,
                notes=NOTES,
            )
        )
    return found


def _list_alike(alike: tuple[str, ...], p_best: float) -> str:
    """Lists the sources that may be the best, too."""
    if math.isnan(p_best):
        return "unknown"
    more = f" and {len(alike) - MANY} more" if len(alike) > MANY else ""
    return ", ".join(alike[:MANY]) + more or "none"


def _describe_level(level: str, probability: float) -> str:
    """Describes a level with its probability, as "very positive (0.93)"; `MISSING` without one."""
    if math.isnan(probability):
        return MISSING
    return f"{LEVELS[level]} ({format_probability(probability)})"
