"""Draws bicycles and motorcycles, parked or ridden, as seen from any side."""

import math

from foi_tf.miniworld.color_math import pick_color
from foi_tf.miniworld.person import CLOTHES, draw_person
from foi_tf.miniworld.stage import Flat, Place, Stage
from foi_tf.miniworld.vehicles import PAINT, TYRE


def draw_cycle(stage: Stage, place: Place, kind: str, ridden: bool = False) -> None:
    """Draws a bicycle or motorcycle as an instance, and its rider as another."""
    flat = stage.flat(place)
    if flat is None or flat.scale < 0.01:
        return
    turn = place.heading - stage.camera.yaw
    # Seen end-on its wheels are narrow upright ellipses; from the side they are round.
    side = math.sin(turn)
    stage.ground_shadow(place, 0.5)
    with stage.painter.instance(kind):
        (_draw_bicycle if kind == "bicycle" else _draw_motorcycle)(stage, flat, side)
    if ridden:
        seat = 0.42 if kind == "bicycle" else 0.3
        draw_person(
            stage, place.moved(0.0, 0.0, seat), stage.rng.uniform(1.5, 1.65), "riding", kind="rider"
        )


def _draw_wheel(
    stage: Stage, flat: Flat, part: int, x: float, radius: float, side: float, width: float
):
    across = max(abs(side) * radius, width)
    stage.painter.ellipse(
        part, flat.at(x * side, radius), (across * flat.scale, radius * flat.scale)
    )


def _draw_bicycle(stage: Stage, flat: Flat, side: float) -> None:
    painter, rng = stage.painter, stage.rng
    tyre = painter.part("bicycle", TYRE, flat.inverse_depth)
    disc = painter.part("bicycle", (150, 152, 150), flat.inverse_depth)
    frame = painter.part("bicycle", pick_color(rng, CLOTHES), flat.inverse_depth)
    for x in (-0.52, 0.52):
        _draw_wheel(stage, flat, tyre, x, 0.34, side, 0.035)
        if abs(side) > 0.3:
            _draw_wheel(stage, flat, disc, x, 0.28, side, 0.0)

    def bar(x0: float, y0: float, x1: float, y1: float) -> None:
        radius = 0.03 * flat.scale
        painter.limb(frame, flat.at(x0 * side, y0), flat.at(x1 * side, y1), radius, radius)

    bar(-0.52, 0.34, 0.0, 0.3)
    bar(0.0, 0.3, -0.15, 0.88)
    bar(-0.15, 0.78, 0.4, 0.8)
    bar(0.0, 0.3, 0.4, 0.8)
    bar(0.52, 0.34, 0.38, 1.0)
    bar(-0.26, 0.9, -0.04, 0.9)
    wide = 0.25 * (1 - abs(side)) + 0.08
    painter.limb(
        frame, flat.at(0.38 * side - wide, 1.0), flat.at(0.38 * side + wide, 1.0),
        0.025 * flat.scale, 0.025 * flat.scale,
    )  # fmt: skip


def _draw_motorcycle(stage: Stage, flat: Flat, side: float) -> None:
    painter, rng = stage.painter, stage.rng
    tyre = painter.part("motorcycle", TYRE, flat.inverse_depth)
    engine = painter.part("motorcycle", (96, 98, 104), flat.inverse_depth)
    body = painter.part("motorcycle", pick_color(rng, PAINT), flat.inverse_depth)
    seat = painter.part("motorcycle", (40, 38, 40), flat.inverse_depth)
    for x in (-0.65, 0.65):
        _draw_wheel(stage, flat, tyre, x, 0.31, side, 0.07)

    def blob(part: int, x0: float, y0: float, x1: float, y1: float, radius: float) -> None:
        size = radius * flat.scale
        painter.limb(part, flat.at(x0 * side, y0), flat.at(x1 * side, y1), size, size)

    blob(engine, -0.3, 0.4, 0.3, 0.42, 0.17)
    blob(engine, 0.65, 0.31, 0.42, 0.95, 0.05)
    blob(body, 0.05, 0.72, 0.4, 0.78, 0.14)
    blob(seat, -0.55, 0.72, -0.05, 0.72, 0.08)
    wide = 0.3 * (1 - abs(side)) + 0.1
    painter.limb(
        engine, flat.at(0.42 * side - wide, 1.0), flat.at(0.42 * side + wide, 1.0),
        0.03 * flat.scale, 0.03 * flat.scale,
    )  # fmt: skip
