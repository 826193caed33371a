"""Draws furniture and household things, built of boxes."""

import math

from foi_tf.miniworld.color_math import Color, pick_color, scale_color
from foi_tf.miniworld.nature import FOLIAGE, make_tuft
from foi_tf.miniworld.person import CLOTHES
from foi_tf.miniworld.stage import Flat, Place, Stage

WOOD: tuple[Color, ...] = (
    (158, 114, 74), (190, 150, 104), (112, 78, 54), (214, 184, 142), (226, 222, 214),
)  # fmt: skip
FABRIC: tuple[Color, ...] = (
    (150, 146, 140), (96, 112, 130), (176, 92, 72), (112, 128, 98), (204, 186, 158), (84, 82, 92),
    (196, 160, 80),
)  # fmt: skip


def _sort_far_first(stage: Stage, places: list[Place]) -> list[Place]:
    return sorted(places, key=lambda p: -stage.depth(p.x, p.z))


def _draw_boxes(stage: Stage, kind: str, place: Place, boxes) -> None:
    """Draws boxes (right, forward, base, (w, h, d), color), farther boxes first."""

    def order(box) -> tuple[float, float]:
        spot = place.moved(box[0], box[1])
        return -round(stage.depth(spot.x, spot.z), 1), box[2]

    for right, forward, base, size, color in sorted(boxes, key=order):
        stage.box(kind, place.moved(right, forward), size, color, base=base)


def draw_table(stage: Stage, place: Place, *, laid: bool = True) -> None:
    """Draws a table with things on it."""
    rng = stage.rng
    wood = pick_color(rng, WOOD)
    w, h, d = rng.uniform(0.9, 1.7), rng.uniform(0.55, 0.76), rng.uniform(0.6, 0.95)
    stage.ground_shadow(place, w * 0.5)
    with stage.painter.instance("table"):
        legs = [
            place.moved(a * (w / 2 - 0.08), b * (d / 2 - 0.08)) for a in (-1, 1) for b in (-1, 1)
        ]
        for leg in _sort_far_first(stage, legs):
            stage.box("table", leg, (0.07, h, 0.07), scale_color(wood, 0.8))
        stage.box("table", place, (w, 0.06, d), wood, base=h - 0.06)
    if laid:
        spots = [
            place.moved(rng.uniform(-0.4, 0.4) * w, rng.uniform(-0.35, 0.35) * d) for _ in range(3)
        ]
        for spot in _sort_far_first(stage, spots):
            raised = spot.moved(0.0, 0.0, h)
            rng.choice((draw_bottle, draw_cup, draw_cup, draw_vase))(stage, raised)


def draw_chair(stage: Stage, place: Place) -> None:
    """Draws a dining chair whose back is at -forward."""
    rng = stage.rng
    wood = pick_color(rng, WOOD if rng.random() < 0.6 else FABRIC)
    stage.ground_shadow(place, 0.35)
    with stage.painter.instance("chair"):
        legs = [
            (a * 0.19, b * 0.19, 0.0, (0.05, 0.44, 0.05), scale_color(wood, 0.8))
            for a in (-1, 1)
            for b in (-1, 1)
        ]
        seat = [
            (0.0, 0.0, 0.43, (0.46, 0.06, 0.46), wood),
            (0.0, -0.21, 0.48, (0.46, 0.48, 0.05), wood),
        ]
        _draw_boxes(stage, "chair", place, legs + seat)


def draw_sofa(stage: Stage, place: Place) -> None:
    """Draws a sofa whose back is at -forward, perhaps with pillows."""
    rng = stage.rng
    cloth, w = pick_color(rng, FABRIC), rng.uniform(1.5, 2.2)
    stage.ground_shadow(place, w * 0.55)
    parts = [
        (0.0, -0.36, 0.0, (w, 0.85, 0.2), scale_color(cloth, 0.95)),
        (0.0, 0.0, 0.0, (w, 0.42, 0.6), cloth),
        (-w / 2, -0.05, 0.0, (0.2, 0.62, 0.8), scale_color(cloth, 0.9)),
        (w / 2, -0.05, 0.0, (0.2, 0.62, 0.8), scale_color(cloth, 0.9)),
    ]
    with stage.painter.instance("sofa"):
        _draw_boxes(stage, "sofa", place, parts)
    toward = (stage.camera.x - place.x) * math.sin(place.heading) - place.z * math.cos(
        place.heading
    )
    if toward > 0.5:  # Else the back of the sofa would hide them.
        for side in (-1, 1):
            if rng.random() < 0.6:
                pillow = place.moved(side * w * 0.28, -0.18)
                stage.box("pillow", pillow, (0.4, 0.34, 0.12), pick_color(rng, CLOTHES), base=0.42)


def draw_bed(stage: Stage, place: Place) -> None:
    """Draws a bed whose head is at -forward."""
    rng = stage.rng
    wood, sheet, cover = pick_color(rng, WOOD), (232, 230, 224), pick_color(rng, FABRIC)
    w = rng.uniform(1.0, 1.7)
    stage.ground_shadow(place, w * 0.6)
    with stage.painter.instance("bed"):
        head = (0.0, -1.0, 0.0, (w, 0.95, 0.08), wood)
        base = (0.0, 0.0, 0.0, (w, 0.3, 1.95), scale_color(wood, 0.85))
        _draw_boxes(stage, "bed", place, [head, base])
        stage.box("bed", place, (w * 0.97, 0.2, 1.9), sheet, base=0.3)
        stage.box("bed", place.moved(0.0, 0.3), (w * 1.0, 0.22, 1.3), cover, base=0.3)
    pillows = [place.moved(side * w * 0.25, -0.72) for side in (-1, 1)]
    for spot in _sort_far_first(stage, pillows):
        stage.box("pillow", spot, (w * 0.42, 0.13, 0.36), (244, 242, 238), base=0.5)


def draw_cabinet(stage: Stage, place: Place) -> None:
    """Draws a chest of drawers whose front is at +forward."""
    rng = stage.rng
    wood = pick_color(rng, WOOD)
    w, h = rng.uniform(0.7, 1.4), rng.uniform(0.6, 1.1)
    rows = 2 if h < 0.8 else 3
    with stage.painter.instance("cabinet"):
        stage.box("cabinet", place, (w, h, 0.45), wood)
        front = place.turned(math.pi)
        for i in range(rows):
            low, high = (i + 0.1) * h / rows, (i + 0.9) * h / rows
            drawer = ((-w * 0.46, high), (w * 0.46, high), (w * 0.46, low), (-w * 0.46, low))
            corners = [(x, y, -0.24) for x, y in drawer]
            stage.face("cabinet", front, corners, scale_color(wood, 1.12))
    if rng.random() < 0.5:
        rng.choice((draw_vase, draw_lamp, draw_cup))(stage, place.moved(0.0, 0.0, h))


def draw_shelf(stage: Stage, place: Place) -> None:
    """Draws an open bookcase whose front is at +forward."""
    rng = stage.rng
    wood = pick_color(rng, WOOD)
    w, h = rng.uniform(0.7, 1.3), rng.uniform(1.3, 2.0)
    rows = round(h / 0.38)
    front = place.turned(math.pi)
    with stage.painter.instance("shelf"):
        stage.box("shelf", place, (w, h, 0.3), wood)
        for i in range(rows):
            low, high = i * h / rows + 0.04, (i + 1) * h / rows - 0.03
            inner = ((-w * 0.46, high), (w * 0.46, high), (w * 0.46, low), (-w * 0.46, low))
            corners = [(x, y, -0.155) for x, y in inner]
            if not stage.face("shelf", front, corners, scale_color(wood, 0.45)):
                continue
            x = -w * 0.45
            spines: dict[int, list] = {0: [], 1: [], 2: []}
            while x < w * 0.36:
                wide, tall = rng.uniform(0.04, 0.09), (high - low) * rng.uniform(0.6, 0.95)
                outline = ((x, low + tall), (x + wide, low + tall), (x + wide, low), (x, low))
                spines[rng.randrange(3)].append([(a, b, -0.16) for a, b in outline])
                x += wide + 0.01 + (0.15 if rng.random() < 0.12 else 0.0)
            for books in spines.values():
                stage.decals("shelf", front, books, pick_color(rng, CLOTHES))


def _draw_blob(stage: Stage, kind: str, flat: Flat, center, radii, color: Color) -> None:
    part = stage.painter.part(kind, color, flat.inverse_depth)
    radii = radii[0] * flat.scale, radii[1] * flat.scale
    stage.painter.ellipse(part, flat.at(*center), radii)


def _draw_outline(stage: Stage, kind: str, flat: Flat, corners, color: Color) -> None:
    part = stage.painter.part(kind, color, flat.inverse_depth)
    stage.painter.polygon(part, [flat.at(*corner) for corner in corners])


def draw_lamp(stage: Stage, place: Place) -> None:
    """Draws a standing lamp on the floor, or a small lamp on furniture."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None:
        return
    h = rng.uniform(1.3, 1.7) if place.y == 0 else rng.uniform(0.4, 0.6)
    glow = pick_color(rng, ((300, 270, 200), (236, 226, 204), (214, 176, 120)), 8)
    with stage.painter.instance("lamp"):
        stem = (-0.02, 0), (-0.02, h * 0.8), (0.02, h * 0.8), (0.02, 0)
        _draw_outline(stage, "lamp", flat, stem, (92, 84, 76))
        _draw_blob(stage, "lamp", flat, (0, 0.01), (h * 0.11, h * 0.03), (82, 76, 70))
        wide = h * 0.16 + 0.04
        shade = (-wide, h * 0.72), (-wide * 0.6, h), (wide * 0.6, h), (wide, h * 0.72)
        _draw_outline(stage, "lamp", flat, shade, glow)


def draw_plant(stage: Stage, place: Place) -> None:
    """Draws a plant in a pot."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None:
        return
    h = rng.uniform(0.5, 1.2)
    pot, leaves = (
        pick_color(rng, ((178, 104, 72), (226, 222, 214), (96, 104, 108))),
        pick_color(rng, FOLIAGE),
    )
    stage.ground_shadow(place, 0.25)
    with stage.painter.instance("potted plant"):
        rim, foot = h * 0.2, h * 0.14
        raised = Flat(flat.at(0, h * 0.3), flat.scale, flat.inverse_depth)
        for tone in (0.75, 1.1):
            part = stage.painter.part("potted plant", scale_color(leaves, tone), flat.inverse_depth)
            for blade in make_tuft(rng, raised, h * 0.75 * (1.15 - tone * 0.15), 7):
                stage.painter.polygon(part, blade)
        corners = (-foot, 0), (-rim, h * 0.34), (rim, h * 0.34), (foot, 0)
        _draw_outline(stage, "potted plant", flat, corners, pot)


def draw_bottle(stage: Stage, place: Place, height: float = 0.28) -> None:
    """Draws a bottle."""
    flat = stage.flat(place)
    if flat is None:
        return
    color = pick_color(stage.rng, ((66, 110, 74), (150, 92, 48), (176, 200, 206), (60, 90, 150)))
    w, h = height * 0.14, height
    body = (
        (-w, 0), (-w, h * 0.6), (-w * 0.4, h * 0.75), (-w * 0.4, h), (w * 0.4, h),
        (w * 0.4, h * 0.75), (w, h * 0.6), (w, 0),
    )  # fmt: skip
    with stage.painter.instance("bottle"):
        _draw_outline(stage, "bottle", flat, body, color)
        label = (-w, h * 0.2), (-w, h * 0.48), (w, h * 0.48), (w, h * 0.2)
        _draw_outline(stage, "bottle", flat, label, (236, 230, 214))
        shine = (
            (-w * 0.7, h * 0.05),
            (-w * 0.7, h * 0.58),
            (-w * 0.45, h * 0.58),
            (-w * 0.45, h * 0.05),
        )
        _draw_outline(stage, "bottle", flat, shine, scale_color(color, 1.35))


def draw_cup(stage: Stage, place: Place, height: float = 0.1) -> None:
    """Draws a cup with a handle."""
    flat = stage.flat(place)
    if flat is None:
        return
    color = pick_color(stage.rng, ((238, 236, 230), (190, 70, 58), (70, 110, 150), (226, 186, 90)))
    h = height
    with stage.painter.instance("cup"):
        _draw_blob(
            stage, "cup", flat, (h * 0.55, h * 0.5), (h * 0.28, h * 0.3), scale_color(color, 0.85)
        )
        side = (-h * 0.38, 0), (-h * 0.45, h), (h * 0.45, h), (h * 0.38, 0)
        _draw_outline(stage, "cup", flat, side, color)
        _draw_blob(stage, "cup", flat, (0, h), (h * 0.45, h * 0.12), scale_color(color, 0.6))


def draw_vase(stage: Stage, place: Place) -> None:
    """Draws a vase with flowers, which counts as a potted plant."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None:
        return
    with stage.painter.instance("potted plant"):
        raised = Flat(flat.at(0, 0.12), flat.scale, flat.inverse_depth)
        part = stage.painter.part("potted plant", pick_color(rng, FOLIAGE), flat.inverse_depth)
        for blade in make_tuft(rng, raised, 0.2, 5):
            stage.painter.polygon(part, blade)
        bloom = pick_color(rng, ((226, 90, 110), (240, 200, 80), (240, 236, 240)))
        for _ in range(4):
            spot = rng.uniform(-0.09, 0.09), rng.uniform(0.26, 0.34)
            _draw_blob(stage, "potted plant", flat, spot, (0.035, 0.035), bloom)
        _draw_blob(stage, "potted plant", flat, (0, 0.08), (0.06, 0.09), pick_color(rng, FABRIC))
