"""Paints web-search images: one prominent thing in the middle of any kind of place."""

import math
from collections.abc import Callable

from foi_tf.miniworld import furniture, leisure, roadside, sealife, underwater
from foi_tf.miniworld.buildings import STYLES, draw_building
from foi_tf.miniworld.camera import Camera
from foi_tf.miniworld.consumer import paint_room_corner
from foi_tf.miniworld.cycles import draw_cycle
from foi_tf.miniworld.landscape import LANDSCAPES, draw_boat, draw_goal, draw_ship, paint_landscape
from foi_tf.miniworld.nature import draw_bush, draw_rock, draw_tree
from foi_tf.miniworld.painter import Painter
from foi_tf.miniworld.person import draw_person
from foi_tf.miniworld.quadruped import draw_quadruped
from foi_tf.miniworld.room import draw_sculpture
from foi_tf.miniworld.shading import Look, sample_look
from foi_tf.miniworld.skies import WEATHERS, apply_weather, sample_sun
from foi_tf.miniworld.stage import Place, Stage
from foi_tf.miniworld.variation import LookRanges
from foi_tf.miniworld.vehicles import draw_vehicle

Draw = Callable[[Stage, Place], None]
_OUTDOORS = (*LANDSCAPES, "park", "meadow")
_ANYWHERE = (*LANDSCAPES, "room")


def _draw_car(kind: str) -> Draw:
    return lambda stage, place: draw_vehicle(stage, place, kind)


def _draw_animal(breed: str) -> Draw:
    return lambda stage, place: draw_quadruped(stage, place, breed)


def _draw_cycle(kind: str) -> Draw:
    return lambda stage, place: draw_cycle(stage, place, kind, stage.rng.random() < 0.4)


def _draw_tree(style: str) -> Draw:
    return lambda stage, place: draw_tree(stage, place, 6.0, style)


def _draw_ball(style: int) -> Draw:
    return lambda stage, place: leisure.draw_ball(stage, place, 0.2, style)


def _draw_house(stage: Stage, place: Place) -> None:
    style = stage.rng.choice(tuple(STYLES))
    draw_building(stage, style, Place(place.x, place.z, 0.4 * math.sin(place.heading)), 9.0, 7.0, 2)


def _draw_people(stage: Stage, place: Place) -> None:
    draw_person(stage, place, 1.75, stage.rng.choice(("standing", "running", "waving", "reaching")))


# By class, (height in meters, function that draws it, settings).
SUBJECTS: dict[str, tuple[float, Draw, tuple[str, ...]]] = {
    "car": (2.9, _draw_car("car"), _OUTDOORS),
    "van": (3.4, _draw_car("van"), _OUTDOORS),
    "bus": (6.0, _draw_car("bus"), _OUTDOORS),
    "truck": (5.0, _draw_car("truck"), _OUTDOORS),
    "autorickshaw": (2.3, _draw_car("autorickshaw"), _OUTDOORS),
    "bicycle": (1.4, _draw_cycle("bicycle"), _OUTDOORS),
    "motorcycle": (1.4, _draw_cycle("motorcycle"), _OUTDOORS),
    "boat": (5.0, lambda s, p: draw_boat(s, p, 4.5), ("shore",)),
    "ship": (8.0, lambda s, p: draw_ship(s, p, 11.0), ("shore",)),
    "shepherd": (0.95, _draw_animal("shepherd"), _ANYWHERE),
    "retriever": (0.9, _draw_animal("retriever"), _ANYWHERE),
    "greyhound": (1.05, _draw_animal("greyhound"), _ANYWHERE),
    "dachshund": (0.45, _draw_animal("dachshund"), _ANYWHERE),
    "terrier": (0.55, _draw_animal("terrier"), _ANYWHERE),
    "husky": (0.85, _draw_animal("husky"), _ANYWHERE),
    "dalmatian": (0.9, _draw_animal("spotted"), _ANYWHERE),
    "poodle": (0.7, _draw_animal("poodle"), _ANYWHERE),
    "cat": (0.45, _draw_animal("cat"), _ANYWHERE),
    "horse": (2.5, _draw_animal("horse"), _OUTDOORS),
    "cow": (2.0, _draw_animal("cow"), _OUTDOORS),
    "sheep": (1.1, _draw_animal("sheep"), _OUTDOORS),
    "bird": (0.6, lambda s, p: leisure.draw_bird(s, p, 0.6), _OUTDOORS),
    "fish": (0.4, lambda s, p: sealife.draw_fish(s, p.moved(0, 0, 0.2), 0.55), ("sea",)),
    "diver": (1.6, lambda s, p: sealife.draw_diver(s, p), ("sea",)),
    "coral": (0.9, lambda s, p: sealife.draw_coral(s, p, 0.9), ("sea",)),
    "robot": (1.3, lambda s, p: sealife.draw_robot(s, p), ("sea",)),
    "wreck": (2.8, lambda s, p: sealife.draw_wreck(s, p), ("sea",)),
    "rock": (1.0, lambda s, p: draw_rock(s, p, 1.0), ("sea", "shore", "meadow")),
    "person": (1.9, _draw_people, _ANYWHERE),
    "chair": (1.1, furniture.draw_chair, ("room",)),
    "sofa": (1.9, furniture.draw_sofa, ("room",)),
    "bed": (1.7, furniture.draw_bed, ("room",)),
    "table": (1.0, furniture.draw_table, ("room", "park")),
    "shelf": (2.1, furniture.draw_shelf, ("room",)),
    "lamp": (1.7, furniture.draw_lamp, ("room",)),
    "pot plant": (1.1, furniture.draw_plant, ("room",)),
    "sculpture": (1.8, draw_sculpture, ("room", "park")),
    "bottle": (0.35, lambda s, p: furniture.draw_bottle(s, p, 0.32), _ANYWHERE),
    "cup": (0.18, lambda s, p: furniture.draw_cup(s, p, 0.16), _ANYWHERE),
    "football": (0.42, _draw_ball(0), _ANYWHERE),
    "basketball": (0.42, _draw_ball(1), _ANYWHERE),
    "tennis ball": (0.42, _draw_ball(2), _ANYWHERE),
    "umbrella": (2.4, leisure.draw_umbrella, ("shore", "park")),
    "kite": (2.0, lambda s, p: leisure.draw_kite(s, p.moved(0, 0, 0.9)), _OUTDOORS),
    "surfboard": (2.1, leisure.draw_surfboard, ("shore",)),
    "goal": (4.2, draw_goal, ("field",)),
    "house": (12.0, _draw_house, _OUTDOORS),
    "broadleaf tree": (6.5, _draw_tree("broad"), ("field", "meadow")),
    "pine": (6.5, _draw_tree("pine"), ("field", "meadow")),
    "palm": (6.8, _draw_tree("palm"), ("field", "meadow")),
    "bush": (1.3, lambda s, p: draw_bush(s, p, 1.3), _OUTDOORS),
    "traffic sign": (3.4, roadside.draw_sign, _OUTDOORS),
    "traffic light": (4.2, roadside.draw_traffic_light, _OUTDOORS),
    "street lamp": (8.0, roadside.draw_street_lamp, _OUTDOORS),
    "billboard": (6.0, roadside.draw_billboard, _OUTDOORS),
    "bench": (1.7, roadside.draw_bench, ("park", "shore")),
}


def paint_single(painter: Painter, rng, looks: LookRanges, number: int) -> tuple[Look, int]:
    """Paints one thing; `number` chooses the class in turn. Returns the look and the label."""
    label = number % len(SUBJECTS)
    meters, draw, places = tuple(SUBJECTS.values())[label]
    place = rng.choice(places)
    weather = WEATHERS[rng.choice(("clear", "clear", "clear", "overcast", "overcast", "dusk"))]
    share = rng.uniform(0.5, 0.78)
    focal, eye = rng.uniform(1.2, 1.8), rng.uniform(0.5, 1.0)
    foot = 0.5 + share * 0.42 + rng.uniform(-0.05, 0.05)
    camera = Camera(
        aspect=painter.aspect,
        focal=focal,
        height=meters * eye,
        horizon=foot - eye * share,  # Puts the foot of the thing at the row `foot`.
        roll=rng.uniform(-0.03, 0.03),
    )
    stage = Stage(painter, camera, rng, sample_sun(rng), weather.ambient)
    look = sample_look(rng, looks)
    if place == "room":
        paint_room_corner(stage)
    elif place == "sea":
        look = underwater.paint_water(stage, look, rng.choice(("blue", "turquoise", "green")), 6.0)
        underwater.paint_seabed(stage)
    else:
        paint_landscape(stage, place, weather)
        look = apply_weather(look, weather)
    z = camera.focal * meters / share
    x = rng.uniform(-0.1, 0.1) * z * camera.aspect / camera.focal
    # Furniture is recognized by its front.
    turn = math.pi + rng.uniform(-1.1, 1.1) if places == ("room",) else rng.uniform(0, 2 * math.pi)
    draw(stage, Place(x, z, turn))
    return look, label
