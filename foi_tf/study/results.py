"""Writes the result of each run as a small JSON file, and reads all of them as one DataFrame.

Any number of machines can write into the same directory without a lock, since each run has a
file of its own. A repeated run replaces its own row.
"""

import contextlib
import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_type_hints

from etils import epath

from foi_tf import files, parsing
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study import metrics, row_checks, row_tables
from foi_tf.study.dataset import TASK_TYPES

if TYPE_CHECKING:
    import pandas as pd

# Values of the column `source` for chains without a source task: they start from pre-trained
# weights (the baseline of Eq. 2), or from random ones. `source_type` and `source_domain` are "".
NO_SOURCE = "ilsvrc"
SCRATCH = "scratch"
MULTI_SOURCE = "multi"  # Value of `source` for a model trained on several sources (Section 4.2).

EXTRA = "extra."  # Prefix of secondary metrics among the columns of the DataFrame.
# Secondary metrics of a chain with a source: the main metric of the source model on the source's
# own validation images, and that of a constant prediction there.
SOURCE_VALUE, SOURCE_CONSTANT = "source_value", "source_constant"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """Holds the outcome of one run.

    Attributes:
      target: dataset that was trained and evaluated, such as "camvid"; "ilsvrc" for the
        pre-training.
      target_type: task type of the target, such as "segmentation"; "classification" for the
        pre-training.
      target_domain: image domain of the target, such as "driving".
      source: dataset that the weights were trained on before; "ilsvrc" (pre-trained weights)
        or "scratch" (random weights) for chains without a source.
      source_type: task type of the source; "" without a source.
      source_domain: image domain of the source; "" without a source.
      setting: "small", "full" or "small_source" (Sections 5.2 to 5.4).
      backbone: name of the backbone, such as "hrnet_w48".
      init: name of the weights that the chain started from.
      seed: random seed of the run.
      learning_rate: learning rate of the run.
      n_source: number of training images of the source; 0 without a source.
      n_target: number of training images of the target.
      metric: name of the metric, one of `foi_tf.study.metrics.METRICS`.
      value: metric on the target's validation images; NaN where the run diverged.
      steps: number of training steps.
      wall_seconds: duration of training and evaluation in seconds.
      device: kind of device: "cpu", "gpu" or "tpu".
      devices: number of devices.
      chip_hours: number of devices times hours.
      config_digest: digest of the configuration of the run.
      version: version of foi_tf.
      selection: the way that the learning rate was chosen: "none" (the configuration gives
        it), by the metric on the "validation" images as in the paper, or on a "holdout" of
        the training images.
      candidates: JSON object of the metric of each learning rate that could be chosen, null
        where it diverged; "{}" where there was no choice.
      parent: digest of the weights that the run started from; "" for random weights. This and
        the next five are "" in rows of versions that did not keep them.
      pretraining: digest of the weights that the chain started from, before its source; "" for
        random weights.
      subset: digest of the ids of the training images.
      machine: name of the device, such as "NVIDIA H200".
      tensorflow: version of TensorFlow.
      varied: what the seed varies, such as "init,order"; see `foi_tf.study.variation`.
      extra: secondary metrics by name, such as {"pixel_accuracy": 0.8}.

    Raises:
      FoiError: the metric or a task type is unknown, or `source` and `source_type` disagree.
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
    parent: str = ""
    pretraining: str = ""
    subset: str = ""
    machine: str = ""
    tensorflow: str = ""
    varied: str = ""
    extra: Mapping[str, float] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        metrics.get_metric(self.metric)
        for task_type in (self.target_type, self.source_type or self.target_type):
            if task_type not in TASK_TYPES:
                raise unknown_name_error("task type", task_type, TASK_TYPES)
        if (self.source in (NO_SOURCE, SCRATCH)) != (self.source_type == ""):
            raise FoiError(
                f"source '{self.source}' with task type '{self.source_type}': "
                f"{NO_SOURCE} and {SCRATCH} have no task type, and every other source has one"
            )


# Types of the columns, in the order of the fields; they also convert values.
_TYPES: dict[str, type[Any]] = {
    name: kind for name, kind in get_type_hints(Row).items() if name != "extra"
}
COLUMNS = tuple(_TYPES)

# Columns that rows of earlier versions lack. They do not distinguish runs.
OPTIONAL = ("parent", "pretraining", "subset", "machine", "tensorflow", "varied")

# Columns that are equal in two rows of the same run.
IDENTITY = (
    "target", "target_type", "source", "source_type", "setting", "backbone", "init", "seed",
    "learning_rate", "config_digest", "selection",
)  # fmt: skip


def write_row(row: Row, directory: epath.PathLike) -> epath.Path:
    """Writes a row into a file of its own and replaces an earlier row of the same run.

    Returns:
      Path of the file; its name is `row_digest`.

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
    """Returns the name of a row's file without its suffix: a digest of the row's `IDENTITY`."""
    identity = json.dumps([_TYPES[name](record[name]) for name in IDENTITY])
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def load(directory: epath.PathLike) -> "pd.DataFrame":
    """Reads all rows of a directory.

    Args:
      directory: directory that is searched with its subdirectories; or path of a .csv file as
        `to_csv` returns it.

    Returns:
      A data frame with `COLUMNS` (see `Row`) and a column "extra.NAME" for each secondary
      metric, NaN where a row lacks it. The order depends on the rows alone. Rows that agree in
      all columns appear once.

    Raises:
      FoiError: the directory does not exist or holds no row, or a file is not a result row.
    """
    directory = epath.Path(directory)
    if directory.suffix == ".csv":
        return _to_frame(_read_csv(directory))
    if not directory.is_dir():
        raise FoiError(f"{directory}: no such directory; name the directory of the results")
    records = [_read_row(path) for path in files.list_files(directory) if path.suffix == ".json"]
    if not records:
        raise FoiError(
            f"{directory}: no results (*.json) in it; foi-target writes them to WORKDIR/results"
        )
    return _to_frame(records)


def fill_optional(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Adds those of the `OPTIONAL` columns that a frame lacks, as ""."""
    return frame.assign(**{name: "" for name in OPTIONAL if name not in frame})


def to_csv(frame: "pd.DataFrame") -> str:
    """Formats all rows as the text of a CSV file, which `load` reads unchanged.

    Each line ends with the number of all rows, by which `load` notices a table that was cut short.
    """
    return frame.assign(**{row_tables.COUNT: len(frame)}).to_csv(index=False, lineterminator="\n")


def _read_csv(path: epath.Path) -> list[dict[str, Any]]:
    """Reads the records of a CSV file of `to_csv`, or of a spreadsheet that saved it again."""
    lines = row_tables.read_lines(path)
    return [_check_and_flatten(_parse_cells(texts), where) for where, texts in lines]


def _parse_cells(texts: Mapping[str, str]) -> dict[str, Any]:
    """Converts the cells of a CSV line to a row's JSON object."""
    extra: dict[str, Any] = {}
    record: dict[str, Any] = {}
    for name, text in texts.items():
        if not str(name).startswith(EXTRA):
            record[name] = text
        elif text:
            extra[name.removeprefix(EXTRA)] = text
    for name, kind in _TYPES.items():
        # `_find_problem` reports cells that cannot be converted.
        with contextlib.suppress(KeyError, TypeError, ValueError):
            record[name] = kind(record[name]) if record[name] or kind is str else None
    with contextlib.suppress(ValueError):
        extra = {name: float(text) for name, text in extra.items()}
    return record | {"extra": extra}


def _to_frame(records: list[dict[str, Any]]) -> "pd.DataFrame":
    """Sorts records into a data frame and drops repeated ones."""
    import pandas as pd  # Imported here, since programs that only write rows start faster without.

    extras = sorted({name for record in records for name in record if name not in _TYPES})
    frame = pd.DataFrame(records, columns=[*COLUMNS, *extras])
    frame = frame.astype({**_TYPES, **dict.fromkeys(extras, float)})
    order = [*IDENTITY, *(name for name in map(str, frame) if name not in IDENTITY)]
    return frame.sort_values(order, ignore_index=True).drop_duplicates(ignore_index=True)


def finite_or_none(value: float) -> float | None:
    """Returns a number that JSON can hold: None for NaN and infinity."""
    return float(value) if math.isfinite(value) else None


def _read_row(path: epath.Path) -> dict[str, Any]:
    """Reads the record of one file."""
    text = parsing.read_text(path)
    try:
        record = parsing.parse_json(text)
    except ValueError as error:
        raise FoiError(
            f"{path}: the file is not complete JSON ({error}); remove it and repeat its run"
        ) from error
    return _check_and_flatten(record, str(path))


def _check_and_flatten(record: Any, where: str) -> dict[str, Any]:
    """Checks a decoded JSON value and gives its secondary metrics columns of their own."""
    if isinstance(record, dict):
        record = dict.fromkeys(OPTIONAL, "") | record
    problem = _find_problem(record)
    if problem:
        raise FoiError(
            f"{where}: this is not a result row ({problem}); move it out of the directory of "
            "results, which foi-target writes to WORKDIR/results"
        )
    extra = record.pop("extra")
    record["value"] = math.nan if record["value"] is None else record["value"]
    return record | {EXTRA + name: value for name, value in extra.items()}


def _find_problem(record: Any) -> str:
    """Says why a decoded JSON value is not a row; "" if it is one."""
    if not isinstance(record, dict):
        return "it holds no JSON object"
    if missing := [name for name in (*COLUMNS, "extra") if name not in record]:
        return f"it lacks '{missing[0]}'"
    if foreign := [name for name in record if name not in _TYPES and name != "extra"]:
        return f"'{foreign[0]}' is not a column"
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
    return row_checks.find_wrong_value(record)


_TYPE_TEXTS = {str: "a text", int: "a whole number", float: "a number"}


def _fits(value: Any, kind: type, *, empty: bool) -> bool:
    """Tells whether a JSON value has a column's type; `empty` allows null."""
    if value is None or isinstance(value, bool):
        return empty and value is None
    return isinstance(value, (int, float) if kind is float else kind)
