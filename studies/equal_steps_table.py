"""Makes the tables of FINDINGS.md on how long source models train.

Those of mini/ train while they improve; those of equal_steps/ trained for equal steps.
"""

import functools
import pathlib

import pandas as pd

from foi_tf.analysis.measures import gains
from foi_tf.analysis.measures.summary import PAIR
from foi_tf.analysis.uncertainty.gain_levels import NEGATIVE
from foi_tf.study import results
from foi_tf.study.dataset import SEGMENTATION
from studies.markdown import format_table

HERE = pathlib.Path(__file__).parent
# Learning rates of two source models: the best for the same task as a target, and a third of that.
RATES = {"kitti": ("0.3", "0.1"), "vgallery": ("0.1", "0.03")}

SETTINGS = {
    "small": "few target images",
    "small_source": "few source and few target images",
    "full": "all target images",
}

COLUMNS = ["chains", "equal steps, median gain, %", "while improving, median gain, %"]
COLUMNS += ["equal steps, harmed", "while improving, harmed"]


def format_sources() -> str:
    """Returns the table of what each source of segmentation gains, by how long it trained."""
    both = _join_studies()
    within = (both.setting == "small") & (both.source_type == both.target_type)
    by_source = both[within & (both.target_type == SEGMENTATION)].groupby("source")
    ordered = sorted(by_source, key=lambda one: -one[1].now.median())
    lines = [_format_line([f"`{source}`"], own) for source, own in ordered]
    return format_table(["source", *COLUMNS], lines, words=1)


def format_types() -> str:
    """Returns the table of what sources gain by setting and task type."""
    both = _join_studies().copy()
    both["sources"] = (both.source_type == both.target_type).map({True: "same", False: "other"})
    lines = [
        _format_line([SETTINGS[setting], pairs, str(kind)], both.loc[own])
        for setting in SETTINGS
        for pairs in ("same", "other")
        for kind, own in both[(both.setting == setting) & (both.sources == pairs)]
        .groupby("target_type")
        .groups.items()
    ]
    header = ["setting", "source's task type", "targets of", *COLUMNS]
    return format_table(header, lines, words=3)


def format_rates() -> str:
    """Returns the table of what two sources gain at two learning rates of the source model."""
    kept = _load("mini/results")
    higher = pd.concat(
        [kept[kept.source_type == ""], _load("equal_steps/higher_rates")], ignore_index=True
    )
    both = _join(_select(higher), _select(kept))
    both = both[(both.setting == "small") & (both.source_type == SEGMENTATION)]
    both = both[both.target_type == SEGMENTATION]
    lines = [
        _format_line([f"`{source}`", *RATES[source]], own) for source, own in both.groupby("source")
    ]
    header = ["source", "best rate", "lower", "chains", "best rate, median gain, %"]
    header += ["lower, median gain, %", "best rate, harmed", "lower, harmed"]
    return format_table(header, lines, words=1)


@functools.cache
def _join_studies() -> pd.DataFrame:
    return _join(_select(_load("equal_steps/results")), _select(_load("mini/results")))


@functools.cache
def _load(name: str) -> pd.DataFrame:
    return results.load(HERE / f"{name}.csv")


def _select(rows: pd.DataFrame) -> pd.DataFrame:
    """Returns the gains in % of chains of seed 0."""
    own = rows[rows.setting.isin(SETTINGS) & (rows.seed == 0)]
    found = gains.transfers(gains.with_gains(own))
    return found[found.gain.notna()][[*PAIR, "setting", "gain"]]


def _join(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Returns the pairs that both have, with their gains as `before` and `now`."""
    return before.rename(columns={"gain": "before"}).merge(
        now.rename(columns={"gain": "now"}), on=[*PAIR, "setting"]
    )


def _format_line(words: list[str], own: pd.DataFrame) -> list[str]:
    medians = [f"{own[column].median():.1f}" for column in ("before", "now")]
    harmed = [f"{100 * (own[column] < NEGATIVE).mean():.0f} %" for column in ("before", "now")]
    return [*words, str(len(own)), *medians, *harmed]
