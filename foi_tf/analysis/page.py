"""The pieces of a self-contained HTML page: no script, no font, no image from elsewhere."""

import base64
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from html import escape

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff;
  max-width: 72rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid #ddd; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
p, li { max-width: 44rem; }
nav a { display: inline-block; margin: 0 1rem .3rem 0; }
a { color: #1b7837; }
.scroll { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .55rem; border-bottom: 1px solid #e4e4e4; text-align: left;
  white-space: nowrap; }
td.n, th.n { text-align: right; }
thead th { border-bottom: 2px solid #bbb; vertical-align: bottom; }
img { display: block; height: auto; }
summary { cursor: pointer; padding: .2rem 0; }
.lead { font-size: 1.05rem; }
.faint { color: #666; font-size: .9rem; }
code { background: #f3f3f3; padding: 0 .2rem; overflow-wrap: anywhere; }
@media print { details > * { display: block; } nav { display: none; } }
"""


@dataclasses.dataclass(frozen=True)
class Cell:
    """A table cell with the colours of its background and text ("#rrggbb")."""

    text: str
    colours: tuple[str, str]


def page(title: str, introduction: str, sections: Mapping[str, str]) -> str:
    """A whole document: a title, an introduction, and sections by heading (HTML both)."""
    names = {heading: heading.lower().replace(" ", "-") for heading in sections}
    links = "".join(f'<a href="#{names[x]}">{escape(x)}</a>' for x in sections)
    body = "".join(
        f'<section id="{names[x]}"><h2>{escape(x)}</h2>\n{sections[x]}</section>\n'
        for x in sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{introduction}\n<nav>{links}</nav>\n{body}</body></html>\n"
    )


def table(header: Sequence[str], body: Iterable[Sequence[str | Cell]], *, texts: int = 1) -> str:
    """A table that scrolls by itself on a narrow screen.

    Args:
      header: of each column; empty for none.
      body: lines of cells, plain text or `Cell`.
      texts: how many of the columns, from the left, hold words; the rest hold numbers.
    """

    def line(tag, cells):
        return "<tr>" + "".join(_cell(tag, x, i >= texts) for i, x in enumerate(cells)) + "</tr>\n"

    lines = "".join(line("td", cells) for cells in body)
    head = f"<thead>{line('th', header)}</thead>" if header else ""
    return f'<div class="scroll"><table>{head}<tbody>{lines}</tbody></table></div>\n'


def image(png: bytes, text: str) -> str:
    """An image as part of the page; `text` says what it shows.

    It is shown at two thirds of its pixels, which fine screens have use for.
    """
    width = int.from_bytes(png[16:20], "big") * 2 // 3  # From the PNG's header.
    data = base64.b64encode(png).decode()
    return (
        f'<div class="scroll"><img src="data:image/png;base64,{data}" alt="{escape(text)}" '
        f'width="{width}"></div>\n'
    )


def details(summary: str, content: str) -> str:
    """HTML that is folded away below a line of text."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>\n"


def items(texts: Iterable[str]) -> str:
    """A list of paragraphs that are HTML already."""
    return "<ul>" + "".join(f"<li>{text}</li>" for text in texts) + "</ul>\n"


def _cell(tag: str, cell: str | Cell, number: bool) -> str:
    kind = ' class="n"' if number else ""
    if isinstance(cell, str):
        return f"<{tag}{kind}>{escape(cell)}</{tag}>"
    background, ink = cell.colours
    style = f' style="background:{background};color:{ink}"'
    return f"<{tag}{kind}{style}>{escape(cell.text)}</{tag}>"
