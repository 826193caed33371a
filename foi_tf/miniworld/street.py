"""Paints streets in perspective: the road, its sides, and what moves on it."""

import math

from foi_tf.miniworld import roadside
from foi_tf.miniworld.buildings import STYLES, draw_building
from foi_tf.miniworld.camera import Camera
from foi_tf.miniworld.color_math import Color, jitter_color, scale_color
from foi_tf.miniworld.painter import Painter, inverse_depth_of_plane
from foi_tf.miniworld.shading import Look, sample_look
from foi_tf.miniworld.skies import WEATHERS, Weather, apply_weather, paint_sky, sample_sun
from foi_tf.miniworld.stage import ORIGIN, Place, Stage
from foi_tf.miniworld.traffic import populate_street
from foi_tf.miniworld.variation import StreetRanges

END = 110.0  # Meters to the end of the street.
_GROUND: dict[str, Color] = {
    "grass": (112, 138, 72),
    "soil": (168, 142, 104),
    "pavement": (150, 148, 142),
}


def paint_street(painter: Painter, rng, ranges: StreetRanges) -> Look:
    """Paints a street with everything that `ranges` allows; returns its look."""
    weather = WEATHERS[rng.choice(ranges.weather)]
    road = ranges.road_width.sample(rng)
    camera = Camera(
        aspect=painter.aspect,
        focal=ranges.focal.sample(rng),
        height=ranges.camera_height.sample(rng),
        horizon=ranges.horizon.sample(rng),
        x=road * rng.uniform(0.0, 0.35),
        yaw=ranges.yaw.sample(rng),
        roll=ranges.roll.sample(rng),
    )
    stage = Stage(painter, camera, rng, sample_sun(rng), weather.ambient)
    look = apply_weather(sample_look(rng, ranges.look), weather)
    flat = ranges.look.texture.high == 0
    paint_sky(painter, camera, rng, weather, bands=1 if flat else 18)
    pave = road / 2 + ranges.pavement_width.sample(rng)
    _paint_mountains(stage, weather)
    _paint_ground(stage, ranges, weather, road / 2, pave)
    front = pave + ranges.setback.sample(rng)
    _draw_houses(stage, ranges, front, lit=0.45 if weather.lamps else 0.0)
    populate_street(stage, ranges, road / 2, pave, front, lamps=weather.lamps)
    if rng.random() < ranges.own_car.sample(rng):
        _draw_bonnet(stage)
    return look


def _paint_mountains(stage: Stage, weather: Weather) -> None:
    """Paints a skyline of hills beyond the street's end."""
    rng, camera = stage.rng, stage.camera
    if rng.random() < 0.45:
        return
    color = tuple((a + b) / 2 for a, b in zip((104, 120, 112), weather.bottom, strict=True))
    part = stage.painter.part("mountain", color, inverse_depth_of_plane(900.0))
    steps = 9
    ridge = [
        (camera.aspect * (i / steps * 1.2 - 0.1), camera.horizon - rng.uniform(0.01, 0.09))
        for i in range(steps + 1)
    ]
    low = camera.horizon + 0.05 + abs(camera.roll)
    stage.painter.polygon(part, [*ridge, (ridge[-1][0], low), (ridge[0][0], low)])


def paint_strip(
    stage: Stage, kind: str, left: float, right: float, color: Color, near=-8.0, far=END, up=0.0
):
    """Paints a strip of ground along the street."""
    corners = [(left, up, far), (right, up, far), (right, up, near), (left, up, near)]
    stage.face(kind, ORIGIN, corners, color, lit=False)


def _paint_ground(
    stage: Stage, ranges: StreetRanges, weather: Weather, half: float, pave: float
) -> None:
    rng = stage.rng
    ground = rng.choice(ranges.ground)
    paint_strip(
        stage, ground, -260, 260, jitter_color(rng, _GROUND[ground], 12), near=-60.0, far=800.0
    )
    tarmac = jitter_color(rng, (112, 112, 114), 14)
    if weather.wet:
        tarmac = scale_color(tarmac, 0.75)
    if "soil" in ranges.ground and rng.random() < 0.4:
        tarmac = jitter_color(rng, (138, 126, 110), 10)
    slabs = jitter_color(rng, (172, 168, 160), 12)
    if rng.random() < 0.35:  # There is a cross street.
        z = rng.uniform(14, 40)
        width = rng.uniform(6, 9)
        corners = [(-90, 0, z + width), (90, 0, z + width), (90, 0, z), (-90, 0, z)]
        stage.face("road", ORIGIN, corners, tarmac, lit=False)
    if pave > half + 0.3:
        for side in (-1, 1):
            left, right = sorted((side * half, side * pave))
            paint_strip(stage, "pavement", left, right, slabs)
    paint_strip(stage, "road", -half, half, tarmac)
    if pave > half + 0.3:
        for side in (-1, 1):
            left, right = sorted((side * (half - 0.15), side * (half + 0.12)))
            paint_strip(stage, "pavement", left, right, scale_color(slabs, 1.12))
    if rng.random() < 0.4:
        side = rng.choice((-1, 1))
        left, right = sorted((side * (half - 2.1), side * (half - 0.15)))
        paint_strip(
            stage, "parking", left, right, scale_color(tarmac, 0.86), far=rng.uniform(20, 60)
        )
    _paint_markings(stage, half)


def _paint_markings(stage: Stage, half: float) -> None:
    rng = stage.rng
    paint = jitter_color(rng, (226, 224, 214), 10) if rng.random() < 0.75 else (220, 184, 80)
    offset = rng.uniform(0, 6)
    lanes = (0.0,) if half < 4.5 else (0.0, -half / 2, half / 2)
    dashes = []
    for x in lanes:
        for i in range(11):
            z = i * 7.0 - offset
            dashes.append(
                [(x - 0.09, 0, z + 3.2), (x + 0.09, 0, z + 3.2), (x + 0.09, 0, z), (x - 0.09, 0, z)]
            )
    stage.decals("lane marking", ORIGIN, dashes, paint)
    edges = [
        [(x - 0.08, 0, 80.0), (x + 0.08, 0, 80.0), (x + 0.08, 0, -4.0), (x - 0.08, 0, -4.0)]
        for x in (-half + 0.45, half - 0.45)
    ]
    if rng.random() < 0.6:
        stage.decals("lane marking", ORIGIN, edges, paint)
    if rng.random() < 0.4:
        z = rng.uniform(6, 18)
        bars = [
            [(x, 0, z + 3.0), (x + 0.5, 0, z + 3.0), (x + 0.5, 0, z), (x, 0, z)]
            for x in (-half + 0.4 + i for i in range(int(2 * half - 0.6)))
        ]
        stage.decals("crosswalk", ORIGIN, bars, (232, 230, 222))


def _draw_houses(stage: Stage, ranges: StreetRanges, front: float, lit: float) -> None:
    """Draws houses on both sides with gaps between them, farther houses first."""
    rng = stage.rng
    style = rng.choice(ranges.architecture)
    low, high = STYLES[style].storeys
    houses = []
    for side in (-1, 1):
        z = rng.uniform(-12, 0)
        while z < END - 10:
            width, depth = rng.uniform(8, 16), rng.uniform(8, 12)
            storeys = round(min(max(ranges.storeys.sample(rng), low), high))
            if rng.random() > 0.12:
                x = side * (front + depth / 2 + rng.uniform(0, 1.5))
                houses.append((z + width / 2, x, side, width, depth, storeys))
            z += width + ranges.building_gap.sample(rng)
    camera = stage.camera
    for z, x, side, width, depth, storeys in sorted(houses, key=lambda h: -stage.depth(h[1], h[0])):
        if stage.depth(x, z) < -width:
            continue
        place = Place(x, z, side * math.pi / 2)
        draw_building(stage, style, place, width, depth, storeys, lit)
    if rng.random() < 0.18:
        z = rng.uniform(45, 80)
        if camera.height < 4.5:
            deck = Place(0.0, z)
            stage.box(
                "bridge",
                deck,
                (4 * front, 1.6, 7.0),
                jitter_color(rng, (160, 156, 150), 10),
                base=5.2,
            )
    for side in (-1, 1):
        if rng.random() < 0.28:
            x = side * (front - 0.15)
            ends = Place(x, rng.uniform(-5, 8)), Place(x, rng.uniform(25, 60))
            if rng.random() < 0.5:
                roadside.draw_wall(stage, *ends, rng.uniform(0.8, 2.0))
            else:
                roadside.draw_fence(stage, *ends, rail=rng.random() < 0.5)


def _draw_bonnet(stage: Stage) -> None:
    """Draws the front of the camera's own car, at the bottom of the image."""
    painter, aspect = stage.painter, stage.camera.aspect
    part = painter.part("ego vehicle", (60, 62, 66), inverse_depth_of_plane(1.6))
    painter.ellipse(part, (aspect / 2, 1.04), (aspect * 0.52, 0.11))
