"""The sections of the report, each from frames to HTML."""

from collections.abc import Iterable
from html import escape

import pandas as pd

import foi_tf
from foi_tf.analysis import gains, page, plots, summary, tables
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES
from foi_tf.study.metrics import metric
from foi_tf.study.results import NO_SOURCE, SCRATCH

MIN_TRANSFERS = 10  # Ours: shares of fewer say more about the choice of chains than of transfer.
LEVELS = {"VP": "very positive", "P": "positive", "I": "no clear effect", "N": "negative"}

INTRODUCTION = """
<p class="lead">Which source should a network be trained on before it is trained on the target,
and what does that gain?</p>
<p><b>Gain</b> is how much better the target's result gets, in percent, if the network is first
trained on a source, compared with going to the target straight from the same pre-trained weights
(the baseline, column <code>ilsvrc</code>). A baseline of 0.50 and 0.55 with the source is a gain
of +10 %. For errors, such as depth in metres, the sign is turned: <b>positive is always
better</b>.</p>
<p>Gains above 10 % are called <i>very positive</i> (VP), above 2 % <i>positive</i> (P, which
counts VP too), below −2 % <i>negative</i> (N); what lies between is no clear effect (I).
The column <code>scratch</code> starts from random weights.</p>
"""


def runs(results: pd.DataFrame, chains: pd.DataFrame) -> str:
    """What was run: counts, networks, settings, seeds and time."""
    tried = gains.transfers(chains)
    settings = sorted(results.setting.unique(), key=tables.setting_order)
    facts = {
        "Runs": f"{len(results)}",
        "Chains with a source": f"{len(tried)} (+ {len(chains) - len(tried)} without)",
        "Target tasks": f"{len(chains.groupby(['target', 'target_type']))}",
        "Source tasks": f"{len(tried.groupby(['source', 'source_type']))}",
        "Settings": _list(tables.SETTING_TEXTS.get(x, x) for x in settings),
        "Backbones": _list(results.backbone.unique()),
        "Initial weights": _list(results.init.unique()),
        "Seeds": _list(sorted(results.seed.unique())),
        "Learning rates": _list(f"{x:g}" for x in sorted(results.learning_rate.unique())),
        "Devices": _list((results.devices.astype(str) + " × " + results.device).unique()),
        "Wall time, summed": f"{results.wall_seconds.sum() / 3600:.1f} hours",
        "Chip time": f"{results.chip_hours.sum():.1f} chip-hours",
    }
    html = page.table([], facts.items(), texts=2)
    return html + _pretraining(results[~results.target_type.isin(STRUCTURED_TASK_TYPES)])


def shares(chains: pd.DataFrame) -> str:
    """How often transfer helps and harms, within and across domains and task types."""
    html = []
    tried = gains.transfers(chains)
    for key, own in _studies(tried[tried.gain.notna()]):
        best = summary.best_sources(own)
        count = len(own)
        helped = sum(map(gains.is_positive, best.level))
        html.append(
            f"<h3>{escape(_study(*key))}</h3><p>Some source gains more than 2 % for "
            f"<b>{helped} of {len(best)}</b> target tasks; {count} transfers were measured.</p>"
        )
        if count < MIN_TRANSFERS:
            html.append(f'<p class="faint">Shares are shown from {MIN_TRANSFERS} on.</p>')
            continue
        lines = [
            [row.domain, row.type, *map(_percent, (row.P, row.VP, row.N)), str(row.number)]
            for row in summary.shares(own).rename(columns={"count": "number"}).itertuples()
        ]
        header = ["image domain", "task type", "P: r > 2 %", "VP: r > 10 %", "N: r < −2 %", "#"]
        html.append(page.table(header, lines, texts=2))
    note = '<p class="faint">Counted as in Table 7 of the paper; multi-source models count as '
    return "".join(html) + note + "within the domain.</p>" if html else _nothing()


def best(chains: pd.DataFrame) -> str:
    """The best source of each target, with its gain."""
    html = []
    for key, own in _studies(summary.best_sources(chains)):
        lines = [
            [
                f"{row.target} {row.target_type}",
                f"{row.source} {row.source_type}",
                LEVELS[row.level],
                page.Cell(_gain(row), plots.colour(row.gain)),
                metric(row.metric).label,
                f"{row.baseline:.3f}",
                f"{row.value:.3f}",
                str(row.sources),
            ]
            for row in own.itertuples()
        ]
        header = ["target", "best source", "effect", "gain, %", "metric", "baseline", "with source"]
        html.append(f"<h3>{escape(_study(*key))}</h3>")
        html.append(page.table([*header, "sources tried"], lines, texts=3))
    return "".join(html) or _nothing()


def transfers(parts: Iterable[tuple[tables.Table, bytes | None]]) -> str:
    """All tables, with their heat maps (PNG) where there are any."""
    html = []
    for table, png in parts:
        html.append(f"<h3>{escape(table.title)}</h3>")
        if png:
            html.append(page.image(png, f"Heat map of gains, {table.title}"))
        html.append(page.details("Gains, %, as a table", _wide(table, tables.gain_texts(table))))
        html.append(page.details("Values, as a table", _wide(table, tables.value_texts(table))))
    legend = (
        "<p>Rows are targets, columns sources, ordered by domain and then by training images. "
        "Green is better than the baseline, purple worse, white equal, grey not run. "
        "<code>+12.3 ± 1.1 (3)</code> is the mean over 3 seeds and their standard deviation.</p>"
    )
    return legend + "".join(html) if html else _nothing()


def notes(results: pd.DataFrame, chains: pd.DataFrame) -> str:
    """What limits the gains' meaning, and what is missing for more of them."""
    html = [escape(text) for text in summary.notes(results, chains)]
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
    return page.items(html)


def provenance(results: pd.DataFrame) -> str:
    """Which code and configurations the numbers come from."""
    counts = results.groupby(["version", "config_digest"]).size().reset_index(name="runs")
    lines = [[row.version, row.config_digest, str(row.runs)] for row in counts.itertuples()]
    return (
        f"<p>Report by foi_tf {escape(foi_tf.__version__)}. Gain: Eq. 2 of Mensink et al., "
        "<i>Factors of Influence for Transfer Learning across Diverse Appearance Domains and "
        "Task Types</i>, TPAMI 2021.</p>"
        + page.table(["foi_tf of the runs", "configuration digest", "runs"], lines, texts=2)
    )


def _pretraining(results: pd.DataFrame) -> str:
    if results.empty:
        return ""
    lines = [
        [row.target, row.target_type, row.backbone, metric(row.metric).label, f"{row.value:.3f}",
         f"{row.steps}", f"{row.chip_hours:.1f}"]
        for row in results.itertuples()
    ]  # fmt: skip
    header = ["data", "task type", "backbone", "metric", "value", "steps", "chip-hours"]
    return "<h3>Pre-training</h3>" + page.table(header, lines, texts=4)


def _wide(table: tables.Table, texts: pd.DataFrame) -> str:
    colours = table.cells["gain"].map(plots.colour)
    lines = [
        [tables.target_label(index), *map(page.Cell, texts.loc[index], colours.loc[index])]
        for index in texts.index
    ]
    return page.table(["target", *(source for _, source in texts.columns)], lines)


def _studies(chains: pd.DataFrame) -> list[tuple[tuple[str, str, str], pd.DataFrame]]:
    return sorted(
        chains.groupby(summary.STUDY), key=lambda x: (tables.setting_order(x[0][0]), x[0])
    )


def _study(setting: str, backbone: str, family: str) -> str:
    return f"{tables.SETTING_TEXTS.get(setting, setting).capitalize()} ({backbone}, from {family})"


def _gain(row) -> str:
    mean = tables.gain_text(row.gain)
    return tables.with_deviation(mean, f"{row.gain_std:.1f}", row.seeds)


def _percent(share: float) -> str:
    return "–" if pd.isna(share) else f"{share:.0f} %"


def _list(values: Iterable) -> str:
    return ", ".join(str(value) for value in values)


def _nothing() -> str:
    return "<p>No chain with a source has been run with its baseline yet.</p>"
