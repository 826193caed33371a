"""Defines findings and the pieces of evidence that they are judged by."""

import dataclasses

import pandas as pd

from foi_tf.study.table_texts import MISSING

SUPPORTED, NOT_SUPPORTED, NOT_ENOUGH = "supported", "not supported", "not enough data"
# Ours: shares of fewer say more about the choice of chains than about transfer.
MIN_PAIRS, MIN_TARGETS = 10, 5
_DIGITS = 3  # Percentages that are equal to so many decimal places are printed as equal.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evidence:
    """Holds a number that speaks for or against a finding.

    Attributes:
      what: description of the quantity.
      found: the number as text.
      paper: the paper's number as text; "" if it has none.
      count: number of chains or targets behind `found`.
      threshold: the condition that the finding sets; "" for a number that is only shown.
      holds: whether the condition is met; None where the count is too small.
      required: whether the finding cannot be supported without it.
    """

    what: str
    found: str
    paper: str
    count: int
    threshold: str = ""
    holds: bool | None = None
    required: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """Holds one claim of the paper and the evidence for and against it.

    Attributes:
      id, claim: number and words of the claim, as in the paper.
      needs: the chains that are needed to judge it.
      evidence: numbers found, with the paper's beside them.
      hangs_on: targets and seeds; the verdict turns when any one of them is left out, see
        `foi_tf.analysis.findings.leave_one_out`.
    """

    id: str
    claim: str
    needs: str
    evidence: tuple[Evidence, ...]
    hangs_on: tuple[str, ...] = ()

    @property
    def narrowly(self) -> str:
        """Returns the words behind a verdict that hangs on a single target or seed, else ""."""
        return ", narrowly" if self.hangs_on else ""

    @property
    def verdict(self) -> str:
        """Returns "not supported" if a threshold is missed, and "supported" if one is met.

        Returns "not enough data" if no threshold could be checked, or a required one could not.
        """
        asked = [piece for piece in self.evidence if piece.threshold]
        if any(piece.holds is not None and not piece.holds for piece in asked):
            return NOT_SUPPORTED
        if any(piece.required and piece.holds is None for piece in asked):
            return NOT_ENOUGH
        return SUPPORTED if any(piece.holds for piece in asked) else NOT_ENOUGH


def percent(share: float, digits: int = 0) -> str:
    """Formats a percentage."""
    return MISSING if pd.isna(share) else f"{share:.{digits}f} %"


def against(one: float, other: float) -> str:
    """Formats two percentages with as many more digits as are needed to tell them apart."""
    digits = 0
    while one != other and digits < _DIGITS and percent(one, digits) == percent(other, digits):
        digits += 1
    return f"{percent(one, digits)} against {percent(other, digits)}"
