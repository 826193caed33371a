"""The pieces of a self-contained HTML page: no font, script or image from elsewhere."""

import re
from collections.abc import Iterable, Mapping
from html import escape
from importlib import resources

from foi_tf.analysis.report import cell_colors
from foi_tf.analysis.report.tables import Sheet

LONG = 40  # Letters from which on a cell may break its line; ours.
UPRIGHT = 11  # Letters from which on the names of a colored table's columns stand upright; ours.
# The browser itself refuses whatever would come from elsewhere.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def page(title: str, introduction: str, sections: Mapping[str, str]) -> str:
    """A whole document: a title, an introduction, and sections by heading (HTML both)."""
    names = {heading: re.sub(r"\W+", "-", heading.lower()) for heading in sections}
    links = "".join(f'<a href="#{names[x]}">{escape(x)}</a>' for x in sections)
    body = "".join(
        f'<section id="{names[x]}"><h2>{escape(x)}</h2>\n{sections[x]}</section>\n'
        for x in sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(title)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_asset('page.css')}</style></head>\n<body>\n"
        f"<header><h1>{escape(title)}</h1>\n{introduction}</header>\n"
        f'<nav aria-label="Sections">{links}</nav>\n<main>\n{body}</main>\n'
        f"<script>{_asset('page.js')}</script>\n</body></html>\n"
    )


def table(sheet: Sheet) -> str:
    """A sheet whose columns sort, which scrolls by itself on a narrow screen.

    Cells with a hover text also show it below the
    table, for those who have no pointer.
    """
    kind = ""
    if sheet.shades is not None:
        longest = max(len(name) for name in _names(sheet)[sheet.words :])
        kind = ' class="cells upright"' if longest >= UPRIGHT else ' class="cells"'
    detail = '<p class="detail" aria-live="polite"></p>' if sheet.hovers is not None else ""
    notes = "".join(f'<p class="faint">{escape(note)}</p>' for note in sheet.notes)
    return (
        '<div class="block"><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{escape(sheet.heading)}"><table{kind}>\n'
        f"<thead>{_groups(sheet)}{_header(sheet)}</thead>\n<tbody>\n"
        f"{''.join(_rows(sheet))}</tbody></table></div>{detail}{notes}</div>\n"
    )


def figure(svg: str, name: str, text: str) -> str:
    """A drawing as part of the page; `name` keeps its ids apart, `text` says what it shows."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{escape(text)}"', 1)
    return (
        f'<figure><div class="scroll" tabindex="0" role="region" aria-label="{escape(text)}">'
        f"{svg}</div><figcaption>{escape(text)}</figcaption></figure>\n"
    )


def details(summary: str, content: str) -> str:
    """HTML that is folded away below a line of text."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>\n"


def items(texts: Iterable[str]) -> str:
    """A list of paragraphs that are HTML already."""
    return "<ul>" + "".join(f"<li>{text}</li>" for text in texts) + "</ul>\n"


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text()


def _groups(sheet: Sheet) -> str:
    if not any(sheet.groups):
        return ""
    cells = []
    for i, group in enumerate(sheet.groups):
        if i and group == sheet.groups[i - 1]:
            cells[-1][1] += 1
        else:
            cells.append([group, 1])
    line = "".join(f'<th colspan="{span}">{escape(group)}</th>' for group, span in cells)
    return f'<tr class="groups">{line}</tr>'


def _header(sheet: Sheet) -> str:
    cells = []
    for i, name in enumerate(_names(sheet)):
        kind = ' class="n"' if i >= sheet.words else ""
        button = f'<button type="button">{escape(name)}</button>'
        cells.append(f'<th scope="col"{kind}>{button}</th>')
    return f"<tr>{''.join(cells)}</tr>"


def _names(sheet: Sheet) -> list[str]:
    """Of the columns, without what their groups say above them."""
    groups = sheet.groups or [""] * len(sheet.texts.columns)
    return [
        re.sub(r" \(.*\)$", "", str(name)) if group else str(name)
        for name, group in zip(sheet.texts, groups, strict=True)
    ]


def _rows(sheet: Sheet) -> Iterable[str]:
    shades = sheet.shades.to_numpy() if sheet.shades is not None else None
    hovers = sheet.hovers.to_numpy() if sheet.hovers is not None else None
    label = sheet.words - 1 if sheet.label is None else sheet.label
    for i, line in enumerate(sheet.texts.to_numpy()):
        cells = []
        for j, text in enumerate(line):
            if j == label:
                cells.append(f'<th scope="row">{escape(text)}</th>')
                continue
            title = (
                f' title="{escape(hovers[i, j])}"' if hovers is not None and hovers[i, j] else ""
            )
            color = ""
            kinds = ["first"] if _starts_group(sheet, j) else []
            if shades is not None and j >= sheet.words:
                if shade := shades[i, j]:
                    color = f' style="background:{shade};color:{cell_colors.ink(shade)}"'
                else:
                    kinds.append("self")
            if j >= sheet.words:
                kinds.append("n")
            elif len(text) > LONG:
                kinds.append("wide")
            kind = f' class="{" ".join(kinds)}"' if kinds else ""
            cells.append(f"<td{kind}{color}{title}>{escape(text)}</td>")
        yield f"<tr>{''.join(cells)}</tr>\n"


def _starts_group(sheet: Sheet, column: int) -> bool:
    groups = sheet.groups
    return column > sheet.words and any(groups) and groups[column] != groups[column - 1]
