"""Defines findings and the pieces of evidence that they are judged by."""

import dataclasses
import math

import numpy as np
import pandas as pd

from foi_tf.analysis.uncertainty import verdicts
from foi_tf.study.table_texts import MISSING

HOLDS, PROBABLY, UNDECIDED = "holds", "probably holds", "cannot be told"
PROBABLY_NOT, FAILS = "probably does not hold", "does not hold"
NOT_ENOUGH = "not enough data"
CERTAIN, PROBABLE = verdicts.LEVEL, verdicts.PROBABLE  # From which a claim (probably) holds.
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
      required: whether the finding cannot be judged without it.
      draws: [draws] whether the condition is met in each draw, 1 or 0, or NaN where it could
        not be asked; None for a number that is only shown.
    """

    what: str
    found: str
    paper: str
    count: int
    threshold: str = ""
    holds: bool | None = None
    required: bool = False
    draws: np.ndarray | None = dataclasses.field(default=None, repr=False, compare=False)

    @property
    def probability(self) -> float:
        """Returns the probability that the condition is met; NaN where it is not asked."""
        return float("nan") if self.holds is None else _share([self])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """Holds one claim of the paper and the evidence for and against it.

    Attributes:
      id, claim: number and words of the claim, as in the paper.
      needs: the chains that are needed to judge it.
      evidence: numbers found, with the paper's beside them.
    """

    id: str
    claim: str
    needs: str
    evidence: tuple[Evidence, ...]

    @property
    def probability(self) -> float:
        """Returns the probability that all conditions are met that could be asked.

        It is the share of draws of targets, sources and runs; NaN with `NOT_ENOUGH` data: if no
        condition could be asked, or a required one could not, unless the others fail.
        """
        asked = [piece for piece in self.evidence if piece.threshold]
        judged = [piece for piece in asked if piece.holds is not None]
        if not judged:
            return float("nan")
        share = _share(judged)
        lacking = any(piece.required and piece.holds is None for piece in asked)
        return float("nan") if lacking and share > 1 - CERTAIN else share

    @property
    def verdict(self) -> str:
        """Returns the words for the `probability`."""
        share = self.probability
        if np.isnan(share):
            return NOT_ENOUGH
        if share >= PROBABLE:
            return HOLDS if share >= CERTAIN else PROBABLY
        if share <= 1 - PROBABLE + 1e-9:
            return FAILS if share <= 1 - CERTAIN + 1e-9 else PROBABLY_NOT
        return UNDECIDED

    @property
    def judgment(self) -> str:
        """Returns the verdict with its probability, as "holds (p = 0.97)"."""
        shown = format_probability(self.probability)
        return f"{self.verdict} (p {shown})" if shown else self.verdict


def ask(condition: np.ndarray, enough: bool, *numbers: np.ndarray) -> dict:
    """Returns `holds` and `draws` of a condition.

    Args:
      condition: [1 + draws] whether it is met, the study's own first.
      enough: whether there are enough chains to ask.
      numbers: [1 + draws] what it compares; where one is NaN, it cannot be asked.
    """
    met = np.where(np.isnan(numbers).any(0), np.nan, condition)
    known = enough and not np.isnan(met[0])
    return {"holds": bool(met[0]) if known else None, "draws": met[1:]}


def format_probability(share: float) -> str:
    """Formats a probability as "= 0.97", "> 0.99" or "< 0.01"; "" for NaN."""
    if np.isnan(share):
        return ""
    if share > 0.99 or share < 0.01:
        return "> 0.99" if share > 0.5 else "< 0.01"
    # Rounded toward 0.5, so that the words and the number never disagree.
    shown = math.floor(100 * share + 1e-9) if share > 0.5 else math.ceil(100 * share - 1e-9)
    return f"= {shown / 100:.2f}"


def percent(share: float, digits: int = 0) -> str:
    """Formats a percentage."""
    return MISSING if pd.isna(share) else f"{share:.{digits}f} %"


def against(one: float, other: float) -> str:
    """Formats two percentages with as many more digits as are needed to tell them apart."""
    digits = 0
    while one != other and digits < _DIGITS and percent(one, digits) == percent(other, digits):
        digits += 1
    return f"{percent(one, digits)} against {percent(other, digits)}"


def _share(pieces: list[Evidence]) -> float:
    """Returns the share of draws that meet all conditions; draws that cannot be asked drop out."""
    met = np.array([piece.draws for piece in pieces], float)
    known = met[:, ~np.isnan(met).any(0)]
    return float(known.all(0).mean()) if known.size else float("nan")
