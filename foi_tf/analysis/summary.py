"""What a set of chains says in a few numbers: shares of levels, and the best sources."""

import pandas as pd

from foi_tf.analysis.gains import is_positive, transfers
from foi_tf.study.results import MULTI_SOURCE

STUDY = ["setting", "backbone", "family"]  # What has to agree for gains to be counted together.

# The rows of Table 7: (domain transfer, type transfer).
CONSTRAINTS = (
    ("all", "all"),
    ("within", "within"),
    ("within", "cross"),
    ("cross", "within"),
    ("cross", "cross"),
)


def within_domain(chains: pd.DataFrame) -> pd.Series:
    """Whether source and target share the domain; multi-source models count as within.

    They do in the paper's counts of experiments (Table 7), which come out only so.
    """
    return (chains.source_domain == chains.target_domain) | (chains.source == MULTI_SOURCE)


def within_type(chains: pd.DataFrame) -> pd.Series:
    """Whether source and target have the same task type."""
    return chains.source_type == chains.target_type


def shares(chains: pd.DataFrame) -> pd.DataFrame:
    """The percentage of positive, very positive and negative transfers, as Table 7.

    Args:
      chains: of one setting, backbone and family, as `foi_tf.analysis.gains.with_gains`
        returns them. Those without a source or a gain do not count.

    Returns:
      One row for each of `CONSTRAINTS`: `domain`, `type`, the percentages `P`, `VP` and
      `N` (NaN where there are no transfers), and `count`, of transfers.
    """
    counted = transfers(chains)
    counted = counted[counted.gain.notna()]
    is_within = {"domain": within_domain(counted), "type": within_type(counted)}
    table = []
    for domain, task_type in CONSTRAINTS:
        chosen = pd.Series(True, index=counted.index)
        for name, constraint in (("domain", domain), ("type", task_type)):
            if constraint != "all":
                chosen &= is_within[name] == (constraint == "within")
        levels = counted.level[chosen]
        table.append(
            {
                "domain": domain,
                "type": task_type,
                "P": 100 * levels.map(is_positive).astype(float).mean(),
                "VP": 100 * (levels == "VP").mean(),
                "N": 100 * (levels == "N").mean(),
                "count": len(levels),
            }
        )
    return pd.DataFrame(table)


def best_sources(chains: pd.DataFrame) -> pd.DataFrame:
    """For each target task the transfer with the largest gain (the maxima of Table 8).

    Returns:
      Rows of `chains`, with `sources`: how many sources were tried; for each setting,
      backbone and family, by descending gain.
    """
    tried = transfers(chains)
    tried = tried[tried.gain.notna()].sort_values("gain", ascending=False, kind="stable")
    target = [*STUDY, "target", "target_type", "metric"]
    tried = tried.assign(sources=tried.groupby(target).gain.transform("size"))
    best = tried.drop_duplicates(target)
    return best.sort_values([*STUDY, "gain"], ascending=[True] * 3 + [False], ignore_index=True)


def notes(results: pd.DataFrame, chains: pd.DataFrame) -> list[str]:
    """What a reader has to know before trusting the gains; one sentence each.

    Args:
      results: as `foi_tf.study.results.load` returns them.
      chains: `foi_tf.analysis.gains.with_gains` of them.
    """
    found = []
    if diverged := int(results.value.isna().sum()):
        found.append(f"{_count(diverged, 'run')} ended without a value and counted for nothing.")
    run = ["target", "target_type", "source", "source_type", "setting", "backbone", "init"]
    digests = results.groupby([*run, "seed", "learning_rate"]).config_digest.nunique()
    if mixed := int((digests > 1).sum()):
        found.append(
            f"{_count(mixed, 'run')} happened under several configurations; the best was taken. "
            "Keep the results of different configurations in different directories."
        )
    uneven = chains[
        chains.baseline_learning_rates.notna()
        & (chains.learning_rates != chains.baseline_learning_rates)
    ]
    if len(uneven):
        found.append(
            f"{_count(len(uneven), 'chain')} tried another number of learning rates than the "
            "baseline; the side that tried more has the advantage of the best of more runs."
        )
    return found


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
