"""Renders a self-contained HTML page: it loads no font, script or image from elsewhere."""

import re
from collections.abc import Collection, Iterable, Mapping
from html import escape
from importlib import resources

from foi_tf.analysis.report import cell_colors
from foi_tf.analysis.report.tables import Table

LONG = 40  # Cells with more letters may break into lines; ours.
# From this number of letters on, the column names of a colored table are written upright; ours.
UPRIGHT = 11
WHITE = "#ffffff"
# With this policy, the browser refuses content from elsewhere.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def render_page(
    title: str,
    introduction: str,
    sections: Mapping[str, str],
    *,
    heading: str = "",
    folded: Collection[str] = (),
) -> str:
    """Renders a document.

    Args:
      title: name of the document.
      introduction: HTML below the heading.
      sections: HTML by heading; the table of contents lists them.
      heading: HTML of the first heading; by default the title.
      folded: headings of the sections that are folded away at first.
    """
    names = {x: section_id(x) for x in sections}
    links = "".join(f'<a href="#{names[x]}">{escape(x)}</a>' for x in sections)
    body = "".join(_render_section(names[x], x, sections[x], folded=x in folded) for x in sections)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(title)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_asset('page.css')}</style></head>\n<body>\n"
        f'<header id="top"><h1>{heading or escape(title)}</h1>\n{introduction}</header>\n'
        f'<nav aria-label="Contents"><a href="#top">Top</a>{links}</nav>\n'
        f"<main>\n{body}</main>\n"
        f"<script>{_asset('page.js')}</script>\n</body></html>\n"
    )


def section_id(heading: str) -> str:
    """Returns the id of the section with a heading, which links name."""
    return re.sub(r"\W+", "-", heading.lower()).strip("-")


def _render_section(name: str, heading: str, content: str, *, folded: bool) -> str:
    """Renders a section that can be folded away."""
    state = "" if folded else " open"
    return (
        f'<section id="{name}"><details class="part"{state}><summary><h2>{escape(heading)}</h2>'
        f"</summary>\n{content}</details></section>\n"
    )


def render_table(table: Table) -> str:
    """Renders a table with sortable columns, which scrolls by itself on a narrow screen.

    A cell with a hover text also shows it below the table, for readers without a pointer.
    """
    kind = ""
    if table.shades is not None:
        longest = max(len(name) for name in _names(table)[table.words :])
        kind = ' class="cells upright"' if longest >= UPRIGHT else ' class="cells"'
    detail = '<p class="detail" aria-live="polite"></p>' if table.hovers is not None else ""
    notes = "".join(f'<p class="faint">{escape(note)}</p>' for note in table.notes)
    return (
        '<div class="block"><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{escape(table.heading)}"><table{kind}>\n'
        f"<thead>{_groups(table)}{_header(table)}</thead>\n<tbody>\n"
        f"{''.join(_rows(table))}</tbody></table></div>{detail}{notes}</div>\n"
    )


def render_figure(svg: str, name: str, text: str) -> str:
    """Renders a drawing as part of the page.

    Args:
      svg: the drawing.
      name: prefix of the ids in it, which keeps them apart from those of other drawings.
      text: caption, and description for screen readers.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{escape(text)}"', 1)
    return (
        f'<figure><div class="scroll" tabindex="0" role="region" aria-label="{escape(text)}">'
        f"{svg}</div><figcaption>{escape(text)}</figcaption></figure>\n"
    )


def render_details(summary: str, content: str) -> str:
    """Renders HTML that is folded away below a line of text."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>\n"


def render_list(texts: Iterable[str]) -> str:
    """Renders a list of texts that are HTML already."""
    return "<ul>" + "".join(f"<li>{text}</li>" for text in texts) + "</ul>\n"


def _asset(name: str) -> str:
    """Reads a file of this package."""
    return resources.files(__package__).joinpath(name).read_text()


def _groups(table: Table) -> str:
    """Renders the header line of column groups; "" without groups."""
    if not any(table.groups):
        return ""
    cells = []
    for i, group in enumerate(table.groups):
        if i and group == table.groups[i - 1]:
            cells[-1][1] += 1
        else:
            cells.append([group, 1])
    line = "".join(f'<th colspan="{span}">{escape(group)}</th>' for group, span in cells)
    return f'<tr class="groups">{line}</tr>'


def _header(table: Table) -> str:
    """Renders the header line of column names."""
    cells = []
    for i, name in enumerate(_names(table)):
        kind = ' class="n"' if i >= table.words else ""
        button = f'<button type="button">{escape(name)}</button>'
        cells.append(f'<th scope="col"{kind}>{button}</th>')
    return f"<tr>{''.join(cells)}</tr>"


def _names(table: Table) -> list[str]:
    """Returns the column names without the groups in parentheses, which are shown above them."""
    groups = table.groups or [""] * len(table.texts.columns)
    return [
        re.sub(r" \(.*\)$", "", str(name)) if group else str(name)
        for name, group in zip(table.texts, groups, strict=True)
    ]


def _rows(table: Table) -> Iterable[str]:
    """Renders each row of the body."""
    shades = table.shades.to_numpy() if table.shades is not None else None
    hovers = table.hovers.to_numpy() if table.hovers is not None else None
    label = table.words - 1 if table.label is None else table.label
    for i, line in enumerate(table.texts.to_numpy()):
        cells = []
        for j, text in enumerate(line):
            if j == label:
                cells.append(f'<th scope="row">{escape(text)}</th>')
                continue
            title = (
                f' title="{escape(hovers[i, j])}"' if hovers is not None and hovers[i, j] else ""
            )
            color = ""
            kinds = ["first"] if _starts_group(table, j) else []
            if shades is not None and j >= table.words:
                if (shade := shades[i, j]) == WHITE:
                    pass  # As the page is.
                elif shade:
                    color = f' style="background:{shade};color:{cell_colors.text_color(shade)}"'
                else:
                    kinds.append("self")
            if j >= table.words:
                kinds.append("n")
            elif len(text) > LONG:
                kinds.append("wide")
            kind = f' class="{" ".join(kinds)}"' if kinds else ""
            cells.append(f"<td{kind}{color}{title}>{escape(text)}</td>")
        yield f"<tr>{''.join(cells)}</tr>\n"


def _starts_group(table: Table, column: int) -> bool:
    """Tells whether a column is the first one of its group."""
    groups = table.groups
    return column > table.words and any(groups) and groups[column] != groups[column - 1]
