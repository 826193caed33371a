"""Chooses colors of cells: green is better, purple is worse, as in the paper's tables.

Green and purple stay apart in all common forms of color blindness. Every cell prints its
number, too, so no reader depends on colors.
"""

import functools
import math

GAINS = ("#5b2a7b", "#c2a5cf", "#ffffff", "#a6dba0", "#1b7837")  # Negative, none, positive.
DISTANCES = ("#ffffff", "#c2a5cf", "#5b2a7b")
MERITS = ("#ffffff", "#a6dba0", "#1b7837")
STEPS = 254  # Shades between the ends of a scale; with an even number, its middle is one of them.
FULL_COLOR = 25.0  # Percent; ours. Beyond it, the color stays the same.
NOT_RUN = "#e8e8e8"  # White means no gain.
EQUAL_CONTRAST = 0.179  # Black and white text read equally well on this luminance, by WCAG 2.


def gain_color(gain: float) -> str:
    """Returns the background of a gain in %, as "#rrggbb"."""
    return amount_color(gain, -FULL_COLOR, FULL_COLOR, GAINS)


def amount_color(amount: float, low: float, high: float, scale: tuple[str, ...]) -> str:
    """Returns the background of a number, gray for NaN.

    Args:
      low, high: numbers with the first and the last color; those beyond have these colors, too.
      scale: colors at equal distances.
    """
    if math.isnan(amount):
        return NOT_RUN
    share = (min(max(amount, low), high) - low) / (high - low) if high > low else 0.0
    return _mix(scale, round(share * STEPS))


@functools.cache
def text_color(background: str) -> str:
    """Returns black or white, whichever reads better on a background."""
    return "#000000" if luminance(background) > EQUAL_CONTRAST else "#ffffff"


def luminance(color: str) -> float:
    """Returns the relative luminance in [0, 1], by WCAG 2."""
    shares = [value / 255 for value in _split(color)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares]
    return sum(w * x for w, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@functools.cache
def _mix(scale: tuple[str, ...], step: int) -> str:
    """Returns the color at a step of a scale, between the two colors beside it."""
    place = step / STEPS * (len(scale) - 1)
    first = min(int(place), len(scale) - 2)
    pairs = zip(_split(scale[first]), _split(scale[first + 1]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * (place - first)):02x}" for a, b in pairs)


def _split(color: str) -> tuple[int, ...]:
    """Returns red, green and blue of "#rrggbb", each up to 255."""
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))
