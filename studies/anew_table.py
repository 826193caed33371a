"""Makes the tables of FINDINGS.md on the rendered study made anew, from the rows that anew/ keeps.

Its source models train while they improve; those of mini/ trained for equal steps.
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


COLUMNS = ["chains", "equal steps, median gain, %", "anew, median gain, %"]
COLUMNS += ["equal steps, harmed", "anew, harmed"]


def format_sources() -> str:
    """Returns the table of what each source of segmentation gains, for equal steps and anew."""
    both = _join_studies()
    by_source = both[both.target_type == SEGMENTATION].groupby("source")
    ordered = sorted(by_source, key=lambda one: -one[1].now.median())
    lines = [_format_line([f"`{source}`"], own) for source, own in ordered]
    return format_table(["source", *COLUMNS], lines, words=1)


def format_types() -> str:
    """Returns the table of what sources gain within each task type, for equal steps and anew."""
    lines = [_format_line([str(kind)], own) for kind, own in _join_studies().groupby("target_type")]
    return format_table(["task type", *COLUMNS], lines, words=1)


def format_rates() -> str:
    """Returns the table of what two sources gain at two learning rates of the source model."""
    anew = _load("anew/results")
    higher = pd.concat(
        [anew[anew.source_type == ""], _load("anew/higher_rates")], ignore_index=True
    )
    both = _join(_select(higher), _select(anew))
    lines = [
        _format_line([f"`{source}`", *RATES[source]], own) for source, own in both.groupby("source")
    ]
    header = ["source", "best rate", "lower", "chains", "best rate, median gain, %"]
    header += ["lower, median gain, %", "best rate, harmed", "lower, harmed"]
    return format_table(header, lines, words=1)


def _join_studies() -> pd.DataFrame:
    return _join(_select(_load("mini/results")), _select(_load("anew/results")))


@functools.cache
def _load(name: str) -> pd.DataFrame:
    return results.load(HERE / f"{name}.csv")


def _select(rows: pd.DataFrame) -> pd.DataFrame:
    """Returns the gains in % of chains within task types, few target images, seed 0."""
    found = gains.transfers(gains.with_gains(rows[(rows.setting == "small") & (rows.seed == 0)]))
    chosen = found.target_type == found.source_type
    return found[chosen & found.gain.notna()][[*PAIR, "gain"]]


def _join(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Returns the pairs that both have, with their gains as `before` and `now`."""
    return before.rename(columns={"gain": "before"}).merge(
        now.rename(columns={"gain": "now"}), on=PAIR
    )


def _format_line(words: list[str], own: pd.DataFrame) -> list[str]:
    medians = [f"{own[column].median():.1f}" for column in ("before", "now")]
    harmed = [f"{100 * (own[column] < NEGATIVE).mean():.0f} %" for column in ("before", "now")]
    return [*words, str(len(own)), *medians, *harmed]
