"""Builds the tables of what all runs cost, and what each source costs its targets."""

import pandas as pd

from foi_tf.analysis.measures.chain_costs import source_costs, total_costs
from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.report.tables import Table, format_cells


def build_cost_tables(rows: pd.DataFrame, chains: pd.DataFrame) -> list[Table]:
    """Builds the table of all costs, and that of sources if there are chains with one.

    Args:
      rows: as `foi_tf.study.results.load` returns them.
      chains: `foi_tf.analysis.measures.gains.with_gains` of them.
    """
    spent = total_costs(rows)
    spent = spent.rename(columns={"chip_hours": "chip-hours", "wall_hours": "wall hours"})
    found = [
        Table(
            id="",
            title="Cost of all runs",
            scope=("costs", "all"),
            data=spent,
            texts=format_cells(spent, words=2, **{"chip-hours": ".2f", "wall hours": ".2f"}),
            words=2,
        )
    ]
    if transfers(chains).empty:
        return found
    names = {
        "source_type": "task type", "family": "from", "targets": "targets",
        "chip_hours": "chip-hours", "each": "chip-hours a target", "extra": "% of pre-training",
    }  # fmt: skip
    data = source_costs(rows, chains).rename(columns=names)
    data = data[["backbone", "from", "task type", "source", *list(names.values())[2:]]]
    formats = dict.fromkeys(("chip-hours", "chip-hours a target"), ".2f")
    notes = [
        "A source is trained once and used for many targets. The paper's source models cost 25 to "
        "97 % of its pre-training (Appendix D). – where no row tells."
    ]
    found.append(
        Table(
            id="",
            title="Cost of sources",
            scope=("costs", "sources"),
            data=data,
            texts=format_cells(data, words=4, **formats, **{"% of pre-training": ".0f"}),
            words=4,
            notes=notes,
        )
    )
    return found
