"""Calculates with RGB colors, each a tuple of three numbers from 0 to 255."""

import random
from collections.abc import Sequence

Color = tuple[float, float, float]


def scale_color(color: Color, factor: float) -> Color:
    """Returns a brighter (factor > 1) or darker color.

    It may leave the range from 0 to 255; shading clips it.
    """
    return color[0] * factor, color[1] * factor, color[2] * factor


def mix_colors(first: Color, second: Color, share: float) -> Color:
    """Returns the color between `first` (share 0) and `second` (share 1)."""
    return tuple(a + (b - a) * share for a, b in zip(first, second, strict=True))


def jitter_color(rng: random.Random, color: Color, amount: float = 12.0) -> Color:
    """Draws a similar color: up to `amount` off in brightness, half of it in each channel."""
    shift = rng.uniform(-amount, amount)
    return tuple(value + shift + rng.uniform(-amount, amount) / 2 for value in color)


def pick_color(rng: random.Random, palette: Sequence[Color], amount: float = 10.0) -> Color:
    """Draws a color of the palette and jitters it."""
    return jitter_color(rng, rng.choice(palette), amount)
