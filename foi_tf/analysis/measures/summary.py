"""What a set of chains says in a few numbers: Tables 7, 8 and 11, and the best sources."""

from collections.abc import Iterator

import pandas as pd

from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.report.tables import Sheet, plain
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES
from foi_tf.study.grid import setting_order
from foi_tf.study.results import MULTI_SOURCE
from foi_tf.study.table_texts import SETTING_TEXTS

STUDY = ["setting", "backbone", "family"]  # What has to agree for gains to be counted together.
TARGET = ["target", "target_type"]

# The rows of Tables 7 and 8: (domain transfer, type transfer).
CONSTRAINTS = (
    ("all", "all"),
    ("within", "within"),
    ("within", "cross"),
    ("cross", "within"),
    ("cross", "cross"),
)
SHARES = {"P": "P: r > 2 %", "VP": "VP: r > 10 %", "N": "N: r < −2 %", "count": "#"}


def domain_relation(chains: pd.DataFrame) -> pd.Series:
    """Whether each chain stays "within" the image domain or goes "cross"; "" if not known.

    Multi-source models count as within, as they do in the paper's counts of experiments (Table
    7), which come out only so.
    """
    same = (chains.source_domain == chains.target_domain).map({True: "within", False: "cross"})
    multi = chains.source == MULTI_SOURCE
    known = (chains.source_domain != "") & (chains.target_domain != "")
    return same.where(known, "").mask(multi, "within")


def type_relation(chains: pd.DataFrame) -> pd.Series:
    """Whether each chain stays "within" the task type or goes "cross"."""
    return (chains.source_type == chains.target_type).map({True: "within", False: "cross"})


def constrained(chains: pd.DataFrame, domain: str, task_type: str) -> pd.DataFrame:
    """The transfers with a gain under one of `CONSTRAINTS`."""
    counted = transfers(chains)
    counted = counted[counted.gain.notna()]
    if domain != "all":
        counted = counted[domain_relation(counted) == domain]
    if task_type != "all":
        counted = counted[type_relation(counted) == task_type]
    return counted


def percentages(chains: pd.DataFrame) -> dict[str, float]:
    """The percentage of P (VP among them), VP and N among chains, and their count; NaN for none.

    All chains weigh alike; one of several seeds counts by the share of its seeds.
    """
    columns = {"P": chains.positive, "VP": chains.very_positive, "N": chains.negative}
    return {name: 100 * of.mean() for name, of in columns.items()} | {"count": len(chains)}


def best_of_targets(chains: pd.DataFrame) -> pd.DataFrame:
    """The chain with the largest gain of each target."""
    return chains.sort_values("gain", kind="stable").drop_duplicates(TARGET, keep="last")


def networks(chains: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """The chains of each backbone and family that has transfers, those with the most first."""
    groups = dict(iter(chains.groupby(["backbone", "family"])))
    groups = {key: own for key, own in groups.items() if len(transfers(own))}
    return dict(sorted(groups.items(), key=lambda x: (-len(transfers(x[1])), x[0])))


def shares(chains: pd.DataFrame) -> pd.DataFrame:
    """The percentage of positive, very positive and negative transfers, as Table 7.

    Args:
      chains: of one setting, backbone and family, as `foi_tf.analysis.measures.gains.with_gains`
        returns them. Those without a source or a gain do not count.

    Returns:
      One row for each of `CONSTRAINTS`: `domain`, `type`, the percentages `P`, `VP` and
      `N` (NaN where there are no transfers), and `count`, of transfers.
    """
    return _by_constraint(chains, lambda counted: counted)


def best_shares(chains: pd.DataFrame) -> pd.DataFrame:
    """The same of the best available source of each target, as Table 8; `count` is of targets."""
    return _by_constraint(chains, best_of_targets)


def best_sources(chains: pd.DataFrame) -> pd.DataFrame:
    """For each target task the transfer with the largest gain (the maxima of Table 8).

    Returns:
      Rows of `chains`, with `sources`: how many sources were tried; for each setting,
      backbone and family, by descending gain.
    """
    tried = transfers(chains)
    tried = tried[tried.gain.notna()].sort_values("gain", ascending=False, kind="stable")
    target = [*STUDY, *TARGET, "metric"]
    tried = tried.assign(sources=tried.groupby(target).gain.transform("size"))
    best = tried.drop_duplicates(target)
    return best.sort_values([*STUDY, "gain"], ascending=[True] * 3 + [False], ignore_index=True)


def cross_type(chains: pd.DataFrame) -> pd.DataFrame:
    """Transfer across task types within a dataset and within a domain, as Table 11.

    Args:
      chains: as in `shares`; of the small setting for the paper's table.

    Returns:
      One row for each pair of task types that has a transfer: `source_type`, `target_type`,
      and P, N and count on the same dataset (`same_P`, ...) and on others of the same domain
      (`other_P`, ...).
    """
    counted = constrained(chains, "within", "cross")
    table = []
    for source in STRUCTURED_TASK_TYPES:
        for target in STRUCTURED_TASK_TYPES:
            own = counted[(counted.source_type == source) & (counted.target_type == target)]
            if own.empty:
                continue
            row = {"source_type": source, "target_type": target}
            for name, chosen in (
                ("same", own.source == own.target),
                ("other", own.source != own.target),
            ):
                found = percentages(own[chosen])
                row |= {f"{name}_{key}": found[key] for key in ("P", "N", "count")}
            table.append(row)
    return pd.DataFrame(table)


def sheets(chains: pd.DataFrame) -> list[Sheet]:
    """Tables 7, 8 and 11 for each backbone and family."""
    found = []
    for (backbone, family), own in transfers(chains).groupby(["backbone", "family"]):
        of = f"{backbone}, from {family}"
        for number, title, make in (
            ("7", "Transfers by their effect", shares),
            ("8", "Targets by the effect of their best source", best_shares),
        ):
            found.append(
                _side_by_side(
                    own, make, id=number, title=f"{title} ({of})", scope=(backbone, family)
                )
            )
        for setting, part in settings(own):
            if len(data := cross_type(part)):
                text = SETTING_TEXTS.get(setting, setting)
                found.append(_cross_type_sheet(data, f"{text} ({of})", (setting, backbone, family)))
    return found


def settings(chains: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Chains by setting, in the paper's order."""
    groups = dict(iter(chains.groupby("setting")))
    for setting in sorted(groups, key=lambda x: (setting_order(x), x)):
        yield setting, groups[setting]


def _by_constraint(chains, choose) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"domain": domain, "type": task_type}
            | percentages(choose(constrained(chains, domain, task_type)))
            for domain, task_type in CONSTRAINTS
        ]
    )


def _side_by_side(chains: pd.DataFrame, make, **about) -> Sheet:
    """One of Tables 7 and 8: settings beside each other."""
    pieces, groups = [], ["", ""]
    for setting, own in settings(chains):
        data = make(own)
        if not pieces:
            pieces.append(data[["domain", "type"]].set_axis(["image domain", "task type"], axis=1))
        pieces.append(data[list(SHARES)].rename(columns=lambda x, s=setting: f"{SHARES[x]} ({s})"))
        groups += [SETTING_TEXTS.get(setting, setting)] * len(SHARES)
    data = pd.concat(pieces, axis=1)
    formats = {name: "d" if name.startswith("#") else ".0f" for name in data}
    return Sheet(
        data=data,
        texts=plain(data, words=2, **formats),
        words=2,
        groups=groups,
        notes=[
            "P counts VP too. A chain of several seeds counts by the share of them. Multi-source "
            "models count as within the domain."
        ],
        **about,
    )


def _cross_type_sheet(data: pd.DataFrame, text: str, scope: tuple[str, ...]) -> Sheet:
    names = {"source_type": "source", "target_type": "target"}
    for name, place in (("same", "same dataset"), ("other", "same domain")):
        names |= {f"{name}_{key}": f"{label} ({place})" for key, label in
                  (("P", "P, %"), ("N", "N, %"), ("count", "#"))}  # fmt: skip
    data = data.rename(columns=names)
    formats = {name: "d" if name.startswith("#") else ".0f" for name in data}
    return Sheet(
        id="11",
        title=f"Transfer across task types within the domain, {text}",
        scope=scope,
        data=data,
        texts=plain(data, words=2, **formats),
        words=2,
        groups=["", "", *["same dataset"] * 3, *["same domain, other dataset"] * 3],
        notes=["P: r > 2 %, N: r < −2 %. Multi-source models count as another dataset."],
    )
