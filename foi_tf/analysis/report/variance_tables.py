"""Builds the table of what gains depend on: target, source, or the pair of both."""

import pandas as pd

from foi_tf.analysis.measures.summary import STUDY
from foi_tf.analysis.measures.variance import explain_variance
from foi_tf.analysis.report.tables import Table, format_cells, network_name
from foi_tf.study.grid import setting_order
from foi_tf.study.table_texts import setting_text


def build_variance_tables(chains: pd.DataFrame) -> list[Table]:
    """Builds one table with a line for each setting, network and task type of targets.

    Groups of chains that are too small for an analysis of variance are left out; without any
    line there is no table.
    """
    lines = []
    groups = chains.groupby([*STUDY, "target_type"])
    for key, own in sorted(groups, key=lambda x: (setting_order(x[0][0]), *x[0][1:])):
        setting, backbone, family, kind = key
        if (found := explain_variance(own)) is not None:
            lines.append(
                {
                    "setting": setting_text(setting),
                    "network": network_name(backbone, family),
                    "targets": kind,
                    "chains": found["chains"],
                    "standard deviation, %": found["deviation"],
                    **{f"{name}, %": found[name] for name in ("target", "source", "pair")},
                }
            )
    if not lines:
        return []
    data = pd.DataFrame(lines)
    formats = {name: ".0f" for name in data if name.endswith("%")}
    return [
        Table(
            id="",
            title="What gains depend on, shares of their variance",
            scope=("effects",),
            data=data,
            texts=format_cells(data, words=3, chains="d", **formats),
            words=3,
            notes=[
                "Target first, then what the source adds; the pair's share holds the noise of "
                "single runs, too."
            ],
        )
    ]
