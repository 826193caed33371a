"""The sections of the report, each from frames to HTML."""

from collections.abc import Iterable, Sequence
from html import escape

import pandas as pd

import foi_tf
from foi_tf.analysis.findings.evidence import Evidence
from foi_tf.analysis.findings.findings import Finding
from foi_tf.analysis.measures import gains, screening, summary
from foi_tf.analysis.report import cell_colors, html_page, paper_tables, transfer_matrix
from foi_tf.analysis.report.tables import Table, format_cells
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES
from foi_tf.study.metrics import get_metric
from foi_tf.study.results import NO_SOURCE, SCRATCH

LEVELS = {"VP": "very positive", "P": "positive", "I": "no clear effect", "N": "negative"}
PAPER = (
    "Mensink et al., <i>Factors of Influence for Transfer Learning across Diverse Appearance "
    "Domains and Task Types</i>, TPAMI 2021"
)

INTRODUCTION = """
<p class="lead">Which source should a network be trained on before it is trained on the target,
and what does that gain?</p>
<p><b>Gain</b> is how much better the target's result gets, in percent, if the network is first
trained on a source, compared with going to the target straight from the same pre-trained weights
(the baseline, column <code>ilsvrc</code>). A baseline of 0.50 and 0.55 with the source is a gain
of +10 %. For errors, such as depth in meters, the sign is turned: <b>positive is always
better</b>.</p>
<p>Gains above 10 % are called <i>very positive</i> (VP), above 2 % <i>positive</i> (P, which
counts VP too), below −2 % <i>negative</i> (N); what lies between is no clear effect (I).
The column <code>scratch</code> starts from random weights.</p>
"""
LEGEND = """
<p>Rows are targets, columns sources, by domain and then by training images. Green is better than
the baseline, purple worse, white equal. Gray with “–” was not run, “failed” ended without a value,
and “no base” has no baseline. Point at a cell, tap it, or walk with the arrow keys for all that is
known of it; a click on a column's name sorts by it.</p>
"""


def findings(judged: Iterable[tuple[str, Sequence[Finding]]]) -> str:
    """The findings of each network (its name first) with verdicts and numbers."""
    html = []
    for network, found in judged:
        html.append(f"<h3>{escape(network)}</h3>")
        for one in found:
            kind = one.verdict.replace(" ", "-")
            html.append(
                f"<p><b>{one.id}</b> {escape(one.claim)} "
                f'<span class="verdict {kind}">{one.verdict}</span>{one.narrowly}</p>'
            )
            html.append(
                html_page.render_details(
                    f"Numbers of {one.id}", html_page.render_table(evidence_sheet([one]))
                )
            )
    note = (
        f"<p>The claims of Section 6 of {PAPER}, asked of these runs. The paper gives no "
        "thresholds: those here are ours, and so are the verdicts. One is narrow if it turns where "
        "a single target or seed is left out.</p>"
    )
    return note + "".join(html) if html else _nothing()


def evidence_sheet(found: Sequence[Finding], network: str = "", scope: tuple = ()) -> Table:
    """The numbers of findings as a table."""
    lines = [
        {
            "finding": one.id, "verdict": one.verdict + one.narrowly, "number": piece.what,
            "found": piece.found, "paper": piece.paper,
            "asked": piece.threshold or "only shown", "holds": _holds(piece),
            "count": piece.count,
        }
        for one in found
        for piece in one.evidence
    ]  # fmt: skip
    data = pd.DataFrame(lines)
    title = f"Findings ({network})" if network else f"Numbers of {found[0].id}"
    notes = [
        f"{one.id}: the verdict turns where one of these is left out: {', '.join(one.hangs_on)}."
        for one in found
        if one.hangs_on
    ]
    return Table(id="", title=title, scope=("findings", *scope), data=data,
                 texts=format_cells(data, words=7), words=7, notes=notes)  # fmt: skip


def _holds(piece: Evidence) -> str:
    if piece.holds is None:
        return "too few" if piece.threshold else ""
    return "yes" if piece.holds else "no"


def best_sheets(chains: pd.DataFrame) -> list[Table]:
    """The best source of each target, with its gain, for each setting and network."""
    found = []
    for key, own in _studies(summary.best_sources(chains)):
        lines = [
            {
                "target": f"{row.target}:{row.target_type}",
                "best source": f"{row.source}:{row.source_type}",
                "effect": LEVELS[row.level],
                "gain, %": row.gain,
                "metric": get_metric(row.metric).label,
                "baseline": row.baseline,
                "with source": row.value,
                "sources tried": row.sources,
            }
            for row in own.itertuples()
        ]
        numbers = ["gain, %", "baseline", "with source", "sources tried"]
        data = pd.DataFrame(lines)[["target", "best source", "effect", "metric", *numbers]]
        texts = format_cells(data, words=4, **{"baseline": ".3f", "with source": ".3f"})
        texts["gain, %"] = [_gain(row) for row in own.itertuples()]
        shades = data.map(lambda _: "#ffffff")
        shades["gain, %"] = data["gain, %"].map(cell_colors.gain_color)
        found.append(
            Table(id="", title=f"Best source of each target, {_study(*key)}", scope=("best", *key),
                  data=data, texts=texts, shades=shades, words=4, label=0)
        )  # fmt: skip
    return found


def tables(sheets: Sequence[Table], *, legend: str = "") -> str:
    """Tables under headings; those with absolute values, which repeat others, folded away."""
    html = []
    for sheet in sheets:
        if sheet.id.startswith("A."):
            html.append(
                html_page.render_details(
                    f"{sheet.heading}, absolute and relative", html_page.render_table(sheet)
                )
            )
        else:
            html.append(f"<h3>{escape(sheet.heading)}</h3>{html_page.render_table(sheet)}")
    return legend + "".join(html) if html else _nothing()


def left_out(said: Sequence[str], results: pd.DataFrame, chains: pd.DataFrame) -> str:
    """What was left out, what limits the gains' meaning, and what is missing for more of them."""
    html = [f"Left out: {escape(text)}." for text in said]
    html += [escape(text) for text in screening.notes(results, chains)]
    missing = gains.without_gain(chains)
    for key, own in missing.groupby(gains.TARGET):
        target, target_type, setting, backbone, family, _ = map(escape, key)
        sources = escape(_list(own.source.unique()))
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
            f"--setting={gains.target_setting(setting)} --backbone={backbone}</code> "
            f"from the weights {family}."
        )
    html.append("Learning rates are chosen by the metric that is reported, as in the paper.")
    return html_page.render_list(html)


def run_sheets(results: pd.DataFrame, chains: pd.DataFrame) -> list[Table]:
    """What was run, the pre-training, and which code and configurations the numbers come from."""
    tried = gains.transfers(chains)
    settings = sorted(results.setting.unique(), key=paper_tables.setting_order)
    said = {
        "result rows": len(results),
        "chains with a source": f"{len(tried)} (+ {len(chains) - len(tried)} without)",
        "target tasks": len(chains.groupby(["target", "target_type"])),
        "source tasks": len(tried.groupby(["source", "source_type"])),
        "settings": _list(paper_tables.SETTING_TEXTS.get(x, x) for x in settings),
        "backbones": _list(results.backbone.unique()),
        "initial weights": _list(results.init.unique()),
        "seeds": _list(sorted(results.seed.unique())),
        "learning rates": _list(f"{x:g}" for x in sorted(results.learning_rate.unique())),
        "devices": _list((results.devices.astype(str) + " × " + results.device).unique()),
        "versions of foi_tf": _list(results.version.unique()),
    }
    facts = pd.DataFrame({"what": list(said), "these": [str(x) for x in said.values()]})
    found = [Table(id="", title="What was run", scope=("runs",), data=facts, texts=facts, words=2)]
    pretraining = results[~results.target_type.isin(STRUCTURED_TASK_TYPES)]
    if len(pretraining):
        names = ["target", "target_type", "backbone", "metric", "value", "steps", "chip_hours"]
        data = pretraining[names].reset_index(drop=True)
        texts = format_cells(data, words=4, value=".3f", chip_hours=".1f")
        found.append(Table(id="", title="Pre-training", scope=("pretraining",), data=data,
                           texts=texts, words=4))  # fmt: skip
    counted = results.groupby(["version", "target", "target_type", "setting"])
    data = counted.agg(
        runs=("value", "size"), digests=("config_digest", lambda x: _list(sorted(set(x))))
    ).reset_index()
    data = data[["version", "setting", "digests", "target_type", "target", "runs"]]
    title = "Versions and configuration digests"
    return [*found, Table(id="", title=title, scope=("provenance",), data=data,
                          texts=format_cells(data, words=5), words=5)]  # fmt: skip


def provenance() -> str:
    """Who made the report, and after what."""
    return (
        f"<p>Report by foi_tf {escape(foi_tf.__version__)}. Gain: Eq. 2 of {PAPER}. Intervals: "
        "95 %, by bootstrap over seeds, and over evaluation images where their statistics are "
        "stored; a star means that the interval excludes 0, over at least five seeds or over "
        "images.</p>"
    )


def network(backbone: str, family: str) -> str:
    """The name of a network in headings."""
    return f"{backbone}, from {family}"


def _studies(chains: pd.DataFrame) -> list[tuple[tuple[str, str, str], pd.DataFrame]]:
    return sorted(
        chains.groupby(summary.STUDY), key=lambda x: (paper_tables.setting_order(x[0][0]), x[0])
    )


def _study(setting: str, backbone: str, family: str) -> str:
    return f"{paper_tables.SETTING_TEXTS.get(setting, setting)} ({network(backbone, family)})"


def _gain(row) -> str:
    star = "*" if row.significant else ""
    return transfer_matrix.with_deviation(
        transfer_matrix.gain_text(row.gain) + star, f"{row.gain_std:.1f}", row.seeds
    )


def _list(values: Iterable) -> str:
    return ", ".join(str(value) for value in values)


def _nothing() -> str:
    return "<p>No chain with a source has been run with its baseline yet.</p>"
