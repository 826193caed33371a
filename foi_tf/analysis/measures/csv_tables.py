"""Reads tables from CSV files: some columns name a line, and the others hold numbers."""

from collections.abc import Sequence

import pandas as pd
from etils import epath

from foi_tf.errors import FoiError


def read_table(
    path: epath.PathLike, names: Sequence[str], values: Sequence[str], what: str
) -> pd.DataFrame:
    """Reads a table whose lines have unique names.

    Args:
      path: the CSV file.
      names: the columns that name a line, as text.
      values: the columns with numbers; if empty, all other columns, of which there is at least one.
      what: word for one of the numbers, for errors.

    Returns:
      A data frame of these columns in this order.

    Raises:
      FoiError: there is no such file, a column, name or number is missing, or two lines have
        the same name.
    """
    path = epath.Path(path)
    try:
        with path.open() as stream:
            frame = pd.read_csv(stream, dtype=dict.fromkeys(names, str))
    except FileNotFoundError as error:
        raise FoiError(f"{path}: no such file; give a table of {what}s") from error
    except ValueError as error:
        raise FoiError(f"{path}: no CSV ({' '.join(str(error).split())})") from error
    values = values or [str(name) for name in frame if name not in names] or [what]
    wanted = [*names, *values]
    if missing := [name for name in wanted if name not in frame]:
        raise FoiError(f"{path}: has no column '{missing[0]}'; it needs {', '.join(wanted)}")
    if frame.empty:
        raise FoiError(f"{path}: has no {what}; it needs a line for each {', '.join(names)}")
    for name in names:
        if (empty := frame[name].isna()).any():
            line = int(empty.to_numpy().argmax())
            raise FoiError(f"{path}: line {line + 2}: has no '{name}'; fill it in")
    for name in values:
        found = pd.to_numeric(frame[name], errors="coerce")
        if found.isna().any():
            line = int(found.isna().to_numpy().argmax())
            raise FoiError(f"{path}: line {line + 2}: '{frame[name].iloc[line]}' is no {what}")
        frame[name] = found
    if (repeated := frame.duplicated(names)).any():
        line = int(repeated.to_numpy().argmax())
        name = ", ".join(frame[names].iloc[line])
        raise FoiError(f"{path}: line {line + 2}: {name} is there twice; remove one")
    return frame[wanted]
