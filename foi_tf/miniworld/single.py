"""Web-search images: one prominent thing in the middle of any kind of place."""

import math
from collections.abc import Callable

from foi_tf.miniworld import furniture, leisure, roadside, sealife, underwater
from foi_tf.miniworld.buildings import STYLES, building
from foi_tf.miniworld.camera import Camera
from foi_tf.miniworld.consumer import indoors
from foi_tf.miniworld.cycles import cycle
from foi_tf.miniworld.landscape import LANDSCAPES, boat, goal, landscape, ship
from foi_tf.miniworld.nature import bush, rock, tree
from foi_tf.miniworld.painter import Painter
from foi_tf.miniworld.person import person
from foi_tf.miniworld.quadruped import quadruped
from foi_tf.miniworld.room import sculpture
from foi_tf.miniworld.shading import Look, sample_look
from foi_tf.miniworld.skies import WEATHERS, overhead, sun
from foi_tf.miniworld.stage import Place, Stage
from foi_tf.miniworld.variation import LookRanges
from foi_tf.miniworld.vehicles import vehicle

Draw = Callable[[Stage, Place], None]
_OUTDOORS = (*LANDSCAPES, "park", "meadow")
_ANYWHERE = (*LANDSCAPES, "room")


def _car(kind: str) -> Draw:
    return lambda stage, place: vehicle(stage, place, kind)


def _beast(breed: str) -> Draw:
    return lambda stage, place: quadruped(stage, place, breed)


def _cycle(kind: str) -> Draw:
    return lambda stage, place: cycle(stage, place, kind, stage.rng.random() < 0.4)


def _tree(style: str) -> Draw:
    return lambda stage, place: tree(stage, place, 6.0, style)


def _ball(style: int) -> Draw:
    return lambda stage, place: leisure.ball(stage, place, 0.2, style)


def _house(stage: Stage, place: Place) -> None:
    style = stage.rng.choice(tuple(STYLES))
    building(stage, style, Place(place.x, place.z, 0.4 * math.sin(place.heading)), 9.0, 7.0, 2)


def _people(stage: Stage, place: Place) -> None:
    person(stage, place, 1.75, stage.rng.choice(("standing", "running", "waving", "reaching")))


# Class: (meters tall, how to draw it, where it is found).
SUBJECTS: dict[str, tuple[float, Draw, tuple[str, ...]]] = {
    "car": (2.9, _car("car"), _OUTDOORS),
    "van": (3.4, _car("van"), _OUTDOORS),
    "bus": (6.0, _car("bus"), _OUTDOORS),
    "truck": (5.0, _car("truck"), _OUTDOORS),
    "autorickshaw": (2.3, _car("autorickshaw"), _OUTDOORS),
    "bicycle": (1.4, _cycle("bicycle"), _OUTDOORS),
    "motorcycle": (1.4, _cycle("motorcycle"), _OUTDOORS),
    "boat": (5.0, lambda s, p: boat(s, p, 4.5), ("shore",)),
    "ship": (8.0, lambda s, p: ship(s, p, 11.0), ("shore",)),
    "shepherd": (0.95, _beast("shepherd"), _ANYWHERE),
    "retriever": (0.9, _beast("retriever"), _ANYWHERE),
    "greyhound": (1.05, _beast("greyhound"), _ANYWHERE),
    "dachshund": (0.45, _beast("dachshund"), _ANYWHERE),
    "terrier": (0.55, _beast("terrier"), _ANYWHERE),
    "husky": (0.85, _beast("husky"), _ANYWHERE),
    "dalmatian": (0.9, _beast("spotted"), _ANYWHERE),
    "poodle": (0.7, _beast("poodle"), _ANYWHERE),
    "cat": (0.45, _beast("cat"), _ANYWHERE),
    "horse": (2.5, _beast("horse"), _OUTDOORS),
    "cow": (2.0, _beast("cow"), _OUTDOORS),
    "sheep": (1.1, _beast("sheep"), _OUTDOORS),
    "bird": (0.6, lambda s, p: leisure.bird(s, p, 0.6), _OUTDOORS),
    "fish": (0.4, lambda s, p: sealife.fish(s, p.moved(0, 0, 0.2), 0.55), ("sea",)),
    "diver": (1.6, lambda s, p: sealife.diver(s, p), ("sea",)),
    "coral": (0.9, lambda s, p: sealife.coral(s, p, 0.9), ("sea",)),
    "robot": (1.3, lambda s, p: sealife.robot(s, p), ("sea",)),
    "wreck": (2.8, lambda s, p: sealife.wreck(s, p), ("sea",)),
    "rock": (1.0, lambda s, p: rock(s, p, 1.0), ("sea", "shore", "meadow")),
    "person": (1.9, _people, _ANYWHERE),
    "chair": (1.1, furniture.chair, ("room",)),
    "sofa": (1.9, furniture.sofa, ("room",)),
    "bed": (1.7, furniture.bed, ("room",)),
    "table": (1.0, furniture.table, ("room", "park")),
    "shelf": (2.1, furniture.shelf, ("room",)),
    "lamp": (1.7, furniture.lamp, ("room",)),
    "pot plant": (1.1, furniture.plant, ("room",)),
    "sculpture": (1.8, sculpture, ("room", "park")),
    "bottle": (0.35, lambda s, p: furniture.bottle(s, p, 0.32), _ANYWHERE),
    "cup": (0.18, lambda s, p: furniture.cup(s, p, 0.16), _ANYWHERE),
    "football": (0.42, _ball(0), _ANYWHERE),
    "basketball": (0.42, _ball(1), _ANYWHERE),
    "tennis ball": (0.42, _ball(2), _ANYWHERE),
    "umbrella": (2.4, leisure.umbrella, ("shore", "park")),
    "kite": (2.0, lambda s, p: leisure.kite(s, p.moved(0, 0, 0.9)), _OUTDOORS),
    "surfboard": (2.1, leisure.surfboard, ("shore",)),
    "goal": (4.2, goal, ("field",)),
    "house": (12.0, _house, _OUTDOORS),
    "broadleaf tree": (6.5, _tree("broad"), ("field", "meadow")),
    "pine": (6.5, _tree("pine"), ("field", "meadow")),
    "palm": (6.8, _tree("palm"), ("field", "meadow")),
    "bush": (1.3, lambda s, p: bush(s, p, 1.3), _OUTDOORS),
    "traffic sign": (3.4, roadside.sign, _OUTDOORS),
    "traffic light": (4.2, roadside.traffic_light, _OUTDOORS),
    "street lamp": (8.0, roadside.street_lamp, _OUTDOORS),
    "billboard": (6.0, roadside.billboard, _OUTDOORS),
    "bench": (1.7, roadside.bench, ("park", "shore")),
}


def single(painter: Painter, rng, looks: LookRanges, number: int) -> tuple[Look, int]:
    """Paints one thing; `number` chooses the class in turn. Returns its label too."""
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
        horizon=foot - eye * share,  # Brings the foot of the thing to its row.
        roll=rng.uniform(-0.03, 0.03),
    )
    stage = Stage(painter, camera, rng, sun(rng), weather.ambient)
    look = sample_look(rng, looks)
    if place == "room":
        indoors(stage)
    elif place == "sea":
        look = underwater.dive(stage, look, rng.choice(("blue", "turquoise", "green")), 6.0)
        underwater.seabed(stage)
    else:
        landscape(stage, place, weather)
        look = overhead(look, weather)
    z = camera.focal * meters / share
    x = rng.uniform(-0.1, 0.1) * z * camera.aspect / camera.focal
    # Furniture has a front that it is known by.
    turn = math.pi + rng.uniform(-1.1, 1.1) if places == ("room",) else rng.uniform(0, 2 * math.pi)
    draw(stage, Place(x, z, turn))
    return look, label
