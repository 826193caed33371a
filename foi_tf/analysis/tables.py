"""Tables of values and gains: targets by sources, as in the paper's Tables 4 to 6 and A.5."""

import dataclasses
import hashlib
import math
import re
from collections.abc import Callable

import pandas as pd

from foi_tf.analysis.gains import target_setting, transfers
from foi_tf.study import results as rows
from foi_tf.study.dataset import DOMAINS, TASK_TYPES
from foi_tf.study.grid import SETTINGS
from foi_tf.study.metrics import METRICS

SETTING_TEXTS = {
    "small": "few target images",
    "full": "all target images",
    "small_source": "few source and few target images",
}
Format = Callable[[float], str]
STATISTICS = ("value", "value_std", "gain", "gain_std", "seeds")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """All chains of one target task type, source task type, setting and network.

    Attributes:
      target_type, source_type: task types; `source_type` is "" where there is no chain
        with a source, only baselines.
      setting, backbone, family: what the chains share, see `foi_tf.analysis.gains`.
      cells: for each of `STATISTICS` a frame with one row a (domain, target, metric) and
        one column a (domain, source), in the paper's order; NaN for chains not run.
    """

    target_type: str
    source_type: str
    setting: str
    backbone: str
    family: str
    cells: dict[str, pd.DataFrame]

    @property
    def title(self) -> str:
        """What the table shows, for people."""
        chains = f"{self.source_type} to {self.target_type}" if self.source_type else (
            f"{self.target_type}, no sources"
        )  # fmt: skip
        setting = SETTING_TEXTS.get(self.setting, self.setting)
        return f"{chains}, {setting} ({self.backbone}, from {self.family})"

    @property
    def name(self) -> str:
        """The same as part of a file name."""
        parts = (self.setting, self.target_type, "from", self.source_type or "none")
        return "-".join(_slug(part) for part in (*parts, self.backbone, self.family))


def tables(chains: pd.DataFrame) -> list[Table]:
    """Splits chains into tables, by setting, network, target type and source type.

    Tables end with the columns `ilsvrc` and `scratch`, where such chains were run for
    their targets. Targets that have such chains only come in a table of their own.

    Args:
      chains: as `foi_tf.analysis.gains.with_gains` returns them.
    """
    sizes = training_sizes(chains)
    shared = ["setting", "backbone", "family", "target_type"]
    sourced = transfers(chains)
    references = chains.drop(sourced.index)
    found, used = [], set()
    for key, own in sourced.groupby([*shared, "source_type"]):
        spec = dict(zip([*shared, "source_type"], key, strict=True))
        same = references[
            (references.setting == target_setting(spec["setting"]))
            & (references.backbone == spec["backbone"])
            & (references.family == spec["family"])
            & (references.target_type == spec["target_type"])
            & references.target.isin(own.target)
        ]
        used.update(same.index)
        found.append(Table(**spec, cells=_cells(pd.concat([own, same]), sizes)))
    for key, own in references.drop(list(used)).groupby(shared):
        spec = dict(zip(shared, key, strict=True)) | {"source_type": ""}
        found.append(Table(**spec, cells=_cells(own, sizes)))
    return sorted(found, key=_table_order)


def training_sizes(chains: pd.DataFrame) -> dict[tuple[str, str], int]:
    """The training images of each (dataset, task type): the most that any chain used.

    The small settings cut every dataset to the same number, so the order by size that the
    paper's tables have can only come from the dataset's largest use.
    """
    as_target = chains.groupby(["target", "target_type"]).n_target.max()
    as_source = chains.groupby(["source", "source_type"]).n_source.max()
    return pd.concat([as_target, as_source]).groupby(level=[0, 1]).max().to_dict()


def domain_order(domain: str) -> int:
    """The place of a domain in tables; other than `DOMAINS` last."""
    return DOMAINS.index(domain) if domain in DOMAINS else len(DOMAINS)


def setting_order(setting: str) -> int:
    """The place of a setting among tables; other than `SETTINGS` last."""
    return SETTINGS.index(setting) if setting in SETTINGS else len(SETTINGS)


def long_csv(chains: pd.DataFrame) -> str:
    """All chains as CSV, one a line, with full precision."""
    return chains.to_csv(index=False, lineterminator="\n")


def wide_csv(table: Table, statistic: str) -> str:
    """One of `STATISTICS` of a table as CSV: a line a target, a column a source."""
    frame = table.cells[statistic].copy()
    frame.columns = frame.columns.get_level_values("source")
    return frame.to_csv(lineterminator="\n")


def markdown(table: Table) -> str:
    """A table's gains and values in Markdown, with deviations and seeds: "+12.3 ± 1.1 (3)"."""
    parts = [f"# {table.title}"]
    for heading, texts in (("Gain, %", gain_texts(table)), ("Value", value_texts(table))):
        sources = [source for _, source in texts.columns]
        lines = [["target", *sources], ["---"] + ["---:"] * len(sources)]
        lines += [
            [target_label(index), *row]
            for index, row in zip(texts.index, texts.values, strict=True)
        ]
        parts.append(f"## {heading}\n\n" + "\n".join(f"| {' | '.join(x)} |" for x in lines))
    return "\n\n".join(parts) + "\n"


def target_label(index: tuple[str, str, str]) -> str:
    """The name of a table's row: the target and its metric."""
    _, target, metric = index
    return f"{target} ({METRICS[metric].label})"


def gain_texts(table: Table) -> pd.DataFrame:
    """The cells of a table's gains as texts: mean, deviation, seeds; "" where not run."""
    return _texts(table, "gain", gain_text, "{:.1f}".format)


def value_texts(table: Table) -> pd.DataFrame:
    """The cells of a table's values as texts, as in `gain_texts`."""
    return _texts(table, "value", "{:.3f}".format, "{:.3f}".format)


def with_deviation(mean: str, deviation: str, seeds: int) -> str:
    """Mean and standard deviation over seeds, as "12.3 ± 1.1 (3)"; the mean alone for one."""
    return f"{mean} ± {deviation} ({seeds})" if seeds > 1 else mean


def gain_text(gain: float) -> str:
    """A gain in % with its sign, as "+12.3"."""
    return f"{round(gain, 1) + 0.0:+.1f}"  # Adding turns -0.0 into 0.0.


def _texts(table: Table, statistic: str, of_mean: Format, of_deviation: Format) -> pd.DataFrame:
    means, deviations = table.cells[statistic], table.cells[f"{statistic}_std"]
    texts = means.astype(object)
    for i, j in ((i, j) for i in range(means.shape[0]) for j in range(means.shape[1])):
        mean, seeds = means.iat[i, j], table.cells["seeds"].iat[i, j]
        text = ""
        if not math.isnan(mean):
            text = with_deviation(of_mean(mean), of_deviation(deviations.iat[i, j]), int(seeds))
        texts.iat[i, j] = text
    return texts


def _cells(chains: pd.DataFrame, sizes: dict[tuple[str, str], int]) -> dict[str, pd.DataFrame]:
    index, columns = ["target_domain", "target", "metric"], ["source_domain", "source"]
    target_types = dict(zip(chains.target, chains.target_type, strict=True))
    sources = chains.set_index(columns).source_type.to_dict()

    def target_order(key):
        domain, target, metric = key
        size = sizes[target, target_types[target]]
        return domain_order(domain), domain, size, target, metric

    def source_order(key):
        domain, source = key
        size = sizes[source, sources[key]]
        last = {rows.NO_SOURCE: 1, rows.SCRATCH: 2}.get(source, 0) if not sources[key] else 0
        return last, domain_order(domain), domain, size, source

    cells = chains.set_index([*index, *columns])
    row_keys = sorted(chains.set_index(index).index.unique(), key=target_order)
    column_keys = sorted(sources, key=source_order)
    return {
        name: cells[name]
        .unstack(columns)
        .reindex(
            index=pd.MultiIndex.from_tuples(row_keys, names=index),
            columns=pd.MultiIndex.from_tuples(column_keys, names=columns),
        )
        for name in STATISTICS
    }


def _table_order(table: Table) -> tuple:
    types = (*TASK_TYPES, "")
    return (
        setting_order(table.setting),
        table.setting,
        table.backbone,
        table.family,
        types.index(table.target_type),
        table.source_type != table.target_type,
        types.index(table.source_type),
    )


def _slug(text: str) -> str:
    clean = re.sub(r"[^A-Za-z0-9_.]+", "-", text).strip("-.")
    # Names that differ stay different.
    return clean if clean == text else f"{clean}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
