"""Draws road vehicles: a side profile with a width, and wheels, glass and lights."""

import dataclasses
import math

from foi_tf.miniworld.color_math import Color, pick_color, scale_color
from foi_tf.miniworld.stage import Local, Place, Stage

PAINT: tuple[Color, ...] = (
    (196, 198, 202), (236, 236, 234), (52, 56, 62), (118, 124, 132), (168, 44, 40),
    (44, 78, 132), (64, 92, 84), (186, 150, 92), (222, 186, 64), (92, 60, 56),
)  # fmt: skip
GLASS: Color = (62, 78, 92)
TYRE: Color = (34, 34, 36)

Outline = tuple[tuple[float, float], ...]  # (forward, up) in meters, clockwise from the right.


@dataclasses.dataclass(frozen=True)
class VehicleBody:
    """Describes the shape of a vehicle in meters.

    Attributes:
      profile: its outline from the right, with the front towards +forward.
      width: from side to side.
      glass: the edges of the profile, by index, that are windscreens or rear windows.
      windows: the outlines of the windows on each side.
      wheels: (forward, radius) of each axle.
      paints: the colors that it may have.
    """

    profile: Outline
    width: float
    glass: tuple[int, ...]
    windows: tuple[Outline, ...]
    wheels: tuple[tuple[float, float], ...]
    paints: tuple[Color, ...] = PAINT


def _make_window(start: float, end: float, low: float, high: float, slant: float = 0.0) -> Outline:
    return (start, low), (start + max(slant, 0), high), (end + min(slant, 0), high), (end, low)


BODIES = {
    "car": VehicleBody(
        profile=(
            (-2.1, 0.3), (-2.15, 0.85), (-1.75, 0.98), (-1.05, 1.42), (0.35, 1.46), (1.05, 0.98),
            (2.0, 0.8), (2.1, 0.55), (2.1, 0.3),
        ),
        width=1.75, glass=(2, 4),
        windows=(
            ((-1.45, 1.0), (-0.98, 1.34), (-0.4, 1.36), (-0.4, 1.0)),
            ((-0.3, 1.0), (-0.3, 1.36), (0.3, 1.37), (0.8, 1.0)),
        ),
        wheels=((-1.3, 0.33), (1.3, 0.33)),
    ),
    "van": VehicleBody(
        profile=(
            (-2.3, 0.35), (-2.3, 1.85), (-2.1, 2.0), (1.3, 2.0), (1.95, 1.25), (2.4, 1.0),
            (2.45, 0.35),
        ),
        width=1.9, glass=(3,),
        windows=(
            _make_window(-2.0, -0.9, 1.2, 1.75), _make_window(-0.75, 0.35, 1.2, 1.75),
            ((0.5, 1.2), (0.5, 1.75), (1.2, 1.75), (1.65, 1.2)),
        ),
        wheels=((-1.5, 0.36), (1.55, 0.36)),
    ),
    "bus": VehicleBody(
        profile=((-5.5, 0.4), (-5.5, 3.0), (-5.3, 3.1), (5.4, 3.1), (5.5, 2.9), (5.55, 0.4)),
        width=2.5, glass=(4,),
        windows=tuple(_make_window(-5.2 + 1.5 * i, -3.85 + 1.5 * i, 1.5, 2.6) for i in range(7)),
        wheels=((-3.4, 0.48), (3.6, 0.48)),
        paints=((196, 52, 44), (226, 180, 48), (60, 110, 150), (232, 232, 228), (70, 120, 86)),
    ),
    "truck": VehicleBody(
        profile=((-3.6, 0.6), (-3.6, 3.0), (1.5, 3.0), (1.5, 2.4), (2.9, 2.4), (3.3, 1.5),
                 (3.4, 0.5)),
        width=2.4, glass=(4,),
        windows=(((1.75, 1.6), (1.75, 2.2), (2.7, 2.2), (2.95, 1.6)),),
        wheels=((-2.5, 0.5), (-1.3, 0.5), (2.4, 0.5)),
        paints=((222, 222, 218), (70, 96, 140), (176, 70, 52), (206, 160, 60), (120, 130, 120)),
    ),
    "autorickshaw": VehicleBody(
        profile=((-1.2, 0.25), (-1.25, 1.1), (-1.1, 1.7), (0.5, 1.75), (0.95, 1.15), (1.3, 0.7),
                 (1.3, 0.3)),
        width=1.3, glass=(3,),
        windows=(_make_window(-0.75, -0.1, 0.85, 1.5), _make_window(0.0, 0.6, 0.75, 1.5, -0.12)),
        wheels=((-0.8, 0.25), (1.0, 0.25)),
        paints=((226, 186, 40), (60, 124, 70), (232, 196, 60)),
    ),
}  # fmt: skip


def draw_vehicle(stage: Stage, place: Place, kind: str, paint: Color | None = None) -> None:
    """Draws a car, van, bus, truck or autorickshaw as an instance."""
    body = BODIES[kind]
    size = stage.extent(place, 1.5)
    if size < 0.006:
        return
    rng = stage.rng
    paint = paint or pick_color(rng, body.paints, 12)
    half = body.width / 2
    length = body.profile[-1][0] - body.profile[0][0]
    stage.cast(
        place,
        [
            (side * (half + 0.25), 0.0, end * (length / 2 + 0.2))
            for side, end in ((-1, -1), (-1, 1), (1, 1), (1, -1))
        ],
    )
    with stage.painter.instance(kind):
        wheels = size > 0.02
        if wheels:
            _draw_underside(stage, kind, place, body)
        _draw_shell(stage, kind, place, body, paint)
        for side in (-1, 1):
            _draw_side(stage, kind, place, body, paint, side, size)
        if size > 0.04:
            _draw_lights(stage, kind, place, body)


def _draw_shell(stage: Stage, kind: str, place: Place, body: VehicleBody, paint: Color) -> None:
    """Draws the faces between the two sides, farther faces first."""
    half = body.width / 2
    edges = list(zip(body.profile, (*body.profile[1:], body.profile[0]), range(99), strict=False))
    edges.pop()  # The underside is not drawn.

    def depth(edge) -> float:
        (f0, _), (f1, _), _ = edge
        x, _, z = place.world((0.0, 0.0, (f0 + f1) / 2))
        return -stage.depth(x, z)

    for (f0, u0), (f1, u1), number in sorted(edges, key=depth):
        corners = [(-half, u1, f1), (half, u1, f1), (half, u0, f0), (-half, u0, f0)]
        shown = stage.face(kind, place, corners, paint)
        if shown and number in body.glass:
            inner = [(r * 0.86, u + (u0 + u1 - 2 * u) * 0.07, f + (f0 + f1 - 2 * f) * 0.07)
                     for r, u, f in corners]  # fmt: skip
            stage.face(kind, place, inner, GLASS)


def _place_on_side(u: float, outline: Outline) -> list[Local]:
    return [(u, up, forward) for forward, up in outline]


def _draw_side(
    stage, kind: str, place: Place, body: VehicleBody, paint: Color, side: int, size: float
):
    u = side * body.width / 2
    outline = body.profile if side > 0 else body.profile[::-1]
    if not stage.face(kind, place, _place_on_side(u, outline), scale_color(paint, 0.95)):
        return
    if size > 0.015:
        windows = [_place_on_side(u, window) for window in body.windows]
        stage.decals(kind, place, windows, GLASS, texture=(0.01, 0.05, 0.0))
    if size > 0.02:
        _draw_wheels(stage, kind, place, body, u)


def _make_circle(forward: float, up: float, radius: float, count: int = 10) -> Outline:
    turns = [2 * math.pi * i / count for i in range(count)]
    return tuple((forward + radius * math.cos(t), up + radius * math.sin(t)) for t in turns)


def _draw_wheels(stage: Stage, kind: str, place: Place, body: VehicleBody, u: float) -> None:
    discs = [_place_on_side(u, _make_circle(f, r, r)) for f, r in body.wheels]
    stage.decals(kind, place, discs, TYRE)
    hubs = [_place_on_side(u, _make_circle(f, r, r * 0.5, 8)) for f, r in body.wheels]
    stage.decals(kind, place, hubs, (150, 150, 152))


def _draw_underside(stage: Stage, kind: str, place: Place, body: VehicleBody) -> None:
    """Draws the tires that are seen under the ends of the vehicle."""
    inner, outer, high = body.width / 2 - 0.28, body.width / 2 - 0.06, body.profile[0][1] + 0.02
    for (forward, radius), turn in ((body.wheels[0], 1), (body.wheels[-1], -1)):
        end = forward - turn * radius * 0.5
        for side in (-turn, turn):
            left, right = sorted((side * inner, side * outer), key=lambda u, turn=turn: u * turn)
            corners = (left, high, end), (right, high, end), (right, 0.0, end), (left, 0.0, end)
            stage.face(kind, place, corners, TYRE, lit=False)


def _draw_lights(stage: Stage, kind: str, place: Place, body: VehicleBody) -> None:
    half = body.width / 2
    low = body.profile[0][1] + 0.28
    back, front = body.profile[0][0] - 0.05, body.profile[-1][0] + 0.03
    for end, color, turn in ((back, (190, 40, 36), 1), (front, (250, 246, 220), -1)):
        for side in (-1, 1):
            a, b = side * half * 0.95, side * half * 0.62
            left, right = sorted((a, b), key=lambda value, turn=turn: value * turn)
            corners = [(left, low + 0.2, end), (right, low + 0.2, end), (right, low, end),
                       (left, low, end)]  # fmt: skip
            stage.face(kind, place, corners, color, lit=False)
    plate = [(-0.26, low + 0.02, back), (0.26, low + 0.02, back), (0.26, low - 0.1, back),
             (-0.26, low - 0.1, back)]  # fmt: skip
    stage.face(kind, place, plate, (236, 236, 224), lit=False)
