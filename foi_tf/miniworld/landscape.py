"""Paints open land: park, meadow, sports field and shore."""

import itertools
import math

from foi_tf.miniworld import roadside
from foi_tf.miniworld.camera import Vector
from foi_tf.miniworld.color_math import Color, jitter_color, mix_colors, pick_color, scale_color
from foi_tf.miniworld.nature import draw_bush, draw_rock, draw_tree
from foi_tf.miniworld.painter import inverse_depth_of_plane
from foi_tf.miniworld.skies import Weather, paint_sky
from foi_tf.miniworld.stage import ORIGIN, Place, Stage

LANDSCAPES = ("park", "meadow", "field", "shore")


def paint_plain(
    stage: Stage, kind: str, color: Color, near: float = 0.0, far: float = 700.0
) -> None:
    """Paints a plain from `near` to `far`, as wide as the image."""
    wide = 40 + far * 1.6
    corners: list[Vector] = [(-wide, 0, far), (wide, 0, far), (wide, 0, near), (-wide, 0, near)]
    stage.face(kind, ORIGIN, corners, color, lit=False)


def paint_landscape(stage: Stage, kind: str, weather: Weather) -> None:
    """Paints sky, ground and plants; figures are drawn on top later."""
    paint_sky(stage.painter, stage.camera, stage.rng, weather)
    _PAINT[kind](stage, weather)


def _paint_hills(stage: Stage, weather: Weather, kind: str = "mountain") -> None:
    rng, camera = stage.rng, stage.camera
    base = (96, 124, 84) if kind == "tree" else (116, 132, 130)
    part = stage.painter.part(
        kind,
        mix_colors(jitter_color(rng, base, 8), weather.bottom, 0.3),
        inverse_depth_of_plane(400.0),
    )
    steps, phase = 16, rng.uniform(0, 6.3)
    height = 0.035 if kind == "tree" else rng.uniform(0.03, 0.1)
    ridge = []
    for i in range(steps + 1):
        x = camera.aspect * (i / steps * 1.3 - 0.15)
        swell = 0.6 + 0.4 * math.sin(phase + i * 0.7) + rng.uniform(-0.12, 0.12)
        ridge.append((x, camera.horizon - height * swell))
    low = camera.horizon + 0.03 + abs(camera.roll) * camera.aspect
    stage.painter.polygon(part, [*ridge, (ridge[-1][0], low), (ridge[0][0], low)])


def _scatter(stage: Stage, count: int, near: float, far: float, draw) -> None:
    spots = []
    for _ in range(count):
        z = stage.rng.uniform(near, far)
        half = z * stage.camera.aspect / stage.camera.focal * 0.6
        spots.append((z, stage.rng.uniform(-half, half)))
    for z, x in sorted(spots, reverse=True):
        draw(Place(x, z, stage.rng.choice((0.0, math.pi))))


def _paint_park(stage: Stage, weather: Weather) -> None:
    rng = stage.rng
    _paint_hills(stage, weather, "tree")
    paint_plain(stage, "grass", jitter_color(rng, (108, 142, 70), 14))
    if rng.random() < 0.7:  # There is a path across.
        z, wide, slant = rng.uniform(4, 12), rng.uniform(1.2, 2.5), rng.uniform(-6, 6)
        corners = [
            (-60, 0, z + wide + slant),
            (60, 0, z + wide - slant),
            (60, 0, z - slant),
            (-60, 0, z + slant),
        ]
        stage.face("pavement", ORIGIN, corners, jitter_color(rng, (196, 180, 150), 10), lit=False)
    style = rng.choice(("broad", "broad", "pine", "tall"))
    _scatter(
        stage, rng.randint(3, 7), 12, 45, lambda p: draw_tree(stage, p, rng.uniform(5, 10), style)
    )
    _scatter(stage, rng.randint(0, 3), 9, 20, lambda p: draw_bush(stage, p, rng.uniform(0.7, 1.5)))
    if rng.random() < 0.55:
        _scatter(stage, 1, 6, 12, lambda p: roadside.draw_bench(stage, p))
    if rng.random() < 0.3:
        _scatter(stage, 1, 6, 12, lambda p: roadside.draw_bin(stage, p))


def _paint_meadow(stage: Stage, weather: Weather) -> None:
    rng = stage.rng
    _paint_hills(stage, weather, rng.choice(("mountain", "tree")))
    tone = rng.choice(((128, 150, 78), (166, 158, 92), (104, 136, 76)))
    paint_plain(stage, "grass", jitter_color(rng, tone, 12))
    if rng.random() < 0.4:
        paint_plain(
            stage,
            "soil",
            jitter_color(rng, (160, 134, 98), 12),
            rng.uniform(8, 14),
            rng.uniform(18, 30),
        )
    if rng.random() < 0.5:
        z = rng.uniform(9, 20)
        roadside.draw_fence(stage, Place(-40, z), Place(40, z + rng.uniform(-3, 3)), rail=False)
    _scatter(stage, rng.randint(1, 4), 18, 60, lambda p: draw_tree(stage, p, rng.uniform(5, 10)))
    _scatter(stage, rng.randint(0, 3), 8, 20, lambda p: draw_bush(stage, p, rng.uniform(0.5, 1.2)))
    _scatter(stage, rng.randint(0, 2), 7, 18, lambda p: draw_rock(stage, p, rng.uniform(0.4, 1.1)))


def _paint_field(stage: Stage, weather: Weather) -> None:
    rng = stage.rng
    _paint_hills(stage, weather, "tree")
    court = rng.random() < 0.35
    turf = pick_color(
        rng, ((176, 100, 72), (66, 106, 150), (80, 128, 96)) if court else ((88, 146, 72),), 10
    )
    if court:
        paint_plain(stage, "bush", (70, 100, 66), 40)
    paint_plain(stage, "field", turf, far=40 if court else 80)
    lines = []
    for z in (4.5, 13.0, 24.0):
        wide = 0.1 if z < 10 else 0.22
        lines.append([(-30, 0, z + wide), (30, 0, z + wide), (30, 0, z), (-30, 0, z)])
    stage.decals("field", ORIGIN, lines, (236, 238, 230))
    if not court:
        stripes = [
            [(-60, 0, z + 4), (60, 0, z + 4), (60, 0, z + 0.3), (-60, 0, z + 0.3)]
            for z in (5, 14, 25, 40)
        ]
        stage.decals("field", ORIGIN, stripes, scale_color(turf, 1.08))
    if rng.random() < 0.6:
        draw_goal(stage, Place(rng.uniform(-5, 5), rng.uniform(14, 22)))


def draw_goal(stage: Stage, place: Place) -> None:
    """Draws a football goal with its net."""
    flat = stage.flat(place)
    if flat is None:
        return
    painter = stage.painter
    with painter.instance("goal"):
        post = painter.part("goal", (240, 240, 238), flat.inverse_depth)
        radius = 0.08 * flat.scale
        corners = flat.at(-2.6, 0), flat.at(-2.6, 2.2), flat.at(2.6, 2.2), flat.at(2.6, 0)
        for a, b in itertools.pairwise(corners):
            painter.limb(post, a, b, radius, radius)
        for i in range(1, 8):
            x = -2.6 + 5.2 * i / 8
            painter.limb(post, flat.at(x, 0.0), flat.at(x, 2.2), radius * 0.25, radius * 0.25)


def _paint_shore(stage: Stage, weather: Weather) -> None:
    """Paints a beach or the edge of a lake, with the water beyond."""
    rng = stage.rng
    lake = rng.random() < 0.4
    if lake or rng.random() < 0.4:
        _paint_hills(stage, weather, "mountain")
    edge = rng.uniform(6, 14)
    tone = pick_color(rng, ((70, 128, 150), (60, 108, 140), (96, 150, 156)), 10)
    paint_plain(stage, "water", mix_colors(tone, weather.bottom, 0.15), near=edge)
    waves = []
    for _ in range(8):
        z, x = edge + rng.uniform(0.5, 25) ** 1.2, rng.uniform(-15, 15)
        waves.append([(x - 3, 0, z + 0.25), (x + 3, 0, z + 0.25), (x + 3, 0, z), (x - 3, 0, z)])
    for wave in waves:
        stage.decals("water", ORIGIN, [wave], scale_color(tone, 1.25))
    if lake:
        paint_plain(stage, "grass", jitter_color(rng, (112, 142, 76), 10), far=edge)
        _scatter(stage, 3, edge * 0.9, edge, lambda p: draw_bush(stage, p, rng.uniform(0.4, 0.9)))
    else:
        foam = edge + 0.7
        corners = [(-90, 0, foam), (90, 0, foam), (90, 0, edge), (-90, 0, edge)]
        stage.decals("water", ORIGIN, [corners], (238, 242, 240))
        paint_plain(stage, "sand", pick_color(rng, ((226, 206, 160), (206, 186, 146)), 8), far=edge)
    for _ in range(rng.randint(0, 2)):
        draw_boat(stage, Place(rng.uniform(-12, 12), edge + rng.uniform(6, 22)), rng.uniform(3, 6))
    _scatter(
        stage, rng.randint(0, 2), 5, edge, lambda p: draw_rock(stage, p, rng.uniform(0.3, 0.8))
    )
    if rng.random() < 0.35:
        style = "broad" if lake else "palm"
        _scatter(
            stage,
            2,
            edge * 0.5,
            edge * 0.9,
            lambda p: draw_tree(stage, p, rng.uniform(4, 7), style),
        )


def draw_boat(stage: Stage, place: Place, length: float) -> None:
    """Draws a sailing or motor boat, seen from the side."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None:
        return
    painter, s, way = stage.painter, length, rng.choice((-1, 1))
    hull = pick_color(rng, ((236, 234, 228), (60, 84, 120), (176, 66, 54), (150, 110, 76)), 8)

    def fill(color: Color, corners) -> None:
        part = painter.part("boat", color, flat.inverse_depth)
        painter.polygon(part, [flat.at(x * s * way, y * s) for x, y in corners])

    with painter.instance("boat"):
        if rng.random() < 0.6:
            fill((120, 100, 84), ((-0.02, 0.1), (-0.02, 1.1), (0.02, 1.1), (0.02, 0.1)))
            fill((240, 238, 230), ((0.04, 0.22), (0.04, 1.05), (0.45, 0.24)))
            fill(
                pick_color(rng, ((240, 238, 230), (220, 110, 80))),
                ((-0.04, 0.22), (-0.04, 0.95), (-0.4, 0.24)),
            )
        else:
            fill((238, 238, 236), ((-0.25, 0.15), (-0.22, 0.38), (0.1, 0.38), (0.2, 0.15)))
            fill((70, 96, 116), ((-0.18, 0.24), (-0.17, 0.34), (0.08, 0.34), (0.12, 0.24)))
        fill(hull, ((-0.5, 0.17), (0.58, 0.2), (0.42, 0.0), (-0.44, 0.0)))
        fill(scale_color(hull, 0.7), ((-0.46, 0.05), (0.46, 0.05), (0.42, 0.0), (-0.44, 0.0)))


def draw_ship(stage: Stage, place: Place, length: float) -> None:
    """Draws a ship with a bridge and containers, seen from the side."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None:
        return
    painter, s, way = stage.painter, length, rng.choice((-1, 1))
    hull = pick_color(rng, ((150, 60, 52), (50, 66, 92), (70, 76, 80)), 8)

    def fill(color: Color, corners) -> None:
        part = painter.part("ship", color, flat.inverse_depth)
        painter.polygon(part, [flat.at(x * s * way, y * s) for x, y in corners])

    with painter.instance("ship"):
        for i in range(5):
            color = pick_color(
                rng, ((190, 80, 60), (60, 110, 150), (220, 180, 70), (90, 140, 100)), 10
            )
            left, high = -0.2 + i * 0.12, 0.11 + 0.06 * rng.randint(1, 3)
            fill(color, ((left, 0.1), (left, high), (left + 0.11, high), (left + 0.11, 0.1)))
        fill((238, 236, 230), ((-0.42, 0.1), (-0.42, 0.36), (-0.26, 0.36), (-0.26, 0.1)))
        fill((60, 80, 96), ((-0.4, 0.28), (-0.4, 0.33), (-0.28, 0.33), (-0.28, 0.28)))
        fill((70, 66, 64), ((-0.38, 0.36), (-0.38, 0.44), (-0.31, 0.44), (-0.31, 0.36)))
        fill(hull, ((-0.5, 0.13), (0.54, 0.15), (0.44, 0.0), (-0.46, 0.0)))
        fill((168, 70, 60), ((-0.47, 0.025), (0.46, 0.025), (0.44, 0.0), (-0.46, 0.0)))


_PAINT = {
    "park": _paint_park,
    "meadow": _paint_meadow,
    "field": _paint_field,
    "shore": _paint_shore,
}
