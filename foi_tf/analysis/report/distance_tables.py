"""Builds the tables of distances between datasets and of their agreement with gains."""

import pandas as pd

from foi_tf.analysis.measures import correlation, distance
from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.measures.summary import STUDY
from foi_tf.analysis.report import cell_colors, tables
from foi_tf.analysis.report.tables import Table, format_cells
from foi_tf.study.dataset import SEGMENTATION, domain_order
from foi_tf.study.table_texts import setting_text

ASSIGNMENT_TEXTS = {
    distance.ONE_TO_ONE: "(1) Earth Mover's Distance",
    distance.TARGET_TO_SOURCE: "(2) Target image → closest source image",
    distance.SOURCE_TO_TARGET: "(3) Source image → closest target image",
    distance.MEAN: "(4) Source → Target & Target → Source",
}


def build_distance_tables(chains: pd.DataFrame, distances: pd.DataFrame) -> list[Table]:
    """Builds Table 9, and Table 10 for each backbone, family and setting of segmentation chains.

    There is no Table 9 without the distance that measures inclusion.

    Args:
      chains: as `foi_tf.analysis.measures.gains.with_gains` returns them.
      distances: as `foi_tf.analysis.measures.distance.distances` returns them.
    """
    included = distances[distances.distance == distance.INCLUSION]
    found = [_inclusion_table(chains, included)] if len(included) else []
    own = transfers(chains)
    own = own[(own.target_type == SEGMENTATION) & (own.source_type == SEGMENTATION)]
    for key, part in own.groupby(STUDY):
        lines = [
            {"distance": ASSIGNMENT_TEXTS.get(name, name)}
            | correlation.tau_of_nearness(part, distances, name)
            for name in sorted(distances.distance.unique(), key=_assignment_order)
        ]
        data = pd.DataFrame(lines).rename(columns={"tau": "τ", "count": "pairs"})
        setting, *network = key
        text = f"{setting_text(setting)} ({tables.network_name(*network)})"
        found.append(
            Table(
                id="10",
                title=f"Nearness and gain, Kendall's τ, {text}",
                scope=key,
                data=data,
                texts=format_cells(data, τ=".2f", pairs="d"),
                notes=["The paper's table is of few source and few target images."],
            )
        )
    return found


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
    )


def _assignment_order(name: str) -> tuple[int, str]:
    """Returns the place of a distance in Table 10; others come last, by name."""
    names = list(ASSIGNMENT_TEXTS)
    return names.index(name) if name in names else len(names), name
