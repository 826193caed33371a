"""Arithmetic on RGB colours, each a tuple of three numbers from 0 to 255."""

import random
from collections.abc import Sequence

Colour = tuple[float, float, float]


def scale(colour: Colour, factor: float) -> Colour:
    """Brighter (factor > 1) or darker; may leave the range, which shading clips."""
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`first` at share 0, `second` at share 1."""
    return tuple(a + (b - a) * share for a, b in zip(first, second, strict=True))


def jitter(rng: random.Random, colour: Colour, amount: float = 12.0) -> Colour:
    """A neighbour of the colour: up to `amount` in brightness and half that in each channel."""
    shift = rng.uniform(-amount, amount)
    return tuple(value + shift + rng.uniform(-amount, amount) / 2 for value in colour)


def pick(rng: random.Random, palette: Sequence[Colour], amount: float = 10.0) -> Colour:
    """A jittered colour of the palette."""
    return jitter(rng, rng.choice(palette), amount)
