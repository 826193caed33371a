"""Builds the half of Table A.9 that judges depth by the accuracy delta < 1.25 instead of RMSE."""

import dataclasses

import pandas as pd

from foi_tf.analysis.measures.depth_accuracy import DELTA1
from foi_tf.analysis.report.paper_tables import PAPER_TABLES, build_paper_tables
from foi_tf.analysis.report.tables import Table
from foi_tf.study.metrics import METRICS

_TABLES = tuple(paper for paper in PAPER_TABLES if paper.id.startswith("A.9"))


def build_depth_accuracy_tables(chains: pd.DataFrame) -> list[Table]:
    """Builds the tables A.9a and A.9b with the accuracy and its gain, where rows have it.

    Args:
      chains: as `foi_tf.analysis.measures.depth_accuracy.compute_delta1_gains` returns them.
    """
    if chains.empty:
        return []
    ids = {paper.id for paper in _TABLES}
    return [
        dataclasses.replace(
            table,
            title=f"{table.title}, by {METRICS[DELTA1].label}",
            scope=(*table.scope, DELTA1),
            notes=[*table.notes, "The learning rate was chosen by RMSE."],
        )
        for table in build_paper_tables(chains, _TABLES)
        if table.id in ids
    ]
