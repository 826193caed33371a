"""Draws things that people play with (balls, umbrellas, kites, surfboards), and birds."""

import itertools
import math

from foi_tf.miniworld.color_math import Color, pick_color, scale_color
from foi_tf.miniworld.person import CLOTHES
from foi_tf.miniworld.stage import Flat, Place, Stage

_BALLS: tuple[tuple[Color, Color], ...] = (
    ((240, 240, 236), (50, 52, 56)), ((216, 120, 56), (84, 50, 36)),
    ((206, 222, 70), (240, 240, 230)),
)  # fmt: skip


def _draw_ellipse(
    stage: Stage, kind: str, flat: Flat, center, radii, color: Color, turn: float = 0.0
):
    part = stage.painter.part(kind, color, flat.inverse_depth)
    radii = radii[0] * flat.scale, radii[1] * flat.scale
    stage.painter.ellipse(part, flat.at(*center), radii, turn)


def draw_ball(stage: Stage, place: Place, radius: float = 0.14, style: int | None = None) -> None:
    """Draws a football (0), basketball (1) or tennis ball (2)."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None:
        return
    style = rng.randrange(3) if style is None else style
    color, mark = _BALLS[style]
    r = radius
    stage.ground_shadow(place, r)
    with stage.painter.instance("ball"):
        _draw_ellipse(stage, "ball", flat, (0, r), (r, r), scale_color(color, 0.78))
        _draw_ellipse(stage, "ball", flat, (-0.05 * r, 1.06 * r), (0.93 * r, 0.92 * r), color)
        if style == 0:
            for i in range(5):
                turn = 2 * math.pi * i / 5 + rng.uniform(0, 0.5)
                spot = 0.66 * r * math.cos(turn), r + 0.66 * r * math.sin(turn)
                _draw_ellipse(stage, "ball", flat, spot, (0.22 * r, 0.2 * r), mark)
            _draw_ellipse(stage, "ball", flat, (0, r), (0.26 * r, 0.26 * r), mark)
            return
        line = stage.painter.part("ball", mark, flat.inverse_depth)
        wide = 0.035 * r * flat.scale
        for bend in (-0.75, 0.0, 0.75) if style == 1 else (-0.6, 0.6):
            arc = [
                (bend * r * math.cos(t), r + r * 0.97 * math.sin(t)) for t in (-1.3, -0.5, 0.5, 1.3)
            ]
            for a, b in itertools.pairwise(arc):
                stage.painter.limb(line, flat.at(*a), flat.at(*b), wide, wide)
        if style == 1:
            stage.painter.limb(line, flat.at(-0.95 * r, r), flat.at(0.95 * r, r), wide, wide)


def draw_umbrella(stage: Stage, place: Place, height: float = 2.2) -> None:
    """Draws a parasol on its stick."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None:
        return
    first, second = pick_color(rng, CLOTHES), (238, 234, 226)
    h = height
    stage.ground_shadow(place, h * 0.35)
    with stage.painter.instance("umbrella"):
        stick = stage.painter.part("umbrella", (150, 140, 126), flat.inverse_depth)
        wide = 0.012 * h * flat.scale
        stage.painter.limb(stick, flat.at(0, 0), flat.at(0, h * 0.95), wide, wide)
        for i in range(6):
            part = stage.painter.part("umbrella", first if i % 2 else second, flat.inverse_depth)
            left, right = -1 + i / 3, -1 + (i + 1) / 3
            rim = [(x * h * 0.46, h * (0.72 - 0.05 * x * x)) for x in (left, right)]
            mid = [(x * h * 0.34, h * (0.9 - 0.05 * x * x)) for x in (right, left)]
            stage.painter.polygon(part, [flat.at(*p) for p in (*rim, mid[0], (0, h), mid[1])])


def draw_kite(stage: Stage, place: Place) -> None:
    """Draws a kite in the air, at the height `place.y`."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None:
        return
    colors = pick_color(rng, CLOTHES, 16), pick_color(rng, CLOTHES, 16)
    lean = rng.uniform(-0.5, 0.5)

    def at(x: float, y: float):
        return flat.at(
            x * math.cos(lean) - y * math.sin(lean), x * math.sin(lean) + y * math.cos(lean)
        )

    with stage.painter.instance("kite"):
        for i, color in enumerate(colors):
            part = stage.painter.part("kite", color, flat.inverse_depth)
            side = (0.45, 0.2) if i else (-0.45, 0.2)
            stage.painter.polygon(part, (at(0, 0.75), at(*side), at(0, -0.7)))
        tail = stage.painter.part("kite", scale_color(colors[0], 0.8), flat.inverse_depth)
        points = [at(0.12 * (-1) ** i, -0.7 - 0.25 * i) for i in range(4)]
        for a, b in itertools.pairwise(points):
            stage.painter.limb(tail, a, b, 0.03 * flat.scale, 0.03 * flat.scale)


def draw_surfboard(stage: Stage, place: Place) -> None:
    """Draws a surfboard that is stuck upright in the ground."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None:
        return
    color = pick_color(rng, CLOTHES, 12)
    stage.ground_shadow(place, 0.4)
    with stage.painter.instance("surfboard"):
        _draw_ellipse(stage, "surfboard", flat, (0, 0.95), (0.28, 1.0), color, rng.uniform(-8, 8))
        _draw_ellipse(stage, "surfboard", flat, (0, 0.95), (0.07, 0.94), (240, 236, 228), 0.0)


def draw_bird(stage: Stage, place: Place, size: float = 0.5) -> None:
    """Draws a bird that stands on the ground or, with `place.y`, flies."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None or size * flat.scale < 0.012:
        return
    plumage = pick_color(rng, ((236, 236, 232), (96, 100, 108), (180, 120, 70), (70, 110, 160)), 10)
    s, way = size, rng.choice((-1, 1))
    flies = place.y > 0

    def fill(color: Color, corners) -> None:
        part = stage.painter.part("bird", color, flat.inverse_depth)
        stage.painter.polygon(part, [flat.at(x * s * way, y * s) for x, y in corners])

    with stage.painter.instance("bird"):
        if flies:
            fill(scale_color(plumage, 0.8), ((-0.1, 0.3), (-0.5, 0.85), (0.2, 0.4)))
        else:
            for x in (-0.02, 0.1):
                fill((206, 140, 60), ((x, 0), (x, 0.3), (x + 0.05, 0.3), (x + 0.05, 0)))
        fill(scale_color(plumage, 0.75), ((-0.2, 0.5), (-0.7, 0.42), (-0.65, 0.28), (-0.15, 0.3)))
        _draw_ellipse(stage, "bird", flat, (0, 0.42 * s), (0.34 * s, 0.2 * s), plumage, 18 * way)
        head = 0.3 * s * way, 0.66 * s
        fill(plumage, ((0.1, 0.5), (0.22, 0.72), (0.4, 0.6), (0.3, 0.36)))
        _draw_ellipse(stage, "bird", flat, head, (0.15 * s, 0.14 * s), plumage)
        fill((226, 160, 60), ((0.42, 0.7), (0.62, 0.63), (0.42, 0.6)))
        _draw_ellipse(
            stage, "bird", flat, (0.35 * s * way, 0.69 * s), (0.025 * s, 0.025 * s), (24, 22, 24)
        )
        wing = scale_color(plumage, 0.85)
        if flies:
            fill(wing, ((-0.25, 0.42), (-0.1, 1.15), (0.25, 0.5)))
        else:
            _draw_ellipse(
                stage,
                "bird",
                flat,
                (-0.1 * s * way, 0.44 * s),
                (0.26 * s, 0.12 * s),
                wing,
                14 * way,
            )
