"""Sums up the cost of chains, and the cost of a source for each of its targets (Appendix D)."""

from collections.abc import Hashable

import pandas as pd

from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.measures.pretrainings import base_name
from foi_tf.analysis.measures.summary import NETWORK, TARGET
from foi_tf.study import results
from foi_tf.study.costs import share_source_costs
from foi_tf.study.grid import PRETRAINING


def source_costs(rows: pd.DataFrame, chains: pd.DataFrame) -> pd.DataFrame:
    """Returns the cost of each source task, and the part of each target in it.

    A source model is the run on all images of the source task without a source of its own,
    which leaves such a result row. All of its seeds count, and so do all learning rates that have
    a row each. A row that names the learning rates it was chosen among has only its own hours.
    A row from which no chain with that source started is a target's alone: it may have fewer steps.

    Args:
      rows: as `foi_tf.study.results.load` returns them.
      chains: `foi_tf.analysis.measures.gains.with_gains` of them.

    Returns:
      One row a source task, backbone and family: `chip_hours` of its training (NaN where no
      row tells), `targets` that used it, and `each` and `extra` of
      `foi_tf.study.costs.share_source_costs` (the paper has an `extra` of 25 to 97 %).
    """
    key = ["source", "source_type", *NETWORK]
    used = transfers(chains).drop_duplicates([*key, *TARGET])
    table = used.groupby(key).size().rename("targets").reset_index()
    hours = _source_hours(rows)
    keys = table[key].itertuples(index=False, name=None)
    table["chip_hours"] = [
        hours.get((*own, base_name(family)), float("nan")) for *own, family in keys
    ]
    named = table[NETWORK].assign(family=table.family.map(base_name))
    pretraining = named.apply(tuple, axis=1).map(_pretraining_hours(rows)).astype(float)
    return share_source_costs(table, pretraining)


def total_costs(rows: pd.DataFrame) -> pd.DataFrame:
    """Returns runs and hours of pre-training, chains without a source, and chains with one.

    A chain without a source counts once, even if two settings (`gains.target_setting`) have a row
    of it.

    Returns:
      One row a kind of run and device: `what`, `device`, `runs`, `chip_hours`, `wall_hours`.
    """
    link = [name for name in results.IDENTITY if name != "setting"]
    rows = rows.drop_duplicates([*link, "n_source", "value", "wall_seconds"])
    kind = pd.Series("chains with a source", rows.index)
    kind = kind.mask(rows.source_type == "", "chains without a source (source models among them)")
    kind = kind.mask(rows.target == PRETRAINING.dataset, "pre-training")
    found = (
        rows.assign(what=kind, hours=rows.wall_seconds / 3600)
        .groupby(["what", "device"], sort=False)
        .agg(runs=("value", "size"), chip_hours=("chip_hours", "sum"), wall_hours=("hours", "sum"))
    )
    return found.reset_index()


def _source_hours(rows: pd.DataFrame) -> dict[Hashable, float]:
    """Returns the chip-hours of each source model, by (dataset, task type, backbone, weights)."""
    own = rows[
        (rows.target != PRETRAINING.dataset)
        & (rows.setting == "full")
        & (rows.source == results.NO_SOURCE)
    ]
    started = rows[rows.parent != ""].groupby(["source", "source_type"]).parent
    parents = {task: set(digests) for task, digests in started}
    of_task = own.groupby(["target", "target_type"]).config_digest
    others = {t for t, digests in of_task if t in parents and parents[t].isdisjoint(digests)}
    tasks = zip(own.target, own.target_type, strict=True)
    own = own[pd.Series([task not in others for task in tasks], own.index, dtype=bool)]
    return own.groupby(["target", "target_type", "backbone", "init"]).chip_hours.sum().to_dict()


def _pretraining_hours(rows: pd.DataFrame) -> dict[Hashable, float]:
    """Returns chip-hours by backbone and the name that chains have for the weights."""
    own = rows[(rows.target == PRETRAINING.dataset) & (rows.source_type == "")]
    task = own.target + ":" + own.target_type
    names = task.where(task != str(PRETRAINING), results.NO_SOURCE)
    return own.groupby([own.backbone, names]).chip_hours.sum().to_dict()
