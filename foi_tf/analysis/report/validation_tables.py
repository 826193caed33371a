"""Builds Table 3: the paper's numbers, those of the works that it cites, and ours beside them."""

import pandas as pd

from foi_tf.analysis.measures.validation_results import PAPER, load_table3
from foi_tf.analysis.report.tables import Table, network_name, with_deviation
from foi_tf.study.metrics import METRICS
from foi_tf.study.table_texts import MISSING

_WORKS = {
    "[19]": "Chen et al., 3DV 2019",
    "[33]": "Fu et al., CVPR 2018",
    "[65]": "Lambert et al. (MSeg), CVPR 2020",
    "[112]": "Wang et al. (HRNet), PAMI 2020",
    "[131]": "Zhou et al. (CenterNet), 2019",
}
_NOTES = (
    "RMSE in meters, all else in %. A dash was not run. The paper's networks are HRNetV2-W48.",
    f"The paper cites {'; '.join(f'{key} {text}' for key, text in _WORKS.items())}.",
)
_COLUMNS = ("part", "task", "metric", "works that the paper cites", "our network", PAPER, "ours")


def build_table3(runs: pd.DataFrame) -> Table:
    """Builds Table 3 with our runs; where there are none, with empty cells.

    Args:
      runs: as `foi_tf.analysis.measures.validation_results.collect_runs` returns them.
    """
    data, texts = [], []
    for (part, task, metric), printed in load_table3().groupby(
        ["part", "task", "metric"], sort=False
    ):
        by_paper = printed[printed.reference == PAPER].value.item()
        cited = "; ".join(
            f"{row.network} {_format(row.value, metric)} {row.reference}"
            for row in printed[printed.reference != PAPER].itertuples()
        )
        own = runs[(runs.task == task) & (runs.metric == metric)]
        words = [part, task, METRICS[metric].label, cited]
        for row in own.itertuples():
            network = network_name(row.backbone, row.init)
            deviation = _format(row.deviation, metric)
            ours = with_deviation(_format(row.value, metric), deviation, row.seeds)
            data.append([*words, network, by_paper, row.value])
            texts.append([*words, network, _format(by_paper, metric), ours])
        if own.empty:
            data.append([*words, MISSING, by_paper, float("nan")])
            texts.append([*words, MISSING, _format(by_paper, metric), MISSING])
    return Table(
        id="3",
        title="Each task type alone, from ILSVRC'12 on all images",
        data=pd.DataFrame(data, columns=_COLUMNS),
        texts=pd.DataFrame(texts, columns=_COLUMNS),
        words=5,
        label=1,
        notes=_NOTES,
    )


def _format(value: float, metric: str) -> str:
    """Formats a number as Table 3 prints it."""
    return f"{value:.3f}" if metric == "rmse" else f"{value:.1f}"
