"""Holds a table with its printed texts and colors, and writes it as CSV, Markdown or LaTeX."""

import dataclasses
import hashlib
import re
from collections.abc import Sequence

import pandas as pd

from foi_tf.analysis.report import cell_colors
from foi_tf.study.table_texts import MISSING

_DEVIATION = " ± "
_MARKDOWN = {"|": r"\|"}
_LATEX = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "−": "$-$", "±": r"$\pm$", "→": r"$\to$", "≥": r"$\ge$", "–": "--", "τ": r"$\tau$",
    "δ": r"$\delta$", "<": "$<$",
}  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Holds a table with a header of one line.

    Attributes:
      id: the table's number in the paper, such as "4a" or "A.5a"; "" if the paper lacks it.
      title: the content in words.
      scope: words that tell its file from those of tables with the same `id` or title.
      data: columns of words first, then of numbers; NaN for a missing number.
      texts: the same shape, as printed.
      words: number of columns that hold words.
      label: index of the column that names a row; None for the last column of words.
      shades: the same shape, backgrounds as "#rrggbb" or ""; None for a table without colors.
      hovers: the same shape, the details that a cell shows when pointed at; or None.
      groups: the group of each column (such as a domain), or "". Where there are groups, columns
        may repeat theirs in parentheses, so that their names stay unique.
      notes: sentences below the table.
      matrix: whether each number is of a target (row) and a source (column).
    """

    id: str
    title: str
    scope: tuple[str, ...] = ()
    data: pd.DataFrame
    texts: pd.DataFrame
    words: int = 1
    label: int | None = None
    shades: pd.DataFrame | None = None
    hovers: pd.DataFrame | None = None
    groups: Sequence[str] = ()
    notes: Sequence[str] = ()
    matrix: bool = False

    @property
    def heading(self) -> str:
        """Returns number and title."""
        return f"Table {self.id}: {self.title}" if self.id else self.title

    @property
    def name(self) -> str:
        """Returns the name of its file without a suffix; it differs between scopes."""
        first = ("table", self.id) if self.id else ("further",)
        return file_slug(*first, *self.scope)


def format_cells(data: pd.DataFrame, *, words: int = 1, **formats: str) -> pd.DataFrame:
    """Formats the cells of a table as texts; NaN becomes `MISSING`.

    Args:
      words: the first so many columns hold words and are not formatted.
      **formats: format specifications by column; numbers of other columns print as they are.
    """
    return pd.DataFrame(
        {
            name: [
                MISSING
                if pd.isna(x)
                else format(x, formats.get(name, ""))
                if i >= words
                else str(x)
                for x in data[name]
            ]
            for i, name in enumerate(data)
        },
        index=data.index,
        dtype=object,
    )


def network_name(backbone: str, family: str) -> str:
    """Returns backbone and initial weights in words."""
    return f"{backbone}, from {family}"


def format_gain(gain: float) -> str:
    """Formats a gain in % with its sign, as "+12.3"."""
    return f"{round(gain, 1) + 0.0:+.1f}"  # Adding turns -0.0 into 0.0.


def format_probability(probability: float) -> str:
    """Formats a probability with two digits; "> 0.99" and "< 0.01" at the ends, or `MISSING`."""
    if pd.isna(probability):
        return MISSING
    if probability > 0.99:
        return "> 0.99"
    return "< 0.01" if probability < 0.01 else f"{probability:.2f}"


def gain_text(gain: float, deviation: float, seeds: int, significant: bool) -> str:
    """Formats a gain in % as "+12.3* ± 1.1 (3)"; the star marks a significant one."""
    star = "*" if significant else ""
    return with_deviation(format_gain(gain) + star, f"{deviation:.1f}", seeds)


def with_deviation(mean: str, deviation: str, seeds: int) -> str:
    """Returns mean and standard deviation over seeds as "12.3 ± 1.1 (3)"; for one, the mean."""
    return f"{mean}{_DEVIATION}{deviation} ({seeds})" if seeds > 1 else mean


def without_deviation(text: str) -> str:
    """Removes from a text what `with_deviation` added to the mean."""
    return text.partition(_DEVIATION)[0]


def file_slug(*parts: str) -> str:
    """Joins texts to a part of a file's name; different texts have different names."""
    return "-".join(_slug(part) for part in parts)


def to_csv(table: Table) -> str:
    """Returns the numbers with full precision as CSV."""
    return table.data.to_csv(index=False, lineterminator="\n")


def to_markdown(table: Table) -> str:
    """Returns the texts as Markdown, with the title above and the notes below."""
    header = [str(name) for name in table.texts]
    rule = ["---" if i < table.words else "---:" for i in range(len(header))]
    lines = [header, rule, *table.texts.to_numpy().tolist()]
    body = "\n".join(f"| {' | '.join(_escape(x, _MARKDOWN) for x in line)} |" for line in lines)
    return "\n\n".join([f"# {table.heading}", body, *table.notes]) + "\n"


def to_latex(table: Table) -> str:
    """Returns a `table` environment; it needs booktabs, and xcolor with its option `table`."""
    texts = table.texts.to_numpy().tolist()
    shades = table.shades.to_numpy().tolist() if table.shades is not None else None
    lines = []
    for i, row in enumerate(texts):
        cells = [_escape(text, _LATEX) for text in row]
        if shades is not None:
            cells = [_colored(*pair) for pair in zip(cells, shades[i], strict=True)]
        lines.append(" & ".join(cells) + r" \\")
    columns = "l" * table.words + "r" * (len(table.texts.columns) - table.words)
    header = " & ".join(_escape(str(name), _LATEX) for name in table.texts)
    return "\n".join(
        [
            r"\begin{table}", r"\centering", rf"\begin{{tabular}}{{{columns}}}", r"\toprule",
            rf"{header} \\", r"\midrule", *lines, r"\bottomrule", r"\end{tabular}",
            rf"\caption{{{_escape(' '.join([table.heading + '.', *table.notes]), _LATEX)}}}",
            r"\end{table}", "",
        ]
    )  # fmt: skip


def _colored(text: str, shade: str) -> str:
    """Returns a LaTeX cell with a background and a text color that reads well on it."""
    if not shade or shade == "#ffffff":
        return text
    light = r"\color{white}" if cell_colors.text_color(shade) == "#ffffff" else ""
    return rf"\cellcolor[HTML]{{{shade[1:].upper()}}}{light}{text}"


def _escape(text: str, by: dict[str, str]) -> str:
    """Replaces each character that has an escape sequence."""
    return "".join(by.get(character, character) for character in str(text))


def _slug(text: str) -> str:
    """Replaces what file names cannot hold, and then adds a digest of the text."""
    clean = re.sub(r"[^A-Za-z0-9_.]+", "-", text).strip("-.")
    # A hyphen would leave open where one part ends: "a-b", "c" and "a", "b-c".
    plain = clean == text and "-" not in text
    return clean if plain else f"{clean}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
