"""Renders what the targets of a study should start from."""

import re
from collections.abc import Sequence
from html import escape

from foi_tf.analysis.measures.answer import Answer
from foi_tf.analysis.report import html_page
from foi_tf.analysis.report.answer_text import describe_answer
from foi_tf.study.table_texts import setting_text


def render_answers(answers: Sequence[Answer]) -> str:
    """Renders the answers of a study, those with several starts first."""
    open_answers = [answer for answer in answers if len(answer.starts) > 1]
    alone = [answer for answer in answers if len(answer.starts) == 1]
    items = []
    for answer in open_answers:
        text = describe_answer(answer, f"{answer.target}:{answer.target_type}")
        said = f"<b>{to_html(text.headline)}</b> {to_html(' '.join(text.sentences))}"
        items.append(f'{said} <span class="faint">({setting_text(answer.setting)})</span>')
    html = html_page.render_list(items) if items else ""
    if alone:
        names = ", ".join(sorted({f"{one.target}:{one.target_type}" for one in alone}))
        html += f"<p>Only one start was run: {escape(names)}.</p>"
    return html or "<p>No target has been trained yet.</p>"


def to_html(text: str) -> str:
    """Renders a sentence; names in backticks become code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))
