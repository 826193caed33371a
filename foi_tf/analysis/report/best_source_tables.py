"""Builds the tables of each target's best source."""

import pandas as pd

from foi_tf.analysis.measures.summary import STUDY, best_sources
from foi_tf.analysis.report import cell_colors
from foi_tf.analysis.report.tables import Table, format_cells, gain_text, network_name
from foi_tf.study.grid import setting_order
from foi_tf.study.metrics import get_metric
from foi_tf.study.table_texts import setting_text

LEVELS = {"VP": "very positive", "P": "positive", "I": "no clear effect", "N": "negative"}


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
                "effect": LEVELS[row.level],
                "metric": get_metric(row.metric).label,
                "gain, %": row.gain,
                "baseline": row.baseline,
                "with source": row.value,
                "sources tried": row.sources,
            }
            for row in own.itertuples()
        ]
        data = pd.DataFrame(lines)
        texts = format_cells(data, words=4, **{"baseline": ".3f", "with source": ".3f"})
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
                words=4,
                label=0,
            )
        )
    return found
