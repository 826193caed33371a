"""Builds Tables 7, 8 and 11: how often transfers help and harm."""

from collections.abc import Callable

import pandas as pd

from foi_tf.analysis.measures import summary
from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.report.tables import Table, format_cells, network_name
from foi_tf.study.table_texts import setting_text

SHARES = {"P": "P: r > 2 %", "VP": "VP: r > 10 %", "N": "N: r < −2 %", "count": "#"}


def build_summary_tables(chains: pd.DataFrame) -> list[Table]:
    """Builds Tables 7, 8 and 11 for each backbone and family.

    Args:
      chains: as `foi_tf.analysis.measures.gains.with_gains` returns them.
    """
    found = []
    for network, own in transfers(chains).groupby(summary.NETWORK):
        name = network_name(*network)
        for number, title, measure in (
            ("7", "Transfers by their effect", summary.effect_shares),
            ("8", "Targets by the effect of their best source", summary.best_effect_shares),
        ):
            found.append(
                _share_table(own, measure, id=number, title=f"{title} ({name})", scope=network)
            )
        for setting, part in summary.group_by_setting(own):
            if len(data := summary.cross_type_shares(part)):
                text = f"{setting_text(setting)} ({name})"
                found.append(_cross_type_table(data, text, (setting, *network)))
    return found


def _share_table(
    chains: pd.DataFrame, measure: Callable[[pd.DataFrame], pd.DataFrame], **about
) -> Table:
    """Builds one of Tables 7 and 8, with the settings beside each other.

    Args:
      measure: computes the shares of one setting's chains.
      **about: `id`, `title` and `scope` of the table.
    """
    pieces, groups = [], ["", ""]
    for setting, own in summary.group_by_setting(chains):
        data = measure(own)
        if not pieces:
            pieces.append(data[["domain", "type"]].set_axis(["image domain", "task type"], axis=1))
        pieces.append(data[list(SHARES)].rename(columns=lambda x, s=setting: f"{SHARES[x]} ({s})"))
        groups += [setting_text(setting)] * len(SHARES)
    data = pd.concat(pieces, axis=1)
    formats = {name: "d" if name.startswith("#") else ".0f" for name in data}
    return Table(
        data=data,
        texts=format_cells(data, words=2, **formats),
        words=2,
        groups=groups,
        notes=[
            "P counts VP too. A chain of several seeds counts by the share of them. Multi-source "
            "models count as within the domain."
        ],
        **about,
    )


def _cross_type_table(data: pd.DataFrame, text: str, scope: tuple[str, ...]) -> Table:
    """Builds Table 11 from `summary.cross_type_shares`."""
    names = {"source_type": "source", "target_type": "target"}
    for name, place in (("same", "same dataset"), ("other", "same domain")):
        names |= {f"{name}_{key}": f"{label} ({place})" for key, label in
                  (("P", "P, %"), ("N", "N, %"), ("count", "#"))}  # fmt: skip
    data = data.rename(columns=names)
    formats = {name: "d" if name.startswith("#") else ".0f" for name in data}
    return Table(
        id="11",
        title=f"Transfer across task types within the domain, {text}",
        scope=scope,
        data=data,
        texts=format_cells(data, words=2, **formats),
        words=2,
        groups=["", "", *["same dataset"] * 3, *["same domain, other dataset"] * 3],
        notes=["P: r > 2 %, N: r < −2 %. Multi-source models count as another dataset."],
    )
