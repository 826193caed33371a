"""What foi-plan --quick_test prints: sources that were negative on few images are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foi_tf.bin._shared import command_line
from foi_tf.errors import FoiError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from foi_tf.study.grid import Chain


def left(results: pd.DataFrame, chains: Sequence[Chain], where: str) -> Sequence[Chain]:
    """What the quick test leaves, and on stderr what it was worth.

    Args:
      results: rows of the small setting, and of the full one where there are some.
      where: they are from.

    Raises:
      FoiError: no chain can be screened.
    """
    from foi_tf.analysis.measures import quick_test

    found = quick_test.screen(results, chains)
    if len(found.unscreened) == len(chains):
        raise FoiError(
            f"{where}: no chain of the plan has a gain in the small setting; run that "
            "first (foi-plan --setting=small)"
        )
    command_line.note(
        f"{len(found.discarded)} of {len(chains)} runs saved: their sources were negative"
    )
    if found.unscreened:
        command_line.note(
            f"{len(found.unscreened)} are not screened, as they have no gain on few images"
        )
    judged, missed = quick_test.misses(results, found)
    if judged:
        command_line.note(
            f"the best source was missed for {len(missed)} of {judged} targets with all rows"
        )
    for miss in missed:
        instead = "nothing" if miss.instead != miss.instead else f"{miss.instead:+.1f} %"
        command_line.note(
            f"missed {miss.source} for {miss.target}: {miss.gain:+.1f} %, left is {instead}"
        )
    return found.left
