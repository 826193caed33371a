"""A table on its way to a reader: numbers, their texts and colors; as CSV, Markdown or LaTeX."""

import dataclasses
import hashlib
import re
from collections.abc import Sequence

import pandas as pd

from foi_tf.analysis.report import cell_colors
from foi_tf.study.table_texts import MISSING

_MARKDOWN = {"|": r"\|"}
_LATEX = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "−": "$-$", "±": r"$\pm$", "→": r"$\to$", "≥": r"$\ge$", "–": "--", "τ": r"$\tau$",
}  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """A table with a header of one line.

    Attributes:
      id: as the paper numbers it, such as "4a" or "A.5a"; "" for one that it lacks.
      title: what it shows, for people.
      scope: what tells it from others with the same `id` or title, for its file's name.
      data: columns of words first, then of numbers; NaN where there is none.
      texts: the same shape, as printed.
      words: how many columns hold words.
      label: the column that names a row; None for the last one of words.
      shades: the same shape, backgrounds as "#rrggbb" or ""; None for a table without colors.
      hovers: the same shape, what a cell says when it is looked at closely; or None.
      groups: of each column, the group that it stands in (such as a domain), or "". Where there
        are groups, columns may repeat theirs in brackets, to have names of their own.
      notes: sentences below it.
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

    @property
    def heading(self) -> str:
        """Number and title."""
        return f"Table {self.id}: {self.title}" if self.id else self.title

    @property
    def name(self) -> str:
        """Its file's name, without a suffix; sheets of different scopes have different ones."""
        first = ("table", self.id) if self.id else ("further",)
        return slug(*first, *self.scope)


def plain(data: pd.DataFrame, *, words: int = 1, **formats: str) -> pd.DataFrame:
    """Numbers as texts: `formats` by column, else as they are; `MISSING` for NaN."""
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


def slug(*parts: str) -> str:
    """Texts as part of a file's name; those that differ stay different."""
    return "-".join(_slug(part) for part in parts)


def csv(sheet: Sheet) -> str:
    """The numbers with full precision."""
    return sheet.data.to_csv(index=False, lineterminator="\n")


def markdown(sheet: Sheet) -> str:
    """The texts, with the title above and the notes below."""
    header = [str(name) for name in sheet.texts]
    rule = ["---" if i < sheet.words else "---:" for i in range(len(header))]
    lines = [header, rule, *sheet.texts.to_numpy().tolist()]
    table = "\n".join(f"| {' | '.join(_escape(x, _MARKDOWN) for x in line)} |" for line in lines)
    return "\n\n".join([f"# {sheet.heading}", table, *sheet.notes]) + "\n"


def latex(sheet: Sheet) -> str:
    """A `table` environment; needs booktabs, and xcolor with its option `table`."""
    texts = sheet.texts.to_numpy().tolist()
    shades = sheet.shades.to_numpy().tolist() if sheet.shades is not None else None
    lines = []
    for i, row in enumerate(texts):
        cells = [_escape(text, _LATEX) for text in row]
        if shades is not None:
            cells = [_colored(*pair) for pair in zip(cells, shades[i], strict=True)]
        lines.append(" & ".join(cells) + r" \\")
    columns = "l" * sheet.words + "r" * (len(sheet.texts.columns) - sheet.words)
    header = " & ".join(_escape(str(name), _LATEX) for name in sheet.texts)
    return "\n".join(
        [
            r"\begin{table}", r"\centering", rf"\begin{{tabular}}{{{columns}}}", r"\toprule",
            rf"{header} \\", r"\midrule", *lines, r"\bottomrule", r"\end{tabular}",
            rf"\caption{{{_escape(' '.join([sheet.heading + '.', *sheet.notes]), _LATEX)}}}",
            r"\end{table}", "",
        ]
    )  # fmt: skip


def _colored(text: str, shade: str) -> str:
    if not shade or shade == "#ffffff":
        return text
    light = r"\color{white}" if cell_colors.ink(shade) == "#ffffff" else ""
    return rf"\cellcolor[HTML]{{{shade[1:].upper()}}}{light}{text}"


def _escape(text: str, by: dict[str, str]) -> str:
    return "".join(by.get(character, character) for character in str(text))


def _slug(text: str) -> str:
    clean = re.sub(r"[^A-Za-z0-9_.]+", "-", text).strip("-.")
    # A hyphen would leave open where one part ends: "a-b", "c" and "a", "b-c".
    plain = clean == text and "-" not in text
    return clean if plain else f"{clean}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
