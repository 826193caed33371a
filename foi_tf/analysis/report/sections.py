"""Renders the sections of the report as HTML."""

import re
from collections.abc import Mapping, Sequence
from html import escape

import foi_tf
from foi_tf.analysis.findings import evidence
from foi_tf.analysis.findings.evidence import Finding
from foi_tf.analysis.measures import floors, gains, screening
from foi_tf.analysis.measures.answer import Answer
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report import answer_section, html_page, part_tables, warned_data
from foi_tf.analysis.report.finding_tables import build_finding_table
from foi_tf.analysis.report.tables import Table, network_name
from foi_tf.study.grid import target_setting
from foi_tf.study.results import NO_SOURCE, SCRATCH
from foi_tf.wording import count_noun

PAPER = (
    "Mensink et al., <i>Factors of Influence for Transfer Learning across Diverse Appearance "
    "Domains and Task Types</i>, TPAMI 2021"
)

HOW_TO_READ = """
<p><b>Gain</b> is how much better the target's result gets, in percent, if the network is first
trained on a source, compared with going to the target straight from the same pre-trained weights
(the baseline, column <code>ilsvrc</code>). A baseline of 0.50 and 0.55 with the source is a gain
of +10 %. For errors, such as depth in meters, the sign is turned: <b>positive is always
better</b>.</p>
<p>Gains above 10 % are called <i>very positive</i> (VP), above 2 % <i>positive</i> (P, which
counts VP too), below −2 % <i>negative</i> (N); what lies between is no clear effect (I). Measured
gains are noisy, so a level has the probability that the true gain is there. A gain is <i>clearly
positive</i> or <i>clearly negative</i> (a star) where at most 5 % of gains without an effect would
be called so, <i>probably</i> from a probability of 0.8, of <i>no practical effect</i> where it is
within 2 % with 0.95; else it <i>cannot be told</i>.
The column <code>scratch</code> starts from random weights.</p>
"""
FINDINGS = "The paper's findings"
# Sections that are read in full; the others are folded away at first.
OPEN = (answer_section.HEADING, warned_data.HEADING)
LEGEND = """
<p>Rows are targets, columns sources, by domain and then by training images. Green is better than
the baseline, purple worse, white equal. Gray with “–” was not run, “failed” ended without a value,
“no base” has no baseline, and “floor” has a gain that means nothing, as where the baseline is no
better than a constant prediction. Point at a cell, tap it, or walk with the arrow keys for all
that is known of it; a click on a column's name sorts by it.</p>
"""


def render_sections(
    analysis: StudyAnalysis,
    judged: Mapping[tuple[str, str], Sequence[Finding]],
    tables: Mapping[str, Sequence[Table]],
    answers: Sequence[Answer],
    figures: str,
    left_out: Sequence[str],
) -> dict[str, str]:
    """Renders all sections of the report, by heading.

    Args:
      analysis: of the study.
      judged: the findings of each (backbone, family).
      tables: by the part of the report that shows them, see `report.build_tables`; and, where
        there are runs of Table 3, that table as "validation".
      answers: for each target.
      figures: the overview figures as HTML.
      left_out: sentences on results that do not count.
    """
    content = {
        answer_section.HEADING: answer_section.render_starts_of_all(answers, tables["answers"]),
        warned_data.HEADING: warned_data.render_warnings(analysis.warnings),
        FINDINGS: render_findings(judged),
        "Summary": figures + render_tables(tables["summary"]),
        "Best sources": render_tables(tables["best"]),
        "How to read gains": HOW_TO_READ,
        "All transfers": render_tables(tables["transfers"], legend=LEGEND),
        "Task types alone": render_tables(tables.get("validation", ())),
        "Classes, sizes and images": render_parts(tables["parts"]),
        "Scenarios": render_tables(tables["scenarios"]),
        "Distances": render_tables(tables["distances"]),
        "Left out and missing": render_left_out(analysis, left_out),
        "Costs": render_tables(tables["costs"]),
        "Provenance": render_provenance() + render_tables([*tables["noise"], *tables["runs"]]),
    }
    shown = {
        warned_data.HEADING: bool(analysis.warnings),
        "Distances": analysis.distances is not None,
        "Task types alone": "validation" in tables,
        "Classes, sizes and images": bool(tables["parts"]),
        "Scenarios": bool(tables["scenarios"]),
    }
    content = {name: html for name, html in content.items() if html and shown.get(name, True)}
    names = [network_name(*network) for network in analysis.networks]
    if len(names) == 1:  # Headings need not repeat it.
        content = {name: _drop_network(html, names[0]) for name, html in content.items()}
    return content


def render_findings(judged: Mapping[tuple[str, str], Sequence[Finding]]) -> str:
    """Renders the findings of each (backbone, family) with verdicts and numbers.

    Those that a study is too small for are named in one line; "" if that is all of them.
    """
    html = []
    for network, found in judged.items():
        told = [one for one in found if one.verdict != evidence.NOT_ENOUGH]
        if not told:
            continue
        html.append(f"<h3>{escape(network_name(*network))}</h3>")
        for one in told:
            kind = one.verdict.replace(" ", "-")
            html.append(
                f"<p><b>{one.id}</b> {escape(one.claim)} "
                f'<span class="verdict {kind}">{escape(one.judgment)}</span></p>'
            )
            numbers = html_page.render_table(build_finding_table([one]))
            html.append(html_page.render_details(f"Numbers of {one.id}", numbers))
        if len(told) < len(found):
            rest = ", ".join(one.id for one in found if one.verdict == evidence.NOT_ENOUGH)
            html.append(f"<p>Not enough data for {rest}.</p>")
    note = (
        f"<p>The claims of Section 6 of {PAPER}, asked of these runs. The paper gives no "
        "thresholds: those here are ours, and so are the verdicts. p is the probability that the "
        "thresholds are met, over draws of targets, sources and runs. A claim holds from "
        f"{evidence.CERTAIN} on, probably from {evidence.PROBABLE} on, and likewise does not; what "
        "lies between cannot be told.</p>"
    )
    return note + "".join(html) if html else ""


def _drop_network(html: str, name: str) -> str:
    """Removes the name of the only network from headings and folded lines."""
    name = re.escape(escape(name))
    return re.sub(rf"(<(h3|summary)>[^<]*?)(?: \({name}\)|, {name})(</\2>)", r"\1\3", html).replace(
        f"<h3>{escape(name)}</h3>", ""
    )


def render_tables(tables: Sequence[Table], *, legend: str = "") -> str:
    """Renders tables under headings.

    Those with absolute values, which repeat the gains of others, are folded away.
    """
    html = []
    for table in tables:
        rendered = html_page.render_table(table)
        if table.id.startswith("A."):
            heading = f"{table.heading}, absolute and relative"
            html.append(html_page.render_details(heading, rendered))
        else:
            html.append(f"<h3>{escape(table.heading)}</h3>{rendered}")
    return legend + "".join(html) if html else _nothing()


def render_parts(tables: Sequence[Table]) -> str:
    """Renders the tables of classes, sizes and images; those with a line a chain are folded."""
    html = []
    for table in tables:
        rendered = html_page.render_table(table)
        by_target = table.scope[0] == part_tables.BY_TARGET
        html.append(
            f"<h3>{escape(table.heading)}</h3>{rendered}"
            if by_target
            else html_page.render_details(table.heading, rendered)
        )
    return "".join(html)


def render_left_out(analysis: StudyAnalysis, left_out: Sequence[str]) -> str:
    """Renders what was left out or is not ranked, what limits gains, and which baselines lack."""
    html = [f"Left out: {escape(text)}." for text in left_out]
    html += map(escape, screening.describe_limits(analysis.rows, analysis.chains))
    html += [f"Not ranked: {escape(text)}." for text in floors.list_floors(analysis.chains)]
    missing = gains.without_gain(analysis.chains)
    missing = missing[missing.floor == ""]
    for key, own in missing.groupby(gains.BASELINE):
        target, target_type, setting, backbone, family, _ = map(escape, key)
        sources = escape(", ".join(own.source.unique()))
        which = f"{target}:{target_type} ({setting}, {backbone}) from {sources}"
        if family == SCRATCH:
            html.append(f"No gain for {which}: Eq. 2 has no baseline for sources from scratch.")
            continue
        if own.baseline.notna().all():
            html.append(f"No gain for {which}: the baseline is 0.")
            continue
        html.append(
            f"No gain for {which}: the baseline is missing. Run <code>foi-target "
            f"--source={NO_SOURCE} --target={target}:{target_type} "
            f"--setting={target_setting(setting)} --backbone={backbone}</code> "
            f"from the weights {family}."
        )
    html += describe_learning_rates(analysis)
    return html_page.render_list(html)


def describe_learning_rates(analysis: StudyAnalysis) -> list[str]:
    """Says how the learning rates of the runs that count came about, in a sentence for each way."""
    runs = analysis.best_runs
    several = runs.learning_rates > 1
    held = several & (runs.selection == "holdout")
    ways = (
        (several & ~held, "the learning rate was chosen by the metric that is reported, as in the "
                          "paper"),
        (held, "the learning rate was chosen on training images that were held out"),
        (~several, "a single learning rate was run"),
    )  # fmt: skip
    return [
        f"In {int(chosen.sum()):,} of {count_noun(len(runs), 'run')}, {text}."
        for chosen, text in ways
        if chosen.any()
    ]


def render_provenance() -> str:
    """Renders the version of the package and how gains and intervals are computed."""
    return (
        f"<p>Report by foi_tf {escape(foi_tf.__version__)}. Gain: Eq. 2 of {PAPER}, of the means "
        "over all seeds. Intervals: 95 %, of the gain of a chain by itself, from the noise of runs "
        "that chains of the same task type and setting share, and from the finite evaluation "
        "images where their statistics are stored. Probabilities also borrow from other targets "
        "and sources. docs/statistics.md says what they rest on.</p>"
    )


def _nothing() -> str:
    """Renders the text of a section without content."""
    return "<p>No chain with a source has been run with its baseline yet.</p>"
