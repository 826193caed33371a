"""Leaves sources out of a plan that had a negative gain on few images (foi-plan --quick_test)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from foi_tf.bin._shared import console
from foi_tf.errors import FoiError
from foi_tf.wording import count_noun

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from foi_tf.study.grid import Chain


def keep_promising(results: pd.DataFrame, chains: Sequence[Chain], where: str) -> Sequence[Chain]:
    """Returns the chains that the quick test keeps, and prints on stderr how well it did.

    Args:
      results: rows of the small setting, and, if there are some, of the full one.
      where: the directory of the rows, for errors.

    Raises:
      FoiError: no chain can be screened.
    """
    from foi_tf.analysis.measures import quick_test
    from foi_tf.analysis.measures.study_analysis import StudyAnalysis

    analysis = StudyAnalysis(results)
    if len(analysis.networks) > 1:
        names = " and ".join(family for _, family in analysis.networks)
        raise FoiError(f"{where}: has chains from {names}; keep them in different directories")
    found = quick_test.screen_chains(analysis, chains)
    if len(found.unscreened) == len(chains):
        raise FoiError(
            f"{where}: no chain of the plan has a gain in the small setting; run that "
            "first (foi-plan --setting=small)"
        )
    console.print_note(
        f"{len(found.discarded)} of {count_noun(len(chains), 'run')} saved: their sources had a "
        "negative gain in the small setting"
    )
    if found.unscreened:
        console.print_note(
            f"{count_noun(len(found.unscreened), 'run')} kept without a test: their sources have "
            "no gain in the small setting"
        )
    judged, missed = quick_test.find_missed_targets(analysis, found)
    if judged:
        console.print_note(
            f"the best source was missed for {len(missed)} of {count_noun(judged, 'target')} with "
            "all rows of both settings"
        )
    for miss in missed:
        best = "none" if math.isnan(miss.instead) else f"{miss.instead:+.1f} %"
        console.print_note(
            f"missed {miss.source} for {miss.target}: {miss.gain:+.1f} %; best of the kept: {best}"
        )
    return found.left
