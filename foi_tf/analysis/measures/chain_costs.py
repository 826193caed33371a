"""What chains cost, and what a source costs each target that uses it (Appendix D)."""

import pandas as pd

from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.report.tables import Sheet, plain
from foi_tf.study import results as rows
from foi_tf.study.grid import PRETRAINING

NETWORK = ["backbone", "family"]


def sources(results: pd.DataFrame, chains: pd.DataFrame) -> pd.DataFrame:
    """The price of each source task, and of each target's share in it.

    A source model is the run on all images of the source task without a source of its own,
    which leaves such a result row; of several seeds, and of learning rates with a row each, all
    are paid for. A row that says which rates it was chosen among has the hours of its own alone.

    Args:
      results: as `foi_tf.study.results.load` returns them.
      chains: `foi_tf.analysis.measures.gains.with_gains` of them.

    Returns:
      One row a source task, backbone and family: `chip_hours` of its training (NaN where no
      row tells), `targets` that used it, `each`: chip-hours a target, and `extra`: the source's
      chip-hours in % of the pre-training's (the paper has 25 to 97 %; NaN without a row of that).
    """
    used = transfers(chains).groupby(["source", "source_type", *NETWORK])
    targets = used.apply(lambda own: len(own[["target", "target_type"]].drop_duplicates()))
    table = targets.rename("targets").astype(int).reset_index()
    hours, pretraining = _source_hours(results), _pretraining_hours(results)
    keys = table[["source", "source_type", *NETWORK]].itertuples(index=False, name=None)
    table["chip_hours"] = [hours.get(key, float("nan")) for key in keys]
    table["each"] = table.chip_hours / table.targets
    before = table[NETWORK].apply(tuple, axis=1).map(pretraining).astype(float)
    table["extra"] = 100 * table.chip_hours / before.where(before > 0)
    return table.sort_values(["chip_hours", "source"], ascending=[False, True], ignore_index=True)


def total(results: pd.DataFrame) -> pd.DataFrame:
    """Runs and chip-hours of pre-training, chains without a source, and chains with one.

    A chain without a source that two settings have a row of (`gains.target_setting`) is one run.
    """
    link = [name for name in rows.IDENTITY if name != "setting"]
    results = results.drop_duplicates([*link, "n_source", "value", "wall_seconds"])
    kind = pd.Series("chains with a source", results.index)
    kind = kind.mask(
        results.source_type == "", "chains without a source (source models among them)"
    )
    kind = kind.mask(results.target == PRETRAINING.dataset, "pre-training")
    found = (
        results.assign(what=kind, hours=results.wall_seconds / 3600)
        .groupby(["what", "device"], sort=False)
        .agg(runs=("value", "size"), chip_hours=("chip_hours", "sum"), wall_hours=("hours", "sum"))
    )
    return found.reset_index()


def sheets(results: pd.DataFrame, chains: pd.DataFrame) -> list[Sheet]:
    """The two as tables."""
    spent = total(results).rename(columns={"chip_hours": "chip-hours", "wall_hours": "wall hours"})
    found = [
        Sheet(id="", title="Cost of all runs", scope=("costs", "all"), data=spent, words=2,
              texts=plain(spent, words=2, **{"chip-hours": ".2f", "wall hours": ".2f"}))
    ]  # fmt: skip
    if transfers(chains).empty:
        return found
    names = {
        "source_type": "task type", "family": "from", "targets": "targets",
        "chip_hours": "chip-hours", "each": "chip-hours a target", "extra": "% of pre-training",
    }  # fmt: skip
    data = sources(results, chains).rename(columns=names)
    data = data[["backbone", "from", "task type", "source", *list(names.values())[2:]]]
    formats = dict.fromkeys(("chip-hours", "chip-hours a target"), ".2f")
    texts = plain(data, words=4, **formats, **{"% of pre-training": ".0f"})
    notes = [
        "A source is trained once and used for many targets. The paper's source models cost 25 to "
        "97 % of its pre-training (Appendix D). – where no row tells."
    ]
    found.append(Sheet(id="", title="Cost of sources", scope=("costs", "sources"), data=data,
                       texts=texts, words=4, notes=notes))  # fmt: skip
    return found


def _source_hours(results: pd.DataFrame) -> dict[tuple[str, ...], float]:
    own = results[
        (results.target != PRETRAINING.dataset)
        & (results.setting == "full")
        & (results.source == rows.NO_SOURCE)
    ]
    return own.groupby(["target", "target_type", "backbone", "init"]).chip_hours.sum().to_dict()


def _pretraining_hours(results: pd.DataFrame) -> dict[tuple[str, str], float]:
    """By backbone and the name that chains have for the weights."""
    own = results[(results.target == PRETRAINING.dataset) & (results.source_type == "")]
    task = own.target + ":" + own.target_type
    names = task.where(task != str(PRETRAINING), rows.NO_SOURCE)
    return own.groupby([own.backbone, names]).chip_hours.sum().to_dict()
