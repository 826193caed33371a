"""What distances between datasets say about gains: Tables 9 and 10."""

import math

import pandas as pd
from etils import epath

from foi_tf.analysis.measures import correlation, distance
from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.recommend import csv_tables
from foi_tf.analysis.report import cell_colors
from foi_tf.analysis.report.tables import Sheet, plain
from foi_tf.study.dataset import SEGMENTATION, domain_order
from foi_tf.study.table_texts import SETTING_TEXTS

INCLUSION = distance.TARGET_TO_SOURCE
# In the order of Table 10.
ASSIGNMENTS = {
    distance.ONE_TO_ONE: "(1) Earth Mover's Distance",
    INCLUSION: "(2) Target image → closest source image",
    distance.SOURCE_TO_TARGET: "(3) Source image → closest target image",
    distance.MEAN: "(4) Source → Target & Target → Source",
}
COLUMNS = distance.COLUMNS


def read(path: epath.PathLike) -> pd.DataFrame:
    """Reads distances between datasets: a CSV with `COLUMNS`, a line a pair and distance.

    Raises:
      FoiError: there is no such file, or it holds something else.
    """
    return csv_tables.read(path, COLUMNS[:3], COLUMNS[3:], "distance")


def near_gains_more(chains: pd.DataFrame, distances: pd.DataFrame, name: str) -> dict[str, float]:
    """Kendall's tau-b between nearness by one distance and gain, and the number of chains.

    Positive where nearer sources gain more, over all chains that have a distance and a gain.
    """
    own = distances[distances.distance == name]
    of = dict(zip(zip(own.target, own.source, strict=True), own.value, strict=True))
    known = chains[chains.gain.notna()]
    pairs = zip(known.target, known.source, strict=True)
    return tau(pd.Series([-of.get(pair, math.nan) for pair in pairs], dtype=float), known.gain)


def tau(first: pd.Series, second: pd.Series) -> dict[str, float]:
    """`{"tau", "count"}` over the pairs without NaN; tau is NaN where it has no meaning."""
    first, second = first.to_numpy(float), second.to_numpy(float)
    both = ~(pd.isna(first) | pd.isna(second))
    return {"tau": correlation.tau(first[both], second[both]), "count": int(both.sum())}


def sheets(chains: pd.DataFrame, distances: pd.DataFrame) -> list[Sheet]:
    """Table 9, and Table 10 for each backbone, family and setting of segmentation chains.

    There is no Table 9 where the distances have none of inclusion.
    """
    included = distances[distances.distance == INCLUSION]
    found = [_distance_sheet(chains, included)] if len(included) else []
    own = transfers(chains)
    own = own[(own.target_type == SEGMENTATION) & (own.source_type == SEGMENTATION)]
    for key, part in own.groupby(["setting", "backbone", "family"]):
        data = pd.DataFrame(
            [
                {"distance": ASSIGNMENTS.get(name, name)} | near_gains_more(part, distances, name)
                for name in sorted(distances.distance.unique(), key=_assignment_order)
            ]
        ).rename(columns={"tau": "τ", "count": "pairs"})
        setting, backbone, family = key
        setting = SETTING_TEXTS.get(setting, setting)
        found.append(
            Sheet(
                id="10",
                title=f"Nearness and gain, Kendall's τ, {setting} ({backbone}, from {family})",
                scope=key,
                data=data,
                texts=plain(data, τ=".2f", pairs="d"),
                notes=["The paper's table is of few source and few target images."],
            )
        )
    return found


def _distance_sheet(chains: pd.DataFrame, of: pd.DataFrame) -> Sheet:
    domain = dict(zip(chains.source, chains.source_domain, strict=True))
    domain |= dict(zip(chains.target, chains.target_domain, strict=True))

    def order(name):
        return domain_order(domain.get(name, "")), domain.get(name, ""), name

    wide = of.pivot(index="target", columns="source", values="value")
    wide = wide.reindex(
        index=sorted(wide.index, key=order), columns=sorted(wide.columns, key=order)
    )
    apart = of.value[of.target != of.source]
    shades = wide.map(
        lambda x: cell_colors.of_amount(x, apart.min(), apart.max(), cell_colors.DISTANCES)
    )
    words = pd.DataFrame({"domain": [domain.get(x, "") for x in wide.index], "target": wide.index})
    data, texts, shades = (
        pd.concat([first, frame.reset_index(drop=True)], axis=1)
        for first, frame in (
            (words, wide),
            (words, plain(wide, words=0, **dict.fromkeys(wide, ".2f"))),
            (words.map(lambda _: ""), shades),
        )
    )
    return Sheet(
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
    names = list(ASSIGNMENTS)
    return names.index(name) if name in names else len(names), name
