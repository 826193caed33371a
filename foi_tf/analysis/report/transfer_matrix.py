"""Builds tables of targets by sources, as the paper's Tables 4 to 6 and A.1 to A.9."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from foi_tf.analysis.report import cell_colors
from foi_tf.analysis.report.tables import (
    Table,
    format_gain,
    format_probability,
    gain_text,
    with_deviation,
)
from foi_tf.analysis.uncertainty.verdicts import UNKNOWN
from foi_tf.study.dataset import TASK_TYPES, domain_order
from foi_tf.study.metrics import METRICS
from foi_tf.study.results import MULTI_SOURCE, NO_SOURCE, SCRATCH
from foi_tf.study.table_texts import MISSING
from foi_tf.wording import count_noun

STATISTICS = (
    "value", "value_std", "gain", "gain_std", "seeds", "baseline", "gain_low", "gain_high",
    "p_better", "p_level", "level", "verdict", "spread_from", "significant", "floor",
)  # fmt: skip
ROW = ["target_type", "target_domain", "target", "metric"]
COLUMN = ["source_type", "source_domain", "source"]
PARTS = {"value": "absolute", "gain": "gain, %"}
REFERENCES = (NO_SOURCE, SCRATCH)

Statistics = dict[str, pd.DataFrame]  # By the names of `STATISTICS`: `ROW` by `COLUMN`.


def training_sizes(chains: pd.DataFrame) -> dict[tuple[str, str], int]:
    """Returns the training images of each (dataset, task type): the most that any chain used.

    The small settings cut every dataset to the same number. The order by size in the paper's
    tables can therefore only come from the dataset's largest use.
    """
    as_target = chains.groupby(["target", "target_type"]).n_target.max()
    as_source = chains.groupby(["source", "source_type"]).n_source.max()
    return pd.concat([as_target, as_source]).groupby(level=[0, 1]).max().to_dict()


def arrange_chains(chains: pd.DataFrame, sizes: dict[tuple[str, str], int]) -> Statistics:
    """Arranges chains by target and source, in the paper's order.

    That is the order by task type, then by domain, then by training images; the columns `ilsvrc`
    and `scratch` are last.

    Args:
      sizes: as `training_sizes` returns them.

    Returns:
      For each of `STATISTICS` a frame of `ROW` by `COLUMN`; NaN for chains that were not run.
    """

    def target_order(key: tuple[str, str, str, str]) -> tuple:
        task_type, domain, target, metric = key
        size = sizes[target, task_type]
        return _type_order(task_type), domain_order(domain), domain, size, target, metric

    def source_order(key: tuple[str, str, str]) -> tuple:
        task_type, domain, source = key
        reference = REFERENCES.index(source) + 1 if source in REFERENCES else 0
        place = domain_order(domain), domain, sizes[source, task_type], source
        return reference, _type_order(task_type), *place

    rows, own = (pd.MultiIndex.from_frame(chains[names]) for names in (ROW, COLUMN))
    index = pd.MultiIndex.from_tuples(sorted(rows.unique(), key=target_order), names=ROW)
    columns = pd.MultiIndex.from_tuples(sorted(own.unique(), key=source_order), names=COLUMN)
    place = index.get_indexer(rows), columns.get_indexer(own)
    found = {}
    for name in STATISTICS:
        values = np.full((len(index), len(columns)), np.nan, object)
        values[place] = chains[name].to_numpy(object)
        found[name] = pd.DataFrame(values, index, columns)
    return found


def build_matrix_table(statistics: Statistics, parts: Sequence[str], **about) -> Table:
    """Builds a table of targets by sources; with two parts, they stand side by side.

    Args:
      statistics: as `arrange_chains` returns them.
      parts: of "value" and "gain".
      **about: `id`, `title` and `scope` of the table.
    """
    gains = statistics["gain"]
    labels = _source_labels(gains.columns)
    words = pd.DataFrame(
        [
            [domain or MISSING, f"{target} ({METRICS[metric].label})"]
            for _, domain, target, metric in gains.index
        ],
        columns=["domain", "target"],
    )
    blank = words.map(lambda _: "")
    pieces = {"data": [words], "texts": [words], "shades": [blank], "hovers": [blank]}
    grid = _cells(statistics)
    for part in parts:
        names = labels if len(parts) == 1 else [f"{label} ({PARTS[part]})" for label in labels]
        found = {
            "data": statistics[part].astype(float).to_numpy(),
            "texts": [[cell.text(part) for cell in line] for line in grid],
            "shades": [[cell.shade for cell in line] for line in grid],
            # Values beside gains would only repeat them.
            "hovers": [[cell.hover if part == parts[-1] else "" for cell in line] for line in grid],
        }
        for name, piece in found.items():
            pieces[name].append(pd.DataFrame(piece, columns=names))
    groups = [_column_group(key, gains.columns) for key in gains.columns]
    if len(parts) > 1:
        groups = [f"{PARTS[part]}: {group}" for part in parts for group in groups]
    return Table(
        **{name: pd.concat(piece, axis=1) for name, piece in pieces.items()},
        words=2,
        groups=["", "", *groups],
        notes=_notes(statistics),
        matrix=len(parts) == 1,
        **about,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChainCell:
    """Holds one chain of a matrix.

    Attributes:
      target, source: names of the two tasks.
      same: whether they are the same task.
      metric: name of the metric.
      statistics: `STATISTICS` of the chain; `seeds` is NaN if it was not run.
    """

    target: str
    source: str
    same: bool
    metric: str
    statistics: dict[str, object]

    def text(self, part: str) -> str:
        """Returns the printed text, such as "+12.3* ± 1.1 (3)", or why there is no number."""
        own = self.statistics
        if self.same and pd.isna(own["seeds"]):
            return ""
        if pd.isna(own["seeds"]):
            return MISSING
        if pd.isna(own["value"]):
            return "failed"
        if pd.isna(own[part]):
            return "floor" if own["floor"] else "no base"
        seeds = int(own["seeds"])
        if part == "value":
            return with_deviation(f"{own['value']:.3f}", f"{own['value_std']:.3f}", seeds)
        return gain_text(own["gain"], own["gain_std"], seeds, own["significant"])

    @property
    def shade(self) -> str:
        """Returns the background by gain; "" on the diagonal."""
        if self.same and pd.isna(self.statistics["seeds"]):
            return ""
        return cell_colors.gain_color(float(self.statistics["gain"]))

    @property
    def hover(self) -> str:
        """Returns a sentence with all that is known of the chain."""
        own, chain = self.statistics, f"{self.source} → {self.target}"
        if self.same and pd.isna(own["seeds"]):
            return f"{chain}: source and target are the same task"
        if pd.isna(own["seeds"]):
            return f"{chain}: not run"
        if pd.isna(own["value"]):
            return f"{chain}: run, but ended without a value"
        seeds = count_noun(int(own["seeds"]), "seed")
        value = f"{METRICS[self.metric].label} {own['value']:.3f}"
        if own["floor"]:
            return f"{chain}: {value}, {seeds}; not ranked: {own['floor']}"
        if pd.isna(own["gain"]):
            return f"{chain}: {value}, {seeds}; no baseline to hold it against"
        if pd.isna(own["gain_low"]):
            sure = f"; {own['verdict']}" if own["verdict"] else ""
            sure += ", since the noise of runs is unknown" if own["verdict"] == UNKNOWN else ""
        else:
            bounds = f"{format_gain(own['gain_low'])} to {format_gain(own['gain_high'])}"
            sure = (
                f" (95 % interval {bounds}); {own['verdict']}, better with probability "
                f"{format_probability(float(own['p_better']))}, {own['level']} with "
                f"{format_probability(float(own['p_level']))}; noise from {own['spread_from']}"
            )
        return (
            f"{chain}: gain {format_gain(own['gain'])} %{sure}; {value} against "
            f"{own['baseline']:.3f}; {seeds}"
        )


def _cells(statistics: Statistics) -> list[list[ChainCell]]:
    """Builds the cells by row and column."""
    arrays = {name: statistics[name].to_numpy() for name in STATISTICS}
    return [
        [
            ChainCell(
                target=f"{target}:{target_type}",
                source=f"{source}:{source_type}" if source_type else source,
                same=(target, target_type) == (source, source_type),
                metric=metric,
                statistics={name: array[i, j] for name, array in arrays.items()},
            )
            for j, (source_type, _, source) in enumerate(statistics["gain"].columns)
        ]
        for i, (target_type, _, target, metric) in enumerate(statistics["gain"].index)
    ]


def _source_labels(columns: pd.MultiIndex) -> list[str]:
    """Returns the names of columns, with task types only where there are several."""
    types = {task_type for task_type, _, _ in columns if task_type}
    if len(types) <= 1:
        return [source for _, _, source in columns]
    return [f"{source}:{kind}" if kind else source for kind, _, source in columns]


def _column_group(key: tuple[str, str, str], columns: pd.MultiIndex) -> str:
    """Returns the domain of a column, with the task type where there are several."""
    task_type, domain, source = key
    if source in REFERENCES:
        return "no source"
    domain = "multi-source" if source == MULTI_SOURCE else domain or "no domain"
    types = {task_type for task_type, _, _ in columns if task_type}
    return domain if len(types) <= 1 else f"{task_type}, {domain}"


def _notes(statistics: Statistics) -> list[str]:
    """Returns sentences that explain deviations and stars, where there are some."""
    notes = []
    if (statistics["seeds"] > 1).to_numpy().any():
        notes.append("Mean ± standard deviation over seeds (their number).")
    if statistics["significant"].eq(True).to_numpy().any():
        notes.append("* Clearly not 0: at most 5 % of gains without an effect have a star.")
    return notes


def _type_order(task_type: str) -> float:
    """Returns the place of a task type in tables; unknown ones come last."""
    return TASK_TYPES.index(task_type) if task_type in TASK_TYPES else math.inf
