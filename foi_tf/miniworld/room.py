"""Paints rooms: floor, ceiling, walls with pictures and windows, and furniture."""

import math

from foi_tf.miniworld import furniture
from foi_tf.miniworld.breeds import DOGS
from foi_tf.miniworld.camera import Camera
from foi_tf.miniworld.color_math import Color, jitter_color, pick_color, scale_color
from foi_tf.miniworld.crowd import Crowd
from foi_tf.miniworld.painter import Painter
from foi_tf.miniworld.person import CLOTHES, draw_person
from foi_tf.miniworld.quadruped import draw_quadruped
from foi_tf.miniworld.shading import Look, sample_look
from foi_tf.miniworld.stage import ORIGIN, Place, Stage
from foi_tf.miniworld.variation import RoomRanges

_WALLS: tuple[Color, ...] = (
    (226, 220, 206), (206, 214, 214), (214, 200, 176), (196, 204, 186), (188, 196, 210),
    (232, 230, 226),
)  # fmt: skip
_VIVID: tuple[Color, ...] = ((176, 84, 66), (66, 104, 120), (204, 168, 84), (104, 86, 120))
_FLOORS: tuple[Color, ...] = (
    (166, 122, 82), (134, 98, 70), (190, 160, 122), (150, 146, 142), (120, 112, 106),
    (176, 168, 152),
)  # fmt: skip

# By type of room: things at the walls, in the middle, and on the walls.
_CONTENTS = {
    "living": (
        ("sofa", "sofa", "shelf", "cabinet", "plant", "lamp", "television", "television"),
        ("table", "chair", "sofa"),
    ),
    "bedroom": (("bed", "bed", "cabinet", "lamp", "shelf", "chair"), ("bed", "bed", "plant")),
    "dining": (("cabinet", "plant", "shelf", "lamp"), ("table", "chair", "chair", "chair")),
    "office": (("shelf", "cabinet", "plant", "desk"), ("table", "chair", "chair")),
    "gallery": (("plant", "bench", "sculpture"), ("sculpture", "bench")),
}
_HANGINGS = ("picture", "window", "window", "door", "picture", "mirror")


def paint_room(painter: Painter, rng, ranges: RoomRanges) -> Look:
    """Paints a furnished room seen from inside; returns its look."""
    w, d = ranges.width.sample(rng), ranges.depth.sample(rng)
    h = ranges.height.sample(rng)
    camera = Camera(
        aspect=painter.aspect,
        focal=ranges.focal.sample(rng),
        height=min(ranges.camera_height.sample(rng), h - 0.4),
        horizon=ranges.horizon.sample(rng),
        x=rng.uniform(-0.25, 0.25) * w,
        yaw=ranges.yaw.sample(rng),
        roll=ranges.roll.sample(rng),
    )
    side = rng.choice((-1, 1))
    stage = Stage(painter, camera, rng, (0.5 * side, 0.55, -0.67), 0.7)
    look = sample_look(rng, ranges.look)
    _paint_shell(stage, ranges, w, d, h)
    kind = rng.choice(ranges.types)
    _hang_things(stage, kind, w, d, h)
    _furnish_room(stage, ranges, kind, w, d)
    return look


# Each wall is a place whose +forward points into the room, with its length.
def _place_walls(w: float, d: float) -> tuple[tuple[Place, float], ...]:
    back = -0.6  # The back wall is behind the camera.
    middle = (d + back) / 2
    return (
        (Place(0.0, d, math.pi), w),
        (Place(-w / 2, middle, math.pi / 2), d - back),
        (Place(w / 2, middle, -math.pi / 2), d - back),
    )


def _paint_shell(stage: Stage, ranges: RoomRanges, w: float, d: float, h: float) -> None:
    rng = stage.rng
    vivid = rng.random() < ranges.saturated.sample(rng)
    paint = pick_color(rng, _VIVID if vivid else _WALLS, 10)
    back = -0.6
    low = [(-w / 2, 0.0, d), (w / 2, 0.0, d), (w / 2, 0.0, back), (-w / 2, 0.0, back)]
    floor = pick_color(rng, _FLOORS, 12)
    stage.face("floor", ORIGIN, low, floor, lit=False)
    if rng.random() < 0.6:
        planks = []
        for i in range(1, 14):
            x = -w / 2 + w * i / 14
            planks.append(
                [(x - 0.008, 0, d), (x + 0.008, 0, d), (x + 0.008, 0, back), (x - 0.008, 0, back)]
            )
        stage.decals("floor", ORIGIN, planks, scale_color(floor, 0.8))
    top = [(-w / 2, h, back), (w / 2, h, back), (w / 2, h, d), (-w / 2, h, d)]
    stage.face("ceiling", ORIGIN, top, jitter_color(rng, (236, 234, 228), 6), lit=False)
    tones = rng.sample((0.88, 0.97, 1.06), 3)
    for (place, length), tone in zip(_place_walls(w, d), tones, strict=True):
        half = length / 2
        corners = ((half, h, 0), (-half, h, 0), (-half, 0, 0), (half, 0, 0))
        stage.face("room wall", place, corners, scale_color(paint, tone), lit=False)
        skirting = ((half, 0.1, 0.01), (-half, 0.1, 0.01), (-half, 0, 0.01), (half, 0, 0.01))
        stage.face("room wall", place, skirting, (228, 224, 216), lit=False)


def _draw_panel(
    stage: Stage, kind: str, place: Place, box, color: Color, out: float = 0.02
) -> bool:
    """Draws a rectangle (left, low, right, high) on a wall, as seen from inside the room."""
    left, low, right, high = box
    # Seen from inside, +right of the wall's own frame is on the left.
    corners = ((-left, high, out), (-right, high, out), (-right, low, out), (-left, low, out))
    return stage.face(kind, place, corners, color, lit=False)


def _hang_things(stage: Stage, kind: str, w: float, d: float, h: float) -> None:
    rng = stage.rng
    for place, length in _place_walls(w, d):
        slots = max(int(length / 1.7), 1)
        for i in range(slots):
            if rng.random() < 0.3:
                continue
            center = -length / 2 + (i + 0.5) * length / slots + rng.uniform(-0.15, 0.15)
            thing = "picture" if kind == "gallery" and rng.random() < 0.7 else rng.choice(_HANGINGS)
            _HANG[thing](stage, place, center, h)


def _draw_picture(stage: Stage, place: Place, x: float, h: float) -> None:
    rng = stage.rng
    wide, tall = rng.uniform(0.25, 0.6), rng.uniform(0.25, 0.45)
    y = min(1.6, h - tall - 0.2)
    frame = pick_color(rng, ((60, 50, 44), (196, 160, 96), (236, 232, 226)))
    with stage.painter.instance("picture"):
        if not _draw_panel(
            stage, "picture", place, (x - wide, y - tall, x + wide, y + tall), frame
        ):
            return
        inner = (x - wide * 0.86, y - tall * 0.84, x + wide * 0.86, y + tall * 0.84)
        _draw_panel(stage, "picture", place, inner, pick_color(rng, CLOTHES, 20), 0.025)
        split = rng.uniform(-0.4, 0.4)
        land = (inner[0], inner[1], inner[2], y + tall * split)
        _draw_panel(stage, "picture", place, land, pick_color(rng, CLOTHES, 20), 0.03)


def _draw_window(stage: Stage, place: Place, x: float, h: float) -> None:
    rng = stage.rng
    wide, low, high = rng.uniform(0.45, 0.75), 0.9, min(2.15, h - 0.25)
    with stage.painter.instance("window"):
        if not _draw_panel(
            stage, "window", place, (x - wide, low, x + wide, high), (240, 238, 234)
        ):
            return
        light = pick_color(rng, ((214, 232, 250), (236, 240, 244), (190, 216, 244)), 6)
        middle = (low + high) / 2
        for left in (x - wide * 0.92, x + wide * 0.04):
            for base in (low + 0.05, middle + 0.02):
                pane = (left, base, left + wide * 0.88, base + (high - low) / 2 - 0.07)
                _draw_panel(stage, "window", place, pane, scale_color(light, 1.08), 0.025)
    if rng.random() < 0.55:
        cloth = pick_color(rng, furniture.FABRIC, 16)
        for side in (-1, 1):
            edge = x + side * wide * 1.1
            left, right = sorted((edge - side * wide * 0.42, edge + side * 0.14))
            box = (left, 0.15 if h > 2.3 else 0.5, right, high + 0.12)
            _draw_panel(stage, "curtain", place, box, cloth, 0.05)
            folds = (left + (right - left) * 0.4, box[1], left + (right - left) * 0.6, box[3])
            _draw_panel(stage, "curtain", place, folds, scale_color(cloth, 0.85), 0.055)


def _draw_door(stage: Stage, place: Place, x: float, h: float) -> None:
    rng = stage.rng
    wood, high = pick_color(rng, furniture.WOOD), min(2.05, h - 0.2)
    with stage.painter.instance("door"):
        if not _draw_panel(
            stage, "door", place, (x - 0.48, 0.0, x + 0.48, high), scale_color(wood, 0.8)
        ):
            return
        _draw_panel(stage, "door", place, (x - 0.42, 0.0, x + 0.42, high - 0.06), wood, 0.025)
        for low, top in ((0.15, 0.9), (1.05, high - 0.2)):
            _draw_panel(
                stage, "door", place, (x - 0.3, low, x + 0.3, top), scale_color(wood, 0.9), 0.03
            )
        _draw_panel(stage, "door", place, (x + 0.3, 0.95, x + 0.39, 1.01), (214, 200, 150), 0.04)


def _draw_mirror(stage: Stage, place: Place, x: float, h: float) -> None:
    with stage.painter.instance("mirror"):
        high = min(1.95, h - 0.2)
        if _draw_panel(stage, "mirror", place, (x - 0.35, 0.8, x + 0.35, high), (176, 150, 104)):
            glass = (x - 0.3, 0.86, x + 0.3, high - 0.06)
            _draw_panel(stage, "mirror", place, glass, (186, 204, 212), 0.025)
            shine = (x - 0.2, 1.0, x - 0.08, high - 0.15)
            _draw_panel(stage, "mirror", place, shine, (220, 232, 236), 0.03)


_HANG = {
    "picture": _draw_picture,
    "window": _draw_window,
    "door": _draw_door,
    "mirror": _draw_mirror,
}


def _draw_television(stage: Stage, place: Place) -> None:
    furniture.draw_cabinet(stage, place)
    front = place.turned(math.pi)
    with stage.painter.instance("television"):
        for box, color, out in (
            ((-0.55, 1.15, 0.55, 1.8), (34, 34, 38), -0.1),
            (
                (-0.5, 1.2, 0.5, 1.75),
                pick_color(stage.rng, ((50, 58, 70), (80, 120, 160)), 8),
                -0.11,
            ),
        ):
            left, low, right, high = box
            corners = ((left, high, out), (right, high, out), (right, low, out), (left, low, out))
            stage.face("television", front, corners, color, lit=False)


def draw_sculpture(stage: Stage, place: Place) -> None:
    """Draws a stone on a plinth."""
    rng = stage.rng
    stage.ground_shadow(place, 0.5)
    with stage.painter.instance("sculpture"):
        stage.box("sculpture", place, (0.5, 0.8, 0.5), (226, 224, 220))
        flat = stage.flat(place.moved(0.0, 0.0, 0.8))
        if flat is None:
            return
        stone = pick_color(rng, ((150, 140, 128), (176, 120, 80), (90, 94, 100), (220, 214, 204)))
        for tone, shift in ((0.85, 0.0), (1.08, -0.04)):
            part = stage.painter.part("sculpture", scale_color(stone, tone), flat.inverse_depth)
            for i in range(3):
                center = flat.at(shift + 0.06 * (-1) ** i, 0.18 + 0.22 * i)
                radius = (0.24 - 0.05 * i) * (0.75 if tone > 1 else 1.0) * flat.scale
                stage.painter.ellipse(part, center, (radius, radius * 1.05))


def _draw_bench(stage: Stage, place: Place) -> None:
    with stage.painter.instance("chair"):
        stage.ground_shadow(place, 0.7)
        stage.box("chair", place, (1.3, 0.42, 0.45), pick_color(stage.rng, furniture.WOOD))


_PUT = {
    "sofa": furniture.draw_sofa,
    "shelf": furniture.draw_shelf,
    "cabinet": furniture.draw_cabinet,
    "plant": furniture.draw_plant,
    "lamp": furniture.draw_lamp,
    "bed": furniture.draw_bed,
    "bench": _draw_bench,
    "table": furniture.draw_table,
    "chair": furniture.draw_chair,
    "television": _draw_television,
    "sculpture": draw_sculpture,
    "desk": furniture.draw_table,
}
_REACH = {"bed": 1.05, "sofa": 0.5, "desk": 0.5, "chair": 0.35, "plant": 0.35, "lamp": 0.3}


def _furnish_room(stage: Stage, ranges: RoomRanges, kind: str, w: float, d: float) -> None:
    rng = stage.rng
    at_walls, in_middle = _CONTENTS[kind]
    clutter = ranges.clutter.sample(rng)
    if rng.random() < 0.45:
        _draw_rug(stage, w, d)
    crowd = Crowd(stage)
    for wall, length in _place_walls(w, d):
        for _ in range(round(clutter * 2)):
            thing = rng.choice(at_walls)
            right = rng.uniform(-0.5, 0.5) * (length - 1.4)
            spot = wall.moved(right, _REACH.get(thing, 0.26))
            if spot.z > 1.4 and crowd.free(spot.x, spot.z, 1.25):
                crowd.put(spot, _PUT[thing])
    for _ in range(round(clutter * 3)):
        thing = rng.choice(in_middle)
        x, z = rng.uniform(-0.32, 0.32) * w, rng.uniform(1.9, max(d - 1.0, 2.2))
        if crowd.free(x, z, 0.85):
            heading = rng.choice((0, 1.57, 3.14, 4.71)) + rng.uniform(-0.3, 0.3)
            crowd.put(Place(x, z, heading), _PUT[thing])
    for _ in range(ranges.people.count(rng)):
        x, z = rng.uniform(-0.35, 0.35) * w, rng.uniform(2.0, max(d - 0.5, 2.4))
        place = Place(x, z, rng.uniform(0, 6.3))
        if not crowd.free(x, z, 0.6):
            continue
        if rng.random() < 0.3:
            crowd.put(place, draw_quadruped, rng.choice((*DOGS, "cat")))
        else:
            crowd.put(place, draw_person, 1.7, rng.choice(("standing", "walking", "reaching")))
    crowd.draw()


def _draw_rug(stage: Stage, w: float, d: float) -> None:
    rng = stage.rng
    half, near, far = (
        w * rng.uniform(0.2, 0.35),
        d * rng.uniform(0.3, 0.45),
        d * rng.uniform(0.65, 0.85),
    )
    cloth = pick_color(rng, CLOTHES, 14)
    for inset, tone in ((0.0, 0.85), (0.12, 1.0), (0.3, 0.92)):
        corners = [
            (-half + inset, 0, far - inset), (half - inset, 0, far - inset),
            (half - inset, 0, near + inset), (-half + inset, 0, near + inset),
        ]  # fmt: skip
        stage.face("rug", ORIGIN, corners, scale_color(cloth, tone), lit=False)
