"""Draws trees, bushes, tufts and rocks."""

import math
import random

from foi_tf.miniworld.color_math import Color, jitter_color, mix_colors, pick_color, scale_color
from foi_tf.miniworld.stage import Flat, Place, Stage

FOLIAGE: tuple[Color, ...] = (
    (74, 112, 52), (60, 98, 56), (92, 124, 58), (106, 128, 70), (52, 84, 48),
)  # fmt: skip
BARK: tuple[Color, ...] = ((94, 76, 60), (110, 96, 82), (78, 66, 56))


def draw_tree(stage: Stage, place: Place, height: float, style: str = "broad") -> None:
    """Draws a broad tree, a poplar, a pine or a palm; `meters` is its height."""
    flat = stage.flat(place)
    if flat is None or height * flat.scale < 0.01:
        return
    rng, painter = stage.rng, stage.painter
    leaves, bark = pick_color(rng, FOLIAGE, 14), pick_color(rng, BARK)
    stage.ground_shadow(place, height * 0.22)
    trunk = painter.part("tree", bark, flat.inverse_depth)
    width = height * 0.028
    crown_from = {"broad": 0.36, "tall": 0.14, "pine": 0.12, "palm": 0.8}[style]
    painter.polygon(
        trunk,
        (
            flat.at(-width, 0), flat.at(-width * 0.6, height * (crown_from + 0.12)),
            flat.at(width * 0.6, height * (crown_from + 0.12)), flat.at(width, 0),
        ),
    )  # fmt: skip
    if style == "pine":
        _draw_pine(stage, flat, height, leaves)
    elif style == "palm":
        _draw_palm(stage, flat, height, leaves)
    else:
        squeeze = 0.62 if style == "broad" else 0.28
        draw_crown(
            stage, "tree", flat, (0.0, height * (1 + crown_from) / 2),
            (height * squeeze / 2, height * (1 - crown_from) / 2), leaves,
        )  # fmt: skip


def draw_crown(
    stage: Stage,
    kind: str,
    flat: Flat,
    center: tuple[float, float],
    radii: tuple[float, float],
    color: Color,
) -> None:
    """Draws a cloud of leaves, darker below and lighter towards the sun; meters on `flat`."""
    rng, painter = stage.rng, stage.painter
    small = radii[1] * flat.scale < 0.04
    side = 1 if stage.sun[0] > 0 else -1
    for tone, lift, count in ((0.72, -0.1, 6), (1.0, 0.1, 6), (1.25, 0.32, 3)):
        part = painter.part(kind, scale_color(color, tone), flat.inverse_depth)
        for i in range(2 if small else count):
            turn = 2 * math.pi * (i + rng.random() * 0.7) / count
            reach = rng.uniform(0.3, 0.62) * (1.0 if tone < 1.2 else 0.6)
            x = center[0] + radii[0] * (reach * math.cos(turn) + side * max(lift, 0) * 0.5)
            y = center[1] + radii[1] * (reach * math.sin(turn) + lift)
            size = rng.uniform(0.36, 0.55) * (1.0 if tone < 1.2 else 0.62)
            painter.ellipse(
                part,
                flat.at(x, y),
                (radii[0] * size * flat.scale, radii[1] * size * flat.scale),
            )


def _draw_pine(stage: Stage, flat: Flat, height: float, color: Color) -> None:
    painter = stage.painter
    color = mix_colors(color, (40, 72, 58), 0.5)
    for i in range(4):
        low, high = 0.12 + 0.2 * i, 0.12 + 0.2 * i + 0.32
        reach = height * (0.2 - 0.04 * i)
        for tone, left in ((0.8, -reach), (1.1, -reach * 0.15)):
            part = painter.part("tree", scale_color(color, tone), flat.inverse_depth)
            painter.polygon(
                part,
                (
                    flat.at(left, height * low),
                    flat.at(0, height * min(high, 1.0)),
                    flat.at(reach, height * low),
                ),
            )


def _draw_palm(stage: Stage, flat: Flat, height: float, color: Color) -> None:
    painter, rng = stage.painter, stage.rng
    part = painter.part("tree", jitter_color(rng, color, 12), flat.inverse_depth)
    for i in range(7):
        turn = math.pi * (i + rng.random() * 0.6) / 6.5
        reach = height * 0.26
        tip = flat.at(reach * math.cos(turn), height * 0.9 + reach * (math.sin(turn) - 0.45))
        painter.limb(part, flat.at(0, height * 0.9), tip, reach * 0.11 * flat.scale, 0.0)


def draw_bush(stage: Stage, place: Place, height: float, color: Color | None = None) -> None:
    """Draws a bush; `meters` is its height."""
    flat = stage.flat(place)
    if flat is None or height * flat.scale < 0.008:
        return
    color = color or pick_color(stage.rng, FOLIAGE, 14)
    stage.ground_shadow(place, height * 0.7)
    draw_crown(stage, "bush", flat, (0.0, height * 0.42), (height * 0.75, height * 0.5), color)


def make_tuft(rng: random.Random, flat: Flat, height: float, blades: int) -> list[list]:
    """Returns the outlines of upright blades, for grass, seaweed and house plants."""
    outlines = []
    for i in range(blades):
        lean = height * 0.5 * (2 * (i + rng.random()) / blades - 1)
        tip = height * rng.uniform(0.7, 1.0)
        foot, width = lean * 0.25, height * 0.07
        bend = lean * 0.7
        outline = (
            (foot - width, 0), (bend - width, tip * 0.6), (lean, tip), (bend + width, tip * 0.6),
            (foot + width, 0),
        )  # fmt: skip
        outlines.append([flat.at(*corner) for corner in outline])
    return outlines


def draw_rock(stage: Stage, place: Place, size: float) -> None:
    """Draws a boulder, lit from above."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None:
        return
    color = pick_color(rng, ((118, 110, 98), (98, 96, 92), (134, 120, 100)), 10)
    stage.ground_shadow(place, size * 0.7)
    turns = [math.pi * i / 7 for i in range(8)]
    reach = [rng.uniform(0.75, 1.1) for _ in turns]
    for tone, inset, lift in ((0.72, 1.0, 0.0), (1.0, 0.78, 0.14)):
        part = stage.painter.part("rock", scale_color(color, tone), flat.inverse_depth)
        outline = [
            flat.at(
                size * 0.75 * r * inset * math.cos(t),
                size * (lift + 0.75 * r * inset * math.sin(t)),
            )
            for t, r in zip(turns, reach, strict=True)
        ]
        stage.painter.polygon(part, outline)
