"""Sorts gains into the levels of Section 6."""

import math

VERY_POSITIVE, POSITIVE, NEGATIVE = 10.0, 2.0, -2.0  # Percent, Section 6.
# "P" is above 2 and up to 10; the paper's percentages of P count VP too. The paper prints
# I as "2 <= r > -2"; we read -2 <= r <= 2.
LEVELS = {
    "VP": (VERY_POSITIVE, math.inf),
    "P": (POSITIVE, VERY_POSITIVE),
    "I": (NEGATIVE, POSITIVE),
    "N": (-math.inf, NEGATIVE),
}


def level(gain: float) -> str:
    """Returns the level of a gain in %: "VP", "P", "I" or "N"; "" for NaN."""
    if math.isnan(gain):
        return ""
    if gain > VERY_POSITIVE:
        return "VP"
    if gain > POSITIVE:
        return "P"
    return "N" if gain < NEGATIVE else "I"
