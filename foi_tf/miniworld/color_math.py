"""Arithmetic on RGB colors, each a tuple of three numbers from 0 to 255."""

import random
from collections.abc import Sequence

Color = tuple[float, float, float]


def scale_color(color: Color, factor: float) -> Color:
    """Brighter (factor > 1) or darker; may leave the range, which shading clips."""
    return color[0] * factor, color[1] * factor, color[2] * factor


def mix_colors(first: Color, second: Color, share: float) -> Color:
    """`first` at share 0, `second` at share 1."""
    return tuple(a + (b - a) * share for a, b in zip(first, second, strict=True))


def jitter_color(rng: random.Random, color: Color, amount: float = 12.0) -> Color:
    """A neighbor of the color: up to `amount` in brightness and half that in each channel."""
    shift = rng.uniform(-amount, amount)
    return tuple(value + shift + rng.uniform(-amount, amount) / 2 for value in color)


def pick_color(rng: random.Random, palette: Sequence[Color], amount: float = 10.0) -> Color:
    """A jittered color of the palette."""
    return jitter_color(rng, rng.choice(palette), amount)
