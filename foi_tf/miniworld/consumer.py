"""Paints photographs of people, animals and things in streets, rooms, parks and at the water."""

import dataclasses
import math

from foi_tf.miniworld import leisure
from foi_tf.miniworld.breeds import BREEDS, DOGS
from foi_tf.miniworld.camera import Camera
from foi_tf.miniworld.crowd import Crowd
from foi_tf.miniworld.cycles import draw_cycle
from foi_tf.miniworld.furniture import draw_bottle, draw_chair, draw_cup, draw_table
from foi_tf.miniworld.landscape import paint_landscape
from foi_tf.miniworld.painter import Painter
from foi_tf.miniworld.person import draw_person
from foi_tf.miniworld.quadruped import draw_quadruped
from foi_tf.miniworld.room import paint_room
from foi_tf.miniworld.shading import Look, sample_look
from foi_tf.miniworld.skies import WEATHERS, apply_weather, sample_sun
from foi_tf.miniworld.stage import Place, Stage
from foi_tf.miniworld.street import paint_street
from foi_tf.miniworld.variation import AnimalRanges, ConsumerRanges, Range
from foi_tf.miniworld.vehicles import draw_vehicle

_WEATHER = ("clear", "clear", "clear", "overcast", "overcast", "dusk")


def sample_camera(painter: Painter, rng) -> Camera:
    """Draws a camera that is held by hand."""
    return Camera(
        aspect=painter.aspect,
        focal=rng.uniform(0.95, 1.5),
        height=rng.uniform(0.9, 1.9),
        horizon=rng.uniform(0.32, 0.55),
        roll=rng.uniform(-0.04, 0.04),
    )


def paint_photograph(painter: Painter, rng, ranges: ConsumerRanges) -> Look:
    """Paints a photograph in one of the settings; returns its look."""
    setting = rng.choice(ranges.settings)
    if setting == "street":
        return paint_street(painter, rng, ranges.street)
    if setting == "room":
        return paint_room(painter, rng, ranges.room)
    weather = WEATHERS[rng.choice(_WEATHER)]
    stage = Stage(painter, sample_camera(painter, rng), rng, sample_sun(rng), weather.ambient)
    paint_landscape(stage, setting, weather)
    _draw_things(stage, ranges, setting)
    return apply_weather(sample_look(rng, ranges.look), weather)


def _draw_things(stage: Stage, ranges: ConsumerRanges, setting: str) -> None:
    """Draws figures, animals and things on the landscape."""
    rng, camera = stage.rng, stage.camera
    crowd = Crowd(stage)

    def spot(meters: float, share: Range) -> Place:
        """Draws a place where a thing of this height takes a share of the image's height."""
        z = max(camera.focal * meters / share.sample(rng), 1.2)
        half = z * camera.aspect / 2 / camera.focal
        return Place(rng.uniform(-0.8, 0.8) * half, z, rng.uniform(0, 2 * math.pi))

    for _ in range(ranges.figures.count(rng)):
        child = 0.65 if rng.random() < 0.15 else 1.0
        size = 1.72 * rng.uniform(0.9, 1.08) * child
        crowd.put(spot(size, ranges.figure_size), _draw_figure, size, rng.choice(ranges.activities))
    if ranges.animals:
        herd = Range(0.5, 2.5) if setting == "meadow" else Range(0.0, 1.2)
        for _ in range(herd.count(rng)):
            kind = rng.choice(ranges.animals)
            if setting != "meadow" and kind in _LIVESTOCK:
                kind = "dog"
            crowd.put(spot(_TALL[kind], Range(0.12, 0.45)), _draw_animal, kind)
    for _ in range(ranges.clutter.count(rng)):
        meters, draw, *details = rng.choice(_CLUTTER[setting])
        crowd.put(spot(meters, Range(0.08, 0.35)), draw, *details)
    crowd.draw()


_LIVESTOCK = ("cow", "horse", "sheep")
_TALL = {"horse": 1.9, "cow": 1.6, "sheep": 0.9, "bird": 0.6, "dog": 0.6, "cat": 0.4}  # Meters.


def _draw_animal(stage: Stage, place: Place, kind: str) -> None:
    """Draws an animal of a kind, of any breed."""
    if kind == "bird":
        leisure.draw_bird(stage, place, stage.rng.uniform(0.4, 0.7))
    else:
        draw_quadruped(stage, place, stage.rng.choice(DOGS) if kind == "dog" else kind)


def _draw_figure(stage: Stage, place: Place, size: float, activity: str) -> None:
    """Draws a person; one who sits gets a chair, one who rides a bicycle."""
    if activity == "riding":
        heading = stage.rng.choice((-1, 1)) * stage.rng.uniform(1.0, 2.0)
        draw_cycle(stage, dataclasses.replace(place, heading=heading), "bicycle", True)
        return
    if activity == "sitting":
        heading = math.pi + stage.rng.uniform(-1.2, 1.2)
        place = dataclasses.replace(place, heading=heading)
        draw_chair(stage, place.moved(0.0, -0.12))
    draw_person(stage, place, size, activity)


def _draw_flying(stage: Stage, place: Place, draw, low: float, high: float) -> None:
    draw(stage, place.moved(0.0, 0.0, stage.rng.uniform(low, high)))


def _draw_any_vehicle(stage: Stage, place: Place) -> None:
    draw_vehicle(stage, place, stage.rng.choice(("car", "car", "van", "bus", "truck")))


# By setting, (height in meters, draw, details) of things that may lie around.
_CLUTTER = {
    "park": (
        (0.3, leisure.draw_ball),
        (1.0, draw_cycle, "bicycle"),
        (1.5, _draw_any_vehicle),
        (2.2, leisure.draw_umbrella),
        (0.8, draw_table),
        (0.3, draw_bottle, 0.35),
        (0.6, leisure.draw_bird),
        (1.0, draw_cycle, "motorcycle"),
        (0.2, draw_cup, 0.2),
        (1.2, _draw_flying, leisure.draw_kite, 3, 6),
    ),
    "meadow": (
        (0.3, leisure.draw_ball),
        (1.2, _draw_flying, leisure.draw_kite, 3, 7),
        (0.6, leisure.draw_bird),
        (0.6, _draw_flying, leisure.draw_bird, 2, 4),
        (1.5, _draw_any_vehicle),
        (1.0, draw_cycle, "motorcycle"),
    ),
    "field": (
        (0.3, leisure.draw_ball),
        (0.3, leisure.draw_ball),
        (0.25, draw_bottle, 0.3),
        (0.9, draw_chair),
    ),
    "shore": (
        (1.9, leisure.draw_surfboard),
        (2.2, leisure.draw_umbrella),
        (0.3, leisure.draw_ball),
        (0.9, draw_chair),
        (0.6, _draw_flying, leisure.draw_bird, 1, 4),
        (0.3, draw_bottle, 0.35),
        (0.6, leisure.draw_bird),
    ),
}


def paint_close_up(painter: Painter, rng, ranges: AnimalRanges) -> Look:
    """Paints one animal that fills much of the image; returns its look."""
    weather = WEATHERS[rng.choice(_WEATHER)]
    look = sample_look(rng, ranges.look)
    backdrop = rng.choice(ranges.backdrops)
    breed = rng.choice(ranges.breeds)
    height = 0.6
    size = ranges.size.sample(rng) / max(1.0, BREEDS[breed].length)
    eye, foot = rng.uniform(0.4, 1.0), 0.5 + size * rng.uniform(0.55, 0.75)
    camera = Camera(
        aspect=painter.aspect,
        focal=rng.uniform(1.5, 2.2),
        height=eye,
        horizon=foot - eye * size / height,  # Puts the feet at the row `foot`.
    )
    stage = Stage(painter, camera, rng, sample_sun(rng), weather.ambient)
    z = camera.focal * height / size
    if backdrop == "room":
        paint_room_corner(stage)
    else:
        paint_landscape(stage, backdrop, weather)
        look = apply_weather(look, weather)
    x = rng.uniform(-0.12, 0.12) * z * camera.aspect / camera.focal
    toward = rng.choice((0.5, -0.5)) * math.pi + rng.choice((-1, 1)) * rng.uniform(0.0, 0.55)
    if rng.random() < 0.25:
        toward = math.pi + rng.uniform(-0.7, 0.7)
    draw_quadruped(stage, Place(x, z, toward), breed, height)
    return look


def paint_room_corner(stage: Stage) -> None:
    """Paints a bare corner of a room as a backdrop."""
    rng, camera = stage.rng, stage.camera
    depth = rng.uniform(3.5, 6.0)
    paint = rng.choice(((222, 214, 198), (196, 206, 208), (206, 190, 170), (176, 110, 90)))
    box = (0.0, 0.0, 1.0, camera.aspect)
    stage.painter.bands("room wall", box, [paint])
    row = camera.ground_row(depth)
    floor = rng.choice(((166, 122, 82), (134, 98, 70), (150, 146, 142), (190, 160, 122)))
    for kind, top, tone in (("room wall", row - 0.015, 1.1), ("floor", row, 1.0)):
        color = tuple(v * tone for v in (floor if kind == "floor" else (224, 220, 210)))
        stage.painter.bands(kind, (top, 0.0, 1.0, camera.aspect), [color])
    if rng.random() < 0.5:
        rug = stage.painter.part("rug", rng.choice(((150, 60, 52), (70, 90, 120), (190, 170, 120))))
        stage.painter.ellipse(rug, (camera.aspect / 2, 0.95), (camera.aspect * 0.5, 0.16))
