"""Builds the tables of distances between datasets and of their agreement with gains."""

import pandas as pd

from foi_tf.analysis.measures import correlation, distance
from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.measures.summary import STUDY
from foi_tf.analysis.report import cell_colors, tables
from foi_tf.analysis.report.tables import Table, format_cells
from foi_tf.errors import FoiError
from foi_tf.study.dataset import SEGMENTATION, domain_order
from foi_tf.study.table_texts import setting_text

FACTOR_TEXTS = {
    distance.ONE_TO_ONE: "(1) Earth Mover's Distance",
    distance.TARGET_TO_SOURCE: "(2) Target image → closest source image",
    distance.SOURCE_TO_TARGET: "(3) Source image → closest target image",
    distance.MEAN: "(4) Source → Target & Target → Source",
    correlation.SIZE: "Training images of the source",
    correlation.SAME_DOMAIN: "Same image domain",
}
_COLUMNS = {
    "tau": "τ", "low": "from", "high": "to", "adjusted_tau": "adjusted τ", "p_value": "p",
    "pairs": "pairs", "targets": "targets", "sources": "sources",
}  # fmt: skip
_NOTES = (
    "The paper's table is of few source and few target images, and has no intervals.",
    "From and to: 95 % interval of τ, over targets and over sources.",
    "Adjusted: of what the effects of targets and of sources leave, other than of those that a "
    "factor describes; p is its p-value, by permuting sources, targets or both.",
)


def build_distance_tables(chains: pd.DataFrame, distances: pd.DataFrame) -> list[Table]:
    """Builds Table 9, and Table 10 for each backbone, family and setting of segmentation chains.

    There is no Table 9 without the distance that measures inclusion.

    Args:
      chains: as `foi_tf.analysis.measures.gains.with_gains` returns them.
      distances: as `foi_tf.analysis.measures.distance.distances` returns them.
    """
    included = distances[distances.distance == distance.INCLUSION]
    found = [_inclusion_table(chains, included)] if len(included) else []
    names = sorted(distances.distance.unique(), key=_factor_order)
    names += [correlation.SIZE, correlation.SAME_DOMAIN]
    own = transfers(chains)
    own = own[(own.target_type == SEGMENTATION) & (own.source_type == SEGMENTATION)]
    for key, part in own.groupby(STUDY):
        try:
            pairs = correlation.join_factors(part, distances)
        except FoiError:  # None of its pairs has a distance.
            continue
        found.append(_agreement_table(correlation.tau_over_all(pairs, names), key))
    return found


def _agreement_table(agreement: pd.DataFrame, study: tuple[str, ...]) -> Table:
    """Builds Table 10 of one setting, backbone and family from `correlation.tau_over_all`."""
    setting, *network = study
    names = agreement.factor.map(lambda name: FACTOR_TEXTS.get(name, name))
    data = agreement.assign(factor=names)[["factor", *_COLUMNS]].rename(columns=_COLUMNS)
    digits = dict.fromkeys(("τ", "from", "to", "adjusted τ"), ".2f")
    counts = dict.fromkeys(("pairs", "targets", "sources"), "d")
    text = f"{setting_text(setting)} ({tables.network_name(*network)})"
    return Table(
        id="10",
        title=f"Gain and what is known before, Kendall's τ, {text}",
        scope=study,
        data=data,
        texts=format_cells(data, **digits, p=".3f", **counts),
        notes=_NOTES,
    )


def _inclusion_table(chains: pd.DataFrame, inclusion: pd.DataFrame) -> Table:
    """Builds Table 9: the distance of each target (row) to each source (column), by domain."""
    domain = dict(zip(chains.source, chains.source_domain, strict=True))
    domain |= dict(zip(chains.target, chains.target_domain, strict=True))

    def order(name: str) -> tuple[int, str, str]:
        return domain_order(domain.get(name, "")), domain.get(name, ""), name

    wide = inclusion.pivot(index="target", columns="source", values="value")
    wide = wide.reindex(
        index=sorted(wide.index, key=order), columns=sorted(wide.columns, key=order)
    )
    apart = inclusion.value[inclusion.target != inclusion.source]
    shades = wide.map(
        lambda x: cell_colors.amount_color(x, apart.min(), apart.max(), cell_colors.DISTANCES)
    )
    words = pd.DataFrame({"domain": [domain.get(x, "") for x in wide.index], "target": wide.index})
    data, texts, shades = (
        pd.concat([first, frame.reset_index(drop=True)], axis=1)
        for first, frame in (
            (words, wide),
            (words, format_cells(wide, words=0, **dict.fromkeys(wide, ".2f"))),
            (words.map(lambda _: ""), shades),
        )
    )
    return Table(
        id="9",
        title="Distance of the average target image to its closest source image",
        data=data,
        texts=texts,
        shades=shades,
        words=2,
        groups=["", "", *(domain.get(x, "") for x in wide.columns)],
        notes=["Rows are targets, columns sources; lighter is nearer."],
        matrix=True,
    )


def _factor_order(name: str) -> tuple[int, str]:
    """Returns the place of a factor in Table 10; others come last, by name."""
    names = list(FACTOR_TEXTS)
    return names.index(name) if name in names else len(names), name
