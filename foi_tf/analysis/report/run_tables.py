"""Builds the tables of what was run, of the pre-training, and of versions and configurations."""

from collections.abc import Iterable

import pandas as pd

from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.report.tables import Table, format_cells
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES
from foi_tf.study.grid import setting_order
from foi_tf.study.table_texts import setting_text


def build_run_tables(rows: pd.DataFrame, chains: pd.DataFrame) -> list[Table]:
    """Builds the tables of what was run and of where the numbers come from.

    Args:
      rows: as `foi_tf.study.results.load` returns them.
      chains: `foi_tf.analysis.measures.gains.with_gains` of them.
    """
    pretraining = rows[~rows.target_type.isin(STRUCTURED_TASK_TYPES)]
    found = [_facts_table(rows, chains)]
    if len(pretraining):
        found.append(_pretraining_table(pretraining))
    return [*found, _provenance_table(rows)]


def _facts_table(rows: pd.DataFrame, chains: pd.DataFrame) -> Table:
    """Builds the table of how many chains and tasks there are, and of which kinds."""
    tried = transfers(chains)
    settings = sorted(rows.setting.unique(), key=setting_order)
    said = {
        "result rows": len(rows),
        "chains with a source": f"{len(tried)} (+ {len(chains) - len(tried)} without)",
        "target tasks": len(chains.groupby(["target", "target_type"])),
        "source tasks": len(tried.groupby(["source", "source_type"])),
        "settings": _list(setting_text(x) for x in settings),
        "backbones": _list(rows.backbone.unique()),
        "initial weights": _list(rows.init.unique()),
        "seeds": _list(sorted(rows.seed.unique())),
        "learning rates": _list(f"{x:g}" for x in sorted(rows.learning_rate.unique())),
        "devices": _list((rows.devices.astype(str) + " × " + rows.device).unique()),
        "machines": _list(sorted(set(rows.machine) - {""})) or "not kept",
        "versions of TensorFlow": _list(sorted(set(rows.tensorflow) - {""})) or "not kept",
        "seeds vary": _list(sorted(set(rows.varied) - {""})) or "init,order",
        "pre-trainings": _list(sorted(set(rows.pretraining) - {""})) or "not kept",
        "versions of foi_tf": _list(rows.version.unique()),
    }
    facts = pd.DataFrame({"what": list(said), "these": [str(x) for x in said.values()]})
    return Table(id="", title="What was run", scope=("runs",), data=facts, texts=facts, words=2)


def _pretraining_table(pretraining: pd.DataFrame) -> Table:
    """Builds the table of metric, steps and cost of each pre-training."""
    names = ["target", "target_type", "backbone", "metric", "value", "steps", "chip_hours"]
    data = pretraining[names].reset_index(drop=True)
    texts = format_cells(data, words=4, value=".3f", chip_hours=".1f")
    return Table(
        id="", title="Pre-training", scope=("pretraining",), data=data, texts=texts, words=4
    )


def _provenance_table(rows: pd.DataFrame) -> Table:
    """Builds the table of versions and configuration digests of the rows."""
    counted = rows.groupby(["version", "target", "target_type", "setting"])
    data = counted.agg(
        runs=("value", "size"), digests=("config_digest", lambda x: _list(sorted(set(x))))
    ).reset_index()
    data = data[["version", "setting", "digests", "target_type", "target", "runs"]]
    return Table(
        id="",
        title="Versions and configuration digests",
        scope=("provenance",),
        data=data,
        texts=format_cells(data, words=5),
        words=5,
    )


def _list(values: Iterable) -> str:
    """Lists values as text."""
    return ", ".join(str(value) for value in values)
