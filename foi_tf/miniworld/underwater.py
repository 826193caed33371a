"""Paints seabeds, reefs and open water, in the colors that water lets through."""

import dataclasses

from foi_tf.miniworld.camera import Camera
from foi_tf.miniworld.color_math import Color, jitter_color, mix_colors, pick_color, scale_color
from foi_tf.miniworld.crowd import Crowd
from foi_tf.miniworld.nature import draw_rock
from foi_tf.miniworld.painter import Painter
from foi_tf.miniworld.sealife import (
    draw_coral,
    draw_diver,
    draw_fish,
    draw_litter_bottle,
    draw_natural_litter,
    draw_plastic,
    draw_robot,
    draw_seaweed,
    draw_wreck,
)
from foi_tf.miniworld.shading import Look, sample_look
from foi_tf.miniworld.stage import ORIGIN, Place, Stage
from foi_tf.miniworld.variation import UnderwaterRanges

WATERS: dict[str, tuple[Color, Color]] = {
    "blue": ((84, 168, 206), (26, 76, 128)),
    "turquoise": ((130, 206, 206), (40, 124, 142)),
    "green": ((112, 160, 118), (44, 88, 70)),
    "murky": ((128, 138, 104), (70, 80, 58)),
    "deep": ((44, 74, 116), (10, 22, 48)),
}
_TINTS = {"blue": (0.72, 0.95, 1.08), "turquoise": (0.85, 1.05, 1.02), "green": (0.82, 1.02, 0.8),
          "murky": (0.92, 0.98, 0.72), "deep": (0.5, 0.72, 1.05)}  # fmt: skip


def paint_dive(painter: Painter, rng, ranges: UnderwaterRanges) -> Look:
    """Paints a dive; returns its look."""
    water = rng.choice(ranges.water)
    place = rng.choice(ranges.places)
    camera = Camera(
        aspect=painter.aspect,
        focal=rng.uniform(0.9, 1.2),
        height=ranges.camera_height.sample(rng),
        horizon=ranges.horizon.sample(rng),
    )
    stage = Stage(painter, camera, rng, (rng.uniform(-0.4, 0.4), 0.88, -0.25), 0.7)
    look = paint_water(stage, sample_look(rng, ranges.look), water, ranges.visibility.sample(rng))
    if place != "open":
        paint_seabed(stage)
    _paint_rays(stage, look.haze_top)
    _draw_life(stage, ranges, place)
    return look


def paint_water(stage: Stage, look: Look, water: str, visibility: float) -> Look:
    """Paints the water, lighter towards the surface; returns the look of things in it."""
    top, bottom = (jitter_color(stage.rng, color, 10) for color in WATERS[water])
    box = (0.0, 0.0, 1.0, stage.camera.aspect)
    stage.painter.bands("water", box, [mix_colors(top, bottom, (i + 0.5) / 24) for i in range(24)])
    return dataclasses.replace(
        look, haze=1 / visibility, haze_top=top, haze_bottom=bottom, tint=_TINTS[water]
    )


def paint_seabed(stage: Stage) -> None:
    """Paints sand up to the horizon, with dunes of rock in the distance."""
    rng = stage.rng
    sand = pick_color(rng, ((214, 200, 160), (190, 182, 150), (176, 164, 132)), 10)
    corners = [(-60, 0, 90.0), (60, 0, 90.0), (60, 0, 0.2), (-60, 0, 0.2)]
    stage.face("sand", ORIGIN, corners, sand, lit=False)
    for _ in range(rng.randint(1, 3)):
        draw_rock(stage, Place(rng.uniform(-7, 7), rng.uniform(7, 12)), rng.uniform(1.2, 3.0))


def _paint_rays(stage: Stage, top: Color) -> None:
    """Paints shafts of light from the surface, far behind everything."""
    rng, aspect = stage.rng, stage.camera.aspect
    for _ in range(rng.randint(0, 4)):
        x, wide, lean = rng.uniform(0, aspect), rng.uniform(0.03, 0.08), rng.uniform(-0.2, 0.2)
        length = rng.uniform(0.2, 0.45)
        part = stage.painter.part("water", scale_color(top, 1.08))
        low = min(length, max(stage.camera.horizon - 0.02, 0.05))
        stage.painter.polygon(
            part, ((x, 0), (x + wide, 0), (x + lean + wide * 1.3, low), (x + lean, low))
        )


def _draw_life(stage: Stage, ranges: UnderwaterRanges, place: str) -> None:
    """Draws everything in the water, the farthest first."""
    rng, camera = stage.rng, stage.camera
    crowd = Crowd(stage)

    def spot(near: float, far: float, height: float = 0.0) -> Place:
        z = near + (far - near) * rng.random() ** 1.4
        half = z * camera.aspect / 2 / camera.focal
        return Place(rng.uniform(-0.95, 0.95) * half, z, 0.0, height)

    def level(low: float, high: float) -> float:
        return camera.height + rng.uniform(low, high)

    if place != "open":
        near = 1.4 * camera.height
        for _ in range(ranges.coral.count(rng) if place != "sand" else 0):
            crowd.put(spot(near, 7), draw_coral, rng.uniform(0.35, 0.9))
        for _ in range(rng.randint(0, 3)):
            crowd.put(spot(near, 8), draw_rock, rng.uniform(0.4, 1.0))
        for _ in range(rng.randint(1, 4)):
            crowd.put(spot(near, 7), draw_seaweed, rng.uniform(0.4, 1.0))
        if place == "wreck":
            crowd.put(spot(4.5, 8), draw_wreck)
    for _ in range(ranges.fish.count(rng)):
        crowd.put(spot(1.8, 6, level(-0.5, 1.2)), draw_fish, rng.uniform(0.25, 0.6))
    for _ in range(ranges.divers.count(rng)):
        crowd.put(spot(3, 6, level(-0.9, 0.4)), draw_diver)
    for _ in range(ranges.robots.count(rng)):
        crowd.put(spot(2, 5, level(-1.0, 0.1)), draw_robot)
    for _ in range(ranges.trash.count(rng)):
        height = 0.0 if rng.random() < 0.7 else rng.uniform(0, 1)
        draw = rng.choice((draw_plastic, draw_plastic, draw_litter_bottle, draw_natural_litter))
        crowd.put(spot(1.3 * camera.height, 4.5, height), draw)
    crowd.draw()
