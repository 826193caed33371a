"""Chooses colors of cells: green is better, purple is worse, as in the paper's tables.

Green and purple stay apart in all common forms of color blindness. Every cell prints its
number, too, so no reader depends on colors.
"""

import math

import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, to_hex, to_rgb

GAINS = LinearSegmentedColormap.from_list(  # Negative, none, positive.
    "gain", ["#5b2a7b", "#c2a5cf", "#ffffff", "#a6dba0", "#1b7837"], N=255
)  # With an odd number of colors, one of them is white.
DISTANCES = LinearSegmentedColormap.from_list("distance", ["#ffffff", "#c2a5cf", "#5b2a7b"])
MERITS = LinearSegmentedColormap.from_list("merit", ["#ffffff", "#a6dba0", "#1b7837"])
FULL_COLOR = 25.0  # Percent; ours. Beyond it, the color stays the same.
NOT_RUN = "#e8e8e8"  # White means no gain.
EQUAL_CONTRAST = 0.179  # Black and white text read equally well on this luminance, by WCAG 2.


def gain_color(gain: float) -> str:
    """Returns the background of a gain in %, as "#rrggbb"."""
    if math.isnan(gain):
        return NOT_RUN
    return to_hex(GAINS(Normalize(-FULL_COLOR, FULL_COLOR, clip=True)(gain)))


def amount_color(amount: float, low: float, high: float, scale: Colormap) -> str:
    """Returns the background of a number: white at `low`, darkest at `high`, gray for NaN."""
    if math.isnan(amount):
        return NOT_RUN
    return to_hex(scale(Normalize(low, high, clip=True)(amount) if high > low else 0.0))


def text_color(background: str) -> str:
    """Returns black or white, whichever reads better on a background."""
    return "#000000" if luminance(background) > EQUAL_CONTRAST else "#ffffff"


def luminance(color: str) -> float:
    """Returns the relative luminance in [0, 1], by WCAG 2."""
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in to_rgb(color)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))
