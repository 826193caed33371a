"""Formats tables of pages."""

from collections.abc import Sequence


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]], words: int) -> str:
    """Returns a Markdown table; the first `words` columns are aligned left, numbers right."""
    rule = ["---" if i < words else "---:" for i in range(len(header))]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [header, rule, *rows])
