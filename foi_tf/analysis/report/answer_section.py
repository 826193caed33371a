"""Renders what targets should start from, as parts of a page."""

import collections
import re
from collections.abc import Sequence
from html import escape

from foi_tf.analysis.measures.answer import (
    ALIKE,
    BEST,
    NONE_HELPS,
    NOTHING,
    ONLY_ONE,
    TOO_LITTLE,
    Answer,
)
from foi_tf.analysis.measures.starts import SOURCE
from foi_tf.analysis.report import html_page, start_figure, start_tables
from foi_tf.analysis.report.answer_text import AnswerText, describe_answer
from foi_tf.analysis.report.tables import Table
from foi_tf.study.table_texts import setting_text
from foi_tf.wording import count_noun

TITLE, HEADING = "What to start from", "All starts"
_SINGLE = "a best start without a source"


def render_head(answers: Sequence[Answer]) -> tuple[str, str]:
    """Renders the first heading of a page and the text below it.

    It is the answer itself where there is one, and the number of answers of each kind elsewhere.
    """
    several = [answer for answer in answers if len(answer.starts) > 1] or list(answers[:1])
    if not several:
        return TITLE, "<p>No target has been trained yet.</p>"
    if len(several) == 1:
        text = describe_answer(several[0])
        return to_html(text.headline), render_sentences(text)
    return TITLE, f'<p class="lead">{escape(_count(several))}</p>'


def render_starts_of_all(answers: Sequence[Answer], tables: Sequence[Table] = ()) -> str:
    """Renders all starts: those of a single target, or a table of targets with folded details.

    Args:
      answers: for each target.
      tables: `start_tables.build_answer_table` of those with several starts, where it is at hand.
    """
    several = [answer for answer in answers if len(answer.starts) > 1]
    told = {(one.target, one.target_type) for one in several}
    others = {(one.target, one.target_type) for one in answers} - told
    alone = [":".join(names) for names in sorted(others)]
    left = f"<p>Only one start was run: {escape(', '.join(alone))}.</p>" if alone else ""
    if len(several) < 2:
        return "".join(render_starts(one) + render_classes(one) for one in several) + left
    table = tables[0] if tables else start_tables.build_answer_table(several)
    folded = "".join(
        html_page.render_details(_title(answer, several), render_answer(answer))
        for answer in several
    )
    return html_page.render_table(table) + left + folded


def render_answer(answer: Answer) -> str:
    """Renders all that is known of one answer."""
    text = describe_answer(answer)
    return (
        f'<p class="answer">{to_html(text.headline)}</p>{render_sentences(text)}'
        f"{render_starts(answer)}{render_classes(answer)}"
    )


def render_sentences(text: AnswerText) -> str:
    """Renders what an answer rests on; the first sentence has the numbers."""
    first, *rest = text.sentences
    return f'<p class="lead">{to_html(first)}</p><p>{to_html(" ".join(rest))}</p>'


def render_starts(answer: Answer) -> str:
    """Renders all starts as a figure and a table; few of them as a table alone."""
    table = html_page.render_table(start_tables.build_start_table(answer))
    if not start_figure.can_draw(answer):
        return table
    caption = escape(start_figure.describe_figure(answer))
    figure = (
        f'<figure class="starts" role="img" aria-label="{caption}">'
        f"{start_figure.draw_starts(answer)}<figcaption>{caption}</figcaption></figure>"
    )
    return figure + html_page.render_details("All numbers of these starts", table)


def render_classes(answer: Answer) -> str:
    """Renders the changes by class; "" where they are not known."""
    return html_page.render_table(start_tables.build_class_table(answer)) if answer.classes else ""


def to_html(text: str) -> str:
    """Renders a sentence; names in backticks become code, and numbers keep their unit."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text.replace(" %", "\xa0%")))


def _title(answer: Answer, answers: Sequence[Answer]) -> str:
    """Returns what tells an answer from the others of a study."""
    further = {"setting": setting_text(answer.setting)}
    further |= {"backbone": answer.backbone, "family": f"from {answer.family}"}
    differ = [
        text for name, text in further.items() if len({getattr(x, name) for x in answers}) > 1
    ]
    return ", ".join([f"{answer.target}:{answer.target_type}", *differ])


def _count(answers: Sequence[Answer]) -> str:
    """Says how many targets have each kind of answer."""
    kinds = collections.Counter(
        _SINGLE if x.kind == BEST and x.best and x.best.kind != SOURCE else x.kind for x in answers
    )
    words = {
        BEST: "a source is the best start",
        _SINGLE: "a start without a source is the best",
        NONE_HELPS: "no source that was tried helps by more than 2 %",
        ALIKE: "the chosen start is expected to be within 2 % of the best",
        ONLY_ONE: "one start alone can be ranked",
        TOO_LITTLE: "there is too little data to say",
        NOTHING: "no two starts can be compared",
    }
    said = [f"for {kinds[kind]} {text}" for kind, text in words.items() if kinds[kind]]
    total = count_noun(len(answers), "target") + " and settings" * _has_settings(answers)
    return f"Of {total}: {', '.join(said)}."


def _has_settings(answers: Sequence[Answer]) -> bool:
    """Tells whether a target has answers in several settings."""
    return len({answer.setting for answer in answers}) > 1
