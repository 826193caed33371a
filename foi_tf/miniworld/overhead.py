"""Draws things on the ground as seen from straight above."""

import dataclasses
import math
import random

from foi_tf.miniworld.color_math import Color, jitter_color, pick_color, scale_color
from foi_tf.miniworld.painter import Painter, Point
from foi_tf.miniworld.vehicles import PAINT

_ROOFS: tuple[Color, ...] = (
    (166, 92, 70), (148, 84, 68), (136, 134, 132), (176, 172, 164), (116, 108, 104),
    (196, 188, 176),
)  # fmt: skip
_LEAVES: tuple[Color, ...] = ((86, 116, 66), (98, 126, 72), (74, 104, 64))


@dataclasses.dataclass(frozen=True)
class LandMap:
    """Maps meters on the ground to the image, turned by `angle` about the tile's center."""

    painter: Painter
    rng: random.Random
    meter: float  # Image heights per meter.
    angle: float
    sun: Point  # Meters that a shadow reaches per meter of height.

    def at(self, x: float, y: float) -> Point:
        """Turns meters into an image position."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return (
            self.painter.aspect / 2 + (x * cos - y * sin) * self.meter,
            0.5 + (x * sin + y * cos) * self.meter,
        )

    def shift(self, point: Point, height: float) -> Point:
        """Returns the offset of the shadow of something of this height."""
        return (
            point[0] + self.sun[0] * height * self.meter,
            point[1] + self.sun[1] * height * self.meter,
        )

    def shape(self, kind: str, color: Color, corners, height: float = 0.0) -> None:
        """Draws a polygon, in meters, which casts a shadow if it is high."""
        points = [self.at(*corner) for corner in corners]
        if height:
            self.painter.shadow(_find_hull([*points, *(self.shift(p, height) for p in points)]))
        self.painter.polygon(self.painter.part(kind, color), points)

    def disc(self, kind: str, color: Color, x: float, y: float, radius: float, height: float = 0.0):
        """Draws a disc, in meters, which casts a shadow if it is high."""
        center, reach = self.at(x, y), radius * self.meter
        if height:
            for share in (0.5, 1.0):
                self.painter.shadow_ellipse(self.shift(center, height * share), (reach, reach))
        self.painter.ellipse(self.painter.part(kind, color), center, (reach, reach))


def _find_hull(points: list[Point]) -> list[Point]:
    """Returns the convex hull, by Andrew's monotone chain."""
    points = sorted(points)

    def chain(ordered) -> list[Point]:
        kept: list[Point] = []
        for x, y in ordered:
            while len(kept) > 1 and (
                (kept[-1][0] - kept[-2][0]) * (y - kept[-2][1])
                - (kept[-1][1] - kept[-2][1]) * (x - kept[-2][0])
            ) <= 0:  # fmt: skip
                kept.pop()
            kept.append((x, y))
        return kept[:-1]

    return chain(points) + chain(points[::-1])


def make_rectangle(x: float, y: float, w: float, h: float, angle: float = 0.0) -> list[Point]:
    """Returns the corners of a rectangle around (x, y)."""
    cos, sin = math.cos(angle), math.sin(angle)
    corners = ((-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2))
    return [(x + a * cos - b * sin, y + a * sin + b * cos) for a, b in corners]


def draw_house(land: LandMap, x: float, y: float, w: float, h: float) -> None:
    """Draws a house with a gabled or a flat roof."""
    rng = land.rng
    color, height = pick_color(rng, _ROOFS, 12), rng.uniform(4, 10)
    land.shape("roof", color, make_rectangle(x, y, w, h), height)
    if rng.random() < 0.65:  # A gabled roof: one half is in the light.
        land.shape("roof", scale_color(color, 0.78), make_rectangle(x, y + h / 4, w, h / 2))
    else:
        land.shape("roof", scale_color(color, 1.12), make_rectangle(x, y, w * 0.86, h * 0.84))
        for _ in range(2):
            spot = x + w * rng.uniform(-0.3, 0.3), y + h * rng.uniform(-0.3, 0.3)
            land.shape("roof", scale_color(color, 0.7), make_rectangle(*spot, 1.6, 1.6))


def draw_tree(land: LandMap, x: float, y: float) -> None:
    """Draws a tree with its shadow."""
    rng = land.rng
    radius, color = rng.uniform(1.8, 4.0), pick_color(rng, _LEAVES, 10)
    land.disc("tree", scale_color(color, 0.8), x, y, radius, radius * 1.6)
    for _ in range(4):
        turn, off = rng.uniform(0, 6.3), radius * 0.45
        x1, y1 = x + off * math.cos(turn), y + off * math.sin(turn)
        land.disc("tree", scale_color(color, rng.uniform(0.85, 1.2)), x1, y1, radius * 0.5)


def draw_bush(land: LandMap, x: float, y: float) -> None:
    """Draws a bush."""
    land.disc("bush", pick_color(land.rng, _LEAVES, 14), x, y, land.rng.uniform(0.8, 1.6), 1.0)


def draw_pool(land: LandMap, x: float, y: float) -> None:
    """Draws a swimming pool with its edge."""
    with land.painter.instance("pool"):
        land.shape("pool", (226, 224, 214), make_rectangle(x, y, 6.4, 4.4))
        land.shape(
            "pool",
            pick_color(land.rng, ((70, 168, 190), (88, 190, 204)), 8),
            make_rectangle(x, y, 5, 3),
        )


def draw_court(land: LandMap, x: float, y: float, size: float) -> None:
    """Draws a tennis or basketball court with its lines."""
    color = pick_color(land.rng, ((168, 96, 70), (70, 120, 96), (74, 104, 150)), 10)
    with land.painter.instance("court"):
        land.shape("court", scale_color(color, 0.85), make_rectangle(x, y, 34 * size, 18 * size))
        land.shape("court", (232, 230, 224), make_rectangle(x, y, 24.6 * size, 11.6 * size))
        for side in (-1, 1):
            land.shape(
                "court", color, make_rectangle(x + side * 6.1 * size, y, 11.6 * size, 10.8 * size)
            )


def draw_vehicle(land: LandMap, x: float, y: float, heading: float, kind: str = "") -> None:
    """Draws a car or a truck."""
    rng = land.rng
    kind = kind or ("truck" if rng.random() < 0.22 else "car")
    length, width = (9.5, 2.7) if kind == "truck" else (4.6, 2.0)
    px, py = land.at(x, y)
    if not (-0.1 < px < land.painter.aspect + 0.1 and -0.1 < py < 1.1):
        return
    color = pick_color(rng, PAINT, 12)
    with land.painter.instance(kind):
        land.shape(kind, color, make_rectangle(x, y, length, width, heading), 1.6)
        cos, sin = math.cos(heading), math.sin(heading)
        if kind == "car":
            for off, size in ((0.16, 0.13), (-0.26, 0.1)):
                spot = x + off * length * cos, y + off * length * sin
                land.shape(
                    kind, (58, 66, 74), make_rectangle(*spot, size * length, width * 0.8, heading)
                )
        else:
            spot = x + 0.39 * length * cos, y + 0.39 * length * sin
            land.shape(
                kind, scale_color(color, 0.65), make_rectangle(*spot, length * 0.2, width, heading)
            )


def draw_ship(land: LandMap, x: float, y: float, length: float, heading: float = 1.5708) -> None:
    """Draws a ship with its bridge at the stern."""
    rng = land.rng
    w = length * 0.16
    cos, sin = math.cos(heading), math.sin(heading)

    def turned(points):
        return [(x + a * cos - b * sin, y + a * sin + b * cos) for a, b in points]

    hull = ((-0.5, -0.9), (0.25, -1.0), (0.5, 0.0), (0.25, 1.0), (-0.5, 0.9))
    color = pick_color(rng, ((196, 190, 182), (150, 76, 60), (70, 90, 110), (232, 230, 226)), 10)
    with land.painter.instance("ship"):
        land.shape("ship", color, turned([(a * length, b * w) for a, b in hull]), 3.0)
        land.shape(
            "ship",
            scale_color(color, 0.75),
            turned([(a * length * 0.86, b * w * 0.7) for a, b in hull]),
        )
        bridge = make_rectangle(-0.3 * length, 0, 0.16 * length, 1.2 * w)
        land.shape("ship", (240, 238, 232), turned(bridge))


def draw_tanks(land: LandMap, x: float, y: float, radius: float) -> None:
    """Draws a row of storage tanks."""
    rng = land.rng
    for i in range(rng.randint(2, 4)):
        with land.painter.instance("tank"):
            cx = x + i * radius * 2.5
            land.disc("tank", (206, 204, 198), cx, y, radius, radius)
            land.disc("tank", jitter_color(rng, (232, 230, 226), 6), cx, y, radius * 0.86)


def draw_plane(land: LandMap, x: float, y: float, size: float, heading: float) -> None:
    """Draws an airliner."""
    rng = land.rng
    cos, sin = math.cos(heading), math.sin(heading)

    def turned(points):
        return [(x + (a * cos - b * sin) * size, y + (a * sin + b * cos) * size) for a, b in points]

    outline = (
        (0.5, 0), (0.42, 0.05), (0.12, 0.055), (-0.1, 0.46), (-0.2, 0.46), (-0.1, 0.05),
        (-0.36, 0.04), (-0.46, 0.17), (-0.52, 0.17), (-0.47, 0.0), (-0.52, -0.17), (-0.46, -0.17),
        (-0.36, -0.04), (-0.1, -0.05), (-0.2, -0.46), (-0.1, -0.46), (0.12, -0.055), (0.42, -0.05),
    )  # fmt: skip
    with land.painter.instance("plane"):
        shadow = [land.shift(land.at(*corner), 3.0) for corner in turned(outline)]
        land.painter.shadow(shadow)
        land.shape("plane", jitter_color(rng, (236, 236, 234), 6), turned(outline))
        stripe = pick_color(rng, ((60, 90, 150), (180, 60, 56), (90, 96, 104)), 8)
        land.shape(
            "plane", stripe, turned(((-0.3, 0.015), (-0.5, 0.02), (-0.5, -0.02), (-0.3, -0.015)))
        )
