"""Targets by sources, as in the paper's Tables 4 to 6 and A.1 to A.9."""

import dataclasses
import math
from collections.abc import Sequence

import pandas as pd

from foi_tf.analysis.report import cell_colors
from foi_tf.analysis.report.tables import Sheet
from foi_tf.study import results as rows
from foi_tf.study.dataset import TASK_TYPES, domain_order
from foi_tf.study.metrics import METRICS
from foi_tf.study.table_texts import MISSING

STATISTICS = (
    "value", "value_std", "gain", "gain_std", "seeds", "baseline", "gain_low", "gain_high",
    "resampled", "significant",
)  # fmt: skip
ROW = ["target_type", "target_domain", "target", "metric"]
COLUMN = ["source_type", "source_domain", "source"]
PARTS = {"value": "absolute", "gain": "gain, %"}
REFERENCES = (rows.NO_SOURCE, rows.SCRATCH)

_DEVIATION = " ± "

Cells = dict[str, pd.DataFrame]


def training_sizes(chains: pd.DataFrame) -> dict[tuple[str, str], int]:
    """The training images of each (dataset, task type): the most that any chain used.

    The small settings cut every dataset to the same number, so the order by size that the
    paper's tables have can only come from the dataset's largest use.
    """
    as_target = chains.groupby(["target", "target_type"]).n_target.max()
    as_source = chains.groupby(["source", "source_type"]).n_source.max()
    return pd.concat([as_target, as_source]).groupby(level=[0, 1]).max().to_dict()


def cells(chains: pd.DataFrame, sizes: dict[tuple[str, str], int]) -> Cells:
    """For each of `STATISTICS` a frame of `ROW` by `COLUMN`, in the paper's order.

    By task type, then by domain, then by training images; the columns `ilsvrc` and
    `scratch` are last. NaN for chains not run.
    """

    def target_order(key):
        task_type, domain, target, metric = key
        size = sizes[target, task_type]
        return _type_order(task_type), domain_order(domain), domain, size, target, metric

    def source_order(key):
        task_type, domain, source = key
        reference = REFERENCES.index(source) + 1 if source in REFERENCES else 0
        place = domain_order(domain), domain, sizes[source, task_type], source
        return reference, _type_order(task_type), *place

    frame = chains.set_index([*ROW, *COLUMN])
    index = sorted(chains.set_index(ROW).index.unique(), key=target_order)
    columns = sorted(chains.set_index(COLUMN).index.unique(), key=source_order)
    return {
        name: frame[name]
        .unstack(COLUMN)
        .reindex(
            index=pd.MultiIndex.from_tuples(index, names=ROW),
            columns=pd.MultiIndex.from_tuples(columns, names=COLUMN),
        )
        for name in STATISTICS
    }


def sheet(made: Cells, parts: Sequence[str], **about) -> Sheet:
    """A matrix as a table; with two parts, absolute values left and gains right of them.

    Args:
      made: what `cells` returned.
      parts: of "value" and "gain".
      **about: `id`, `title` and `scope` of the sheet.
    """
    gains = made["gain"]
    labels = _source_labels(gains.columns)
    words = pd.DataFrame(
        [
            [domain or MISSING, target_label(target, metric)]
            for _, domain, target, metric in gains.index
        ],
        columns=["domain", "target"],
    )
    blank = words.map(lambda _: "")
    pieces = {"data": [words], "texts": [words], "shades": [blank], "hovers": [blank]}
    grid = _grid(made)
    for part in parts:
        names = labels if len(parts) == 1 else [f"{label} ({PARTS[part]})" for label in labels]
        found = {
            "data": made[part].astype(float).to_numpy(),
            "texts": [[cell.text(part) for cell in line] for line in grid],
            "shades": [[cell.shade for cell in line] for line in grid],
            "hovers": [[cell.hover for cell in line] for line in grid],
        }
        for name, piece in found.items():
            pieces[name].append(pd.DataFrame(piece, columns=names))
    groups = [_group(key, gains.columns) for key in gains.columns]
    if len(parts) > 1:
        groups = [f"{PARTS[part]}: {group}" for part in parts for group in groups]
    return Sheet(
        **{name: pd.concat(piece, axis=1) for name, piece in pieces.items()},
        words=2,
        groups=["", "", *groups],
        notes=_notes(made),
        **about,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One chain in a matrix: the names of its ends, and its `STATISTICS` (`seeds` NaN: not run)."""

    target: str
    source: str
    same: bool
    metric: str
    statistics: dict[str, object]

    def text(self, part: str) -> str:
        """What is printed: "+12.3* ± 1.1 (3)", or why there is nothing to print."""
        of = self.statistics
        if self.same and pd.isna(of["seeds"]):
            return ""
        if pd.isna(of["seeds"]):
            return MISSING
        if pd.isna(of["value"]):
            return "failed"
        if pd.isna(of[part]):
            return "no base"
        seeds = int(of["seeds"])
        if part == "value":
            return with_deviation(f"{of['value']:.3f}", f"{of['value_std']:.3f}", seeds)
        star = "*" if of["significant"] else ""  # With a value there is an answer, too.
        return with_deviation(gain_text(of["gain"]) + star, f"{of['gain_std']:.1f}", seeds)

    @property
    def shade(self) -> str:
        """The background, by gain; none on the diagonal."""
        if self.same and pd.isna(self.statistics["seeds"]):
            return ""
        return cell_colors.of_gain(float(self.statistics["gain"]))

    @property
    def hover(self) -> str:
        """All that is known of the chain, in a sentence."""
        of, chain = self.statistics, f"{self.source} → {self.target}"
        if self.same and pd.isna(of["seeds"]):
            return f"{chain}: source and target are the same task"
        if pd.isna(of["seeds"]):
            return f"{chain}: not run"
        if pd.isna(of["value"]):
            return f"{chain}: run, but ended without a value"
        seeds = f"{int(of['seeds'])} seed{'s' if of['seeds'] > 1 else ''}"
        value = f"{METRICS[self.metric].label} {of['value']:.3f}"
        if pd.isna(of["gain"]):
            return f"{chain}: {value}, {seeds}; no baseline to hold it against"
        interval = ""
        if not pd.isna(of["gain_low"]):
            bounds = f"{gain_text(of['gain_low'])} to {gain_text(of['gain_high'])}"
            interval = f" (95 % interval {bounds}, over {of['resampled']})"
        return (
            f"{chain}: gain {gain_text(of['gain'])} %{interval}; {value} against "
            f"{of['baseline']:.3f}; {seeds}"
        )


def _grid(made: Cells) -> list[list[Cell]]:
    arrays = {name: made[name].to_numpy() for name in STATISTICS}
    return [
        [
            Cell(
                target=f"{target}:{target_type}",
                source=f"{source}:{source_type}" if source_type else source,
                same=(target, target_type) == (source, source_type),
                metric=metric,
                statistics={name: array[i, j] for name, array in arrays.items()},
            )
            for j, (source_type, _, source) in enumerate(made["gain"].columns)
        ]
        for i, (target_type, _, target, metric) in enumerate(made["gain"].index)
    ]


def target_label(target: str, metric: str) -> str:
    """The name of a table's row: the target and its metric."""
    return f"{target} ({METRICS[metric].label})"


def gain_text(gain: float) -> str:
    """A gain in % with its sign, as "+12.3"."""
    return f"{round(gain, 1) + 0.0:+.1f}"  # Adding turns -0.0 into 0.0.


def with_deviation(mean: str, deviation: str, seeds: int) -> str:
    """Mean and standard deviation over seeds, as "12.3 ± 1.1 (3)"; the mean alone for one."""
    return f"{mean}{_DEVIATION}{deviation} ({seeds})" if seeds > 1 else mean


def without_deviation(text: str) -> str:
    """What `with_deviation` returned, but for the deviation."""
    return text.partition(_DEVIATION)[0]


def _source_labels(columns: pd.MultiIndex) -> list[str]:
    types = {task_type for task_type, _, _ in columns if task_type}
    if len(types) <= 1:
        return [source for _, _, source in columns]
    return [f"{source}:{kind}" if kind else source for kind, _, source in columns]


def _group(key: tuple[str, str, str], columns: pd.MultiIndex) -> str:
    task_type, domain, source = key
    if source in REFERENCES:
        return "no source"
    domain = "multi-source" if source == rows.MULTI_SOURCE else domain or "no domain"
    types = {task_type for task_type, _, _ in columns if task_type}
    return domain if len(types) <= 1 else f"{task_type}, {domain}"


def _notes(made: Cells) -> list[str]:
    notes = []
    if (made["seeds"] > 1).to_numpy().any():
        notes.append("Mean ± standard deviation over seeds (their number).")
    if made["significant"].eq(True).to_numpy().any():
        notes.append("* The 95 % interval of the gain excludes 0.")
    return notes


def _type_order(task_type: str) -> float:
    return TASK_TYPES.index(task_type) if task_type in TASK_TYPES else math.inf
