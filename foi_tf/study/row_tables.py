"""Reads the lines of tables of result rows, and notices tables that are cut short."""

import csv
import io

from etils import epath

from foi_tf import parsing
from foi_tf.errors import FoiError

COUNT = "table_rows"  # Last column of tables: the number of their rows.


def read_lines(path: epath.Path) -> list[tuple[str, dict[str, str]]]:
    """Reads the lines of a CSV file of `results.to_csv`, or of a spreadsheet that saved it again.

    Returns:
      For each row the place of its line, for errors, and its texts by column.

    Raises:
      FoiError: the file cannot be read, is no table, has no rows, or is cut short.
    """
    text = parsing.read_text(path)
    header = text.partition("\n")[0]
    # Spreadsheets of some countries separate cells by semicolons.
    delimiter = ";" if header.count(";") > header.count(",") else ","
    try:
        names, *lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except (csv.Error, ValueError) as error:
        raise FoiError(f"{path}: no table of results ({error})") from error
    lines = [cells for cells in lines if cells]
    if not lines:
        raise FoiError(f"{path}: no results in it; foi-analyze writes such a table to OUT")
    found = []
    for number, cells in enumerate(lines, 2):
        if len(cells) != len(names):
            raise FoiError(
                f"{path}, line {number}: {len(cells)} cells, but the table has {len(names)} "
                "columns; the file is cut short or damaged, copy it anew"
            )
        texts = dict(zip(names, cells, strict=True))
        count = texts.pop(COUNT, str(len(lines)))
        if count != str(len(lines)):
            raise FoiError(
                f"{path}, line {number}: the table had {count} rows, and this file has "
                f"{len(lines)}; copy it anew, or remove the column '{COUNT}' if rows were left "
                "out on purpose"
            )
        found.append((f"{path}, line {number}", texts))
    return found
