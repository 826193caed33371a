"""Writes the page that answers what one or a few targets should start from."""

import base64
import dataclasses
import json
from collections.abc import Mapping, Sequence
from html import escape

from etils import epath

import foi_tf
from foi_tf import files
from foi_tf.analysis.findings import evidence
from foi_tf.analysis.findings.findings import judge_networks
from foi_tf.analysis.measures.answer import Answer
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report import answer_section, html_page, sections, warned_data
from foi_tf.errors import FoiError
from foi_tf.wording import count_noun

_KINDS = {b"\x89PNG": "png", b"\xff\xd8\xff\xe0": "jpeg", b"\xff\xd8\xff\xe1": "jpeg"}


@dataclasses.dataclass(frozen=True)
class Strip:
    """Holds a picture of predictions.

    Attributes:
      caption: what it shows, such as "val/0001: image, truth, random weights, best start".
      image: the bytes of a PNG or JPEG file.

    Raises:
      FoiError: the bytes are neither.
    """

    caption: str
    image: bytes

    def __post_init__(self):
        if self.image[:4] not in _KINDS:
            raise FoiError(f"picture of {self.caption}: neither PNG nor JPEG")

    @classmethod
    def from_file(cls, caption: str, path: epath.PathLike) -> "Strip":
        """Reads a picture."""
        return cls(caption, epath.Path(path).read_bytes())

    def to_html(self) -> str:
        """Renders the picture as a part of the page."""
        data = base64.b64encode(self.image).decode()
        kind, text = _KINDS[self.image[:4]], escape(self.caption)
        return (
            f'<figure class="strip"><div class="scroll" tabindex="0" role="region" '
            f'aria-label="{text}"><img alt="{text}" src="data:image/{kind};base64,{data}"></div>'
            f"<figcaption>{text}</figcaption></figure>\n"
        )


@dataclasses.dataclass(frozen=True)
class Command:
    """Holds a command of the shell with what it does."""

    purpose: str
    line: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class PageParts:
    """Holds what the page shows beside the numbers of rows; an empty part is left out.

    Attributes:
      strips: pictures of predictions.
      warnings: on the data, by dataset; those of the analysis where it is None.
      spent: sentences on what was run and what that took.
      commands: how to go on.
      decision: sentences on how it was decided.
      images: HTML on the metric by number of target images.
    """

    strips: Sequence[Strip] = ()
    warnings: Mapping[str, Sequence[str]] | None = None
    spent: Sequence[str] = ()
    commands: Sequence[Command] = ()
    decision: Sequence[str] = ()
    images: str = ""


def write_answer_page(
    directory: epath.PathLike,
    analysis: StudyAnalysis,
    answers: Sequence[Answer],
    parts: PageParts | None = None,
) -> epath.Path:
    """Writes `report.html`, which needs no other file, and `answer.json`.

    Args:
      directory: the directory to write to; other files in it stay.
      analysis: of the rows that the answers are from.
      answers: at least one.
      parts: what the page shows beside them.

    Returns:
      The path of the page.

    Raises:
      FoiError: the directory cannot be written.
    """
    directory, parts = epath.Path(directory), parts or PageParts()
    plain = [answer.to_json() for answer in answers]
    files.write_text(directory / "answer.json", json.dumps(plain, indent=1) + "\n")
    path = directory / "report.html"
    files.write_text(path, render_answer_page(analysis, answers, parts))
    return path


def render_answer_page(analysis: StudyAnalysis, answers: Sequence[Answer], parts: PageParts) -> str:
    """Renders the page; see `write_answer_page`."""
    targets = list(dict.fromkeys(answer.target for answer in answers))
    title = f"What to start {', '.join(targets)} from"
    heading, introduction = answer_section.render_head(answers)
    content = {answer_section.HEADING: answer_section.render_starts_of_all(answers)}
    warnings = analysis.warnings if parts.warnings is None else parts.warnings
    introduction += _point_to_warnings(warnings)
    content |= {
        "Number of images": parts.images,
        "Predictions": "".join(strip.to_html() for strip in parts.strips),
        warned_data.HEADING: warned_data.render_warnings(warnings, marked=False)
        if warnings
        else "",
        "What was spent": _render_sentences(parts.spent),
        "How to go on": "".join(map(_render_command, parts.commands)),
        "How it was decided": _render_sentences([*parts.decision, *_describe_basis(answers)]),
        sections.FINDINGS: _render_findings(analysis),
    }
    content = {name: html for name, html in content.items() if html}
    folded = ("How it was decided", sections.FINDINGS)
    return html_page.render_page(title, introduction, content, heading=heading, folded=folded)


def _point_to_warnings(warnings: Mapping[str, Sequence[str]]) -> str:
    """Says beside the answer that there are warnings on its data; "" for none."""
    count = sum(map(len, warnings.values()))
    if not count:
        return ""
    what, where = count_noun(count, "warning"), html_page.section_id(warned_data.HEADING)
    return f'<p><a href="#{where}">{what} on the data of {escape(", ".join(warnings))}</a></p>'


def _describe_basis(answers: Sequence[Answer]) -> list[str]:
    """Says what gains are, and where the noise of runs is known from."""
    known = list(dict.fromkeys(answer.noise for answer in answers if answer.noise))
    basis = [f"Page by foi_tf {foi_tf.__version__}. Gains are relative to the reference (Eq. 2)."]
    if known:
        basis.append(f"How noisy runs are is known from {'; '.join(known)}.")
    return basis


def _render_sentences(sentences: Sequence[str]) -> str:
    """Renders sentences as a list; "" for none."""
    return html_page.render_list(map(answer_section.to_html, sentences)) if sentences else ""


def _render_command(command: Command) -> str:
    """Renders a command with what it does."""
    return f"<p>{escape(command.purpose)}:</p><pre><code>{escape(command.line)}</code></pre>"


def _render_findings(analysis: StudyAnalysis) -> str:
    """Renders the paper's findings that the study is large enough for; "" for none."""
    if len(analysis.mean_gains) < evidence.MIN_PAIRS:
        return ""
    return sections.render_findings(judge_networks(analysis))
