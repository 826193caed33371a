"""The results of a study: one small JSON file a run, read together as one DataFrame.

A file each, rather than one table, lets any number of machines write into the same
directory without a lock, and a run that is repeated replaces its own row.
"""

import contextlib
import csv
import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from etils import epath

from foi_tf import files
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study import metrics
from foi_tf.study.dataset import TASK_TYPES

if TYPE_CHECKING:
    import pandas as pd

# What `source` says of a chain that has no source task: started from pre-trained weights
# (the baseline of Eq. 2), or from random ones. Its `source_type` and `source_domain` are "".
NO_SOURCE = "ilsvrc"
SCRATCH = "scratch"
MULTI_SOURCE = "multi"  # What `source` says of a model trained on several sources (Section 4.2).

EXTRA = "extra."  # Before the names of secondary metrics, as columns of the DataFrame.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """The outcome of one run.

    Attributes:
      target, target_type, target_domain: what was trained and evaluated, such as
        "camvid", "segmentation", "driving"; "ilsvrc", "classification" for pre-training.
      source, source_type, source_domain: what its weights were trained on before;
        `source` is "ilsvrc" or "scratch", and the other two "", for chains without one.
      setting: "small", "full" or "small_source" (Sections 5.2 to 5.4).
      backbone: such as "hrnet_w48".
      init: the name of the weights that the chain began with.
      seed, learning_rate: of this run.
      n_source, n_target: training images of each; `n_source` is 0 without a source.
      metric: one of `foi_tf.study.metrics.METRICS`.
      value: the metric on the target's validation images; NaN where the run diverged.
      steps: of training.
      wall_seconds: of training and evaluation.
      device, devices: their kind and how many there were.
      chip_hours: devices times hours.
      config_digest: of the configuration that the run was made with.
      version: of foi_tf.
      selection: how the learning rate was chosen: "none" (it is the configuration's), by
        the metric on the "validation" images, as in the paper, or on a "holdout" of the
        training images.
      candidates: by learning rate, what that choice was made by: a JSON object with null
        for what diverged; "{}" where nothing was chosen.
      extra: secondary metrics by name, such as {"pixel_accuracy": 0.8}.

    Raises:
      FoiError: there is no such metric or task type, or `source` and `source_type` do not
        agree.
    """

    target: str
    target_type: str
    target_domain: str
    source: str
    source_type: str
    source_domain: str
    setting: str
    backbone: str
    init: str
    seed: int
    learning_rate: float
    n_source: int
    n_target: int
    metric: str
    value: float
    steps: int
    wall_seconds: float
    device: str
    devices: int
    chip_hours: float
    config_digest: str
    version: str
    selection: str = "none"
    candidates: str = "{}"
    extra: Mapping[str, float] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        metrics.get_metric(self.metric)
        for task_type in (self.target_type, self.source_type or self.target_type):
            if task_type not in TASK_TYPES:
                raise unknown_name_error("task type", task_type, TASK_TYPES)
        if (self.source in (NO_SOURCE, SCRATCH)) != (self.source_type == ""):
            raise FoiError(
                f"source '{self.source}' with task type '{self.source_type}': "
                f"{NO_SOURCE} and {SCRATCH} have none, and every other source has one"
            )


_TYPES = {field.name: field.type for field in dataclasses.fields(Row) if field.name != "extra"}
COLUMNS = tuple(_TYPES)

# What makes two runs the same one.
IDENTITY = (
    "target", "target_type", "source", "source_type", "setting", "backbone", "init", "seed",
    "learning_rate", "config_digest", "selection",
)  # fmt: skip


def write_row(row: Row, directory: epath.PathLike) -> epath.Path:
    """Writes the row into a file of its own, in place of an earlier one of the same run.

    Returns:
      The file's path; its name is a digest of the row's `IDENTITY`.

    Raises:
      FoiError: the directory cannot be written.
    """
    record = {name: kind(getattr(row, name)) for name, kind in _TYPES.items()}
    record["value"] = finite_or_none(row.value)
    record["extra"] = {name: finite_or_none(row.extra[name]) for name in sorted(row.extra)}
    path = epath.Path(directory) / f"{row_digest(record)}.json"
    files.write_text(path, json.dumps(record, indent=1, allow_nan=False) + "\n")
    return path


def row_digest(record: Mapping[str, Any]) -> str:
    """The name of a row's file, without its suffix, from the row's `IDENTITY`."""
    identity = json.dumps([_TYPES[name](record[name]) for name in IDENTITY])
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def load(directory: epath.PathLike) -> "pd.DataFrame":
    """Reads all rows in the directory and the directories in it, or a table of `to_csv`.

    Returns:
      A frame with `COLUMNS` and one column "extra.NAME" for each secondary metric, NaN
      where a row lacks it. Its order depends on the rows alone. A row found twice, all
      columns alike, counts once.

    Raises:
      FoiError: there is no such directory, no row in it, or a file that holds no row.
    """
    directory = epath.Path(directory)
    if directory.suffix == ".csv":
        return _to_frame(_read_csv(directory))
    if not directory.is_dir():
        raise FoiError(f"{directory}: no such directory; name the one that the results are in")
    records = [
        _read_row(root / name)
        for root, _, names in directory.walk()
        for name in names
        if name.endswith(".json") and not name.startswith(".")  # Those are being written.
    ]
    if not records:
        raise FoiError(
            f"{directory}: no results (*.json) in it; foi-target writes them to WORKDIR/results"
        )
    return _to_frame(records)


def to_csv(frame: "pd.DataFrame") -> str:
    """All rows as one CSV file, which `load` reads as it was."""
    return frame.to_csv(index=False, lineterminator="\n")


def _read_csv(path: epath.Path) -> list[dict[str, Any]]:
    try:
        lines = list(csv.DictReader(path.read_text().splitlines()))
    except OSError as error:
        raise FoiError(f"{path}: cannot be read ({files.describe_os_error(error)})") from error
    if not lines:
        raise FoiError(f"{path}: no results in it; foi-analyze writes such a table to OUT")
    return [
        _check_and_flatten(_parse_cells(texts), f"{path}, line {i}")
        for i, texts in enumerate(lines, 2)
    ]


def _parse_cells(texts: Mapping[str, str]) -> dict[str, Any]:
    """A row's JSON object out of the texts of its cells."""
    extra = {name: text for name, text in texts.items() if str(name).startswith(EXTRA)}
    record = {name: text for name, text in texts.items() if name not in extra}
    for name, kind in _TYPES.items():
        with contextlib.suppress(KeyError, TypeError, ValueError):  # Said by `_find_problem`.
            record[name] = kind(record[name]) if record[name] or kind is str else None
    extra = {name.removeprefix(EXTRA): text for name, text in extra.items() if text}
    with contextlib.suppress(ValueError):
        extra = {name: float(text) for name, text in extra.items()}
    return record | {"extra": extra}


def _to_frame(records: list[dict[str, Any]]) -> "pd.DataFrame":
    import pandas as pd  # Not at the top, since programs that only write rows start faster without.

    extras = sorted({name for record in records for name in record if name not in _TYPES})
    frame = pd.DataFrame(records, columns=[*COLUMNS, *extras])
    frame = frame.astype({**_TYPES, **dict.fromkeys(extras, float)})
    order = [*IDENTITY, *(name for name in frame if name not in IDENTITY)]
    return frame.sort_values(order, ignore_index=True).drop_duplicates(ignore_index=True)


def finite_or_none(value: float) -> float | None:
    """A number as JSON can have it: None for NaN and infinity."""
    return float(value) if math.isfinite(value) else None


def _read_row(path: epath.Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text())
    except (ValueError, RecursionError) as error:
        raise FoiError(
            f"{path}: not a whole JSON file ({error}); remove it and repeat its run"
        ) from error
    return _check_and_flatten(record, str(path))


def _check_and_flatten(record: Any, where: str) -> dict[str, Any]:
    problem = _find_problem(record)
    if problem:
        raise FoiError(
            f"{where}: not a result row ({problem}); move it out of the results, "
            "which foi-target writes to WORKDIR/results"
        )
    extra = record.pop("extra")
    record["value"] = math.nan if record["value"] is None else record["value"]
    return record | {EXTRA + name: value for name, value in extra.items()}


def _find_problem(record: Any) -> str:
    """What keeps a decoded JSON value from being a row; empty if nothing does."""
    if not isinstance(record, dict):
        return "it holds no object"
    if missing := [name for name in (*COLUMNS, "extra") if name not in record]:
        return f"it lacks '{missing[0]}'"
    if foreign := [name for name in record if name not in _TYPES and name != "extra"]:
        return f"'{foreign[0]}' is no column"
    for name, kind in _TYPES.items():
        if not _fits(record[name], kind, empty=name == "value"):
            return f"'{name}' is {json.dumps(record[name])}, not {_TYPE_TEXTS[kind]}"
    extra = record["extra"]
    if not isinstance(extra, dict) or not all(_fits(x, float, empty=True) for x in extra.values()):
        return "'extra' is not an object of numbers"
    try:
        Row(**record)
    except FoiError as error:
        return str(error)
    return ""


_TYPE_TEXTS = {str: "a text", int: "a whole number", float: "a number"}


def _fits(value: Any, kind: type, *, empty: bool) -> bool:
    if value is None or isinstance(value, bool):
        return empty and value is None
    return isinstance(value, (int, float) if kind is float else kind)
