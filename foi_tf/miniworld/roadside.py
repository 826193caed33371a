"""Draws things along streets: poles, signs, lights, lamps, benches, bins, boards, fences."""

from foi_tf.miniworld.color_math import Color, pick_color, scale_color
from foi_tf.miniworld.stage import ORIGIN, Flat, Place, Stage

STEEL: Color = (118, 122, 124)
SIGNS: tuple[tuple[Color, Color], ...] = (
    ((196, 44, 40), (240, 240, 236)), ((40, 88, 160), (240, 240, 240)),
    ((228, 188, 48), (44, 42, 40)), ((42, 120, 80), (240, 240, 236)),
)  # fmt: skip


def _draw_post(
    stage: Stage, kind: str, flat: Flat, height: float, radius: float, color: Color
) -> None:
    part = stage.painter.part(kind, color, flat.inverse_depth)
    stage.painter.polygon(
        part,
        (
            flat.at(-radius, 0),
            flat.at(-radius, height),
            flat.at(radius, height),
            flat.at(radius, 0),
        ),
    )


def _draw_panel(stage: Stage, kind: str, flat: Flat, box, color: Color) -> None:
    left, low, right, high = box
    part = stage.painter.part(kind, color, flat.inverse_depth)
    stage.painter.polygon(
        part, (flat.at(left, high), flat.at(right, high), flat.at(right, low), flat.at(left, low))
    )


def _draw_disc(
    stage: Stage, kind: str, flat: Flat, x: float, y: float, radius: float, color: Color
):
    part = stage.painter.part(kind, color, flat.inverse_depth)
    stage.painter.ellipse(part, flat.at(x, y), (radius * flat.scale, radius * flat.scale))


def draw_sign(stage: Stage, place: Place) -> None:
    """Draws a traffic sign on its pole."""
    flat = stage.flat(place)
    if flat is None or flat.scale < 0.008:
        return
    rng = stage.rng
    rim, center = rng.choice(SIGNS)
    height, radius = rng.uniform(2.4, 3.0), rng.uniform(0.36, 0.46)
    _draw_post(stage, "pole", flat, height, 0.05, STEEL)
    with stage.painter.instance("traffic sign"):
        shape = rng.randrange(3)
        if shape == 0:
            _draw_disc(stage, "traffic sign", flat, 0, height, radius, rim)
            _draw_disc(stage, "traffic sign", flat, 0, height, radius * 0.62, center)
        elif shape == 1:
            box = (-radius, height - radius, radius, height + radius)
            _draw_panel(stage, "traffic sign", flat, box, rim)
            _draw_disc(stage, "traffic sign", flat, 0, height, radius * 0.5, center)
        else:
            for size, color in ((1.15, rim), (0.65, center)):
                part = stage.painter.part("traffic sign", color, flat.inverse_depth)
                reach = radius * size
                corners = (0, height + reach), (reach, height - reach * 0.75)
                outline = [flat.at(*corner) for corner in (*corners, (-reach, corners[1][1]))]
                stage.painter.polygon(part, outline)


def draw_traffic_light(stage: Stage, place: Place) -> None:
    """Draws a traffic light on its pole, with one lamp lit."""
    flat = stage.flat(place)
    if flat is None or flat.scale < 0.008:
        return
    _draw_post(stage, "pole", flat, 3.4, 0.07, STEEL)
    lit = stage.rng.randrange(3)
    with stage.painter.instance("traffic light"):
        _draw_panel(stage, "traffic light", flat, (-0.24, 2.6, 0.24, 3.9), (38, 40, 40))
        lamps = ((235, 60, 50), (240, 180, 50), (80, 220, 130))
        for i, color in enumerate(lamps):
            tone = scale_color(color, 1.6) if i == lit else scale_color(color, 0.3)
            _draw_disc(stage, "traffic light", flat, 0, 3.62 - 0.38 * i, 0.17, tone)


def draw_street_lamp(stage: Stage, place: Place, on: bool = False) -> None:
    """Draws a lamp that reaches over the road (towards x = 0)."""
    flat = stage.flat(place)
    if flat is None or flat.scale < 0.005:
        return
    painter, side = stage.painter, -1 if place.x > stage.camera.x else 1
    kind, height = "street lamp", stage.rng.uniform(5.5, 8.0)
    _draw_post(stage, kind, flat, height, 0.08, scale_color(STEEL, 0.85))
    part = painter.part(kind, scale_color(STEEL, 0.85), flat.inverse_depth)
    end = flat.at(side * 1.4, height + 0.25)
    painter.limb(part, flat.at(0, height), end, 0.07 * flat.scale, 0.06 * flat.scale)
    head = painter.part(kind, (800, 700, 470) if on else (206, 206, 196), flat.inverse_depth)
    painter.ellipse(head, end, (0.45 * flat.scale, (0.2 if on else 0.13) * flat.scale))


def draw_pole(stage: Stage, place: Place) -> None:
    """Draws a wooden or steel pole with cross-arms for wires."""
    flat = stage.flat(place)
    if flat is None:
        return
    color = pick_color(stage.rng, ((98, 84, 70), (132, 132, 128)))
    height = stage.rng.uniform(6.0, 8.5)
    _draw_post(stage, "pole", flat, height, 0.11, color)
    _draw_panel(stage, "pole", flat, (-0.9, height - 0.6, 0.9, height - 0.45), color)


def draw_billboard(stage: Stage, place: Place) -> None:
    """Draws a board with an advertisement."""
    flat = stage.flat(place)
    if flat is None or flat.scale < 0.006:
        return
    rng = stage.rng
    base, wide = rng.uniform(2.2, 4.0), rng.uniform(1.4, 2.6)
    _draw_post(stage, "pole", flat, base, 0.12, STEEL)
    _draw_panel(stage, "billboard", flat, (-wide, base, wide, base + 2.2), (236, 232, 222))
    for i in range(3):
        color = pick_color(rng, ((200, 70, 60), (60, 120, 170), (240, 190, 60), (70, 140, 100)), 16)
        left = -wide + 0.15 + i * (wide - 0.15) * 2 / 3
        top = base + rng.uniform(1.0, 2.0)
        _draw_panel(stage, "billboard", flat, (left, base + 0.2, left + wide * 0.55, top), color)


def draw_bench(stage: Stage, place: Place) -> None:
    """Draws a park bench."""
    wood = pick_color(stage.rng, ((140, 98, 62), (112, 84, 58)))
    stage.ground_shadow(place, 0.8)
    with stage.painter.instance("bench"):
        for x in (-0.7, 0.7):
            stage.box("bench", place.moved(x, 0.0), (0.1, 0.45, 0.45), (60, 60, 62))
        stage.box("bench", place, (1.7, 0.08, 0.5), wood, base=0.42)
        stage.box("bench", place.moved(0.0, 0.24), (1.7, 0.4, 0.06), wood, base=0.5)


def draw_bin(stage: Stage, place: Place) -> None:
    """Draws a rubbish bin."""
    color = pick_color(stage.rng, ((60, 92, 66), (70, 74, 80), (52, 82, 128)))
    stage.ground_shadow(place, 0.5)
    stage.box("bin", place, (0.6, 1.0, 0.6), color, top=scale_color(color, 0.7))


def draw_fence(stage: Stage, start: Place, end: Place, *, rail: bool) -> None:
    """Draws a guard rail or a picket fence along the ground from start to end."""
    rng = stage.rng
    color = (
        (176, 180, 182)
        if rail
        else pick_color(rng, ((150, 116, 80), (222, 220, 212), (110, 100, 90)))
    )
    low, high = (0.45, 0.8) if rail else (0.05, rng.uniform(0.9, 1.5))
    corners = [
        (start.x, high, start.z),
        (end.x, high, end.z),
        (end.x, low, end.z),
        (start.x, low, start.z),
    ]
    if not stage.face("fence", ORIGIN, corners, color, lit=False):
        stage.face("fence", ORIGIN, corners[::-1], color, lit=False)
    length = ((end.x - start.x) ** 2 + (end.z - start.z) ** 2) ** 0.5
    step = 4.0 if rail else 1.2
    posts = []
    for i in range(min(int(length / step) + 1, 24)):
        t = min(i * step / max(length, 1e-6), 1.0)
        x, z = start.x + (end.x - start.x) * t, start.z + (end.z - start.z) * t
        posts.append([(x, high, z), (x, high, z + 0.12), (x, 0.0, z + 0.12), (x, 0.0, z)])
    stage.decals("fence", ORIGIN, posts, scale_color(color, 0.72))


def draw_wall(stage: Stage, start: Place, end: Place, height: float) -> None:
    """Draws a garden wall from start to end."""
    color = pick_color(stage.rng, ((168, 150, 132), (150, 104, 84), (188, 184, 174)), 12)
    corners = [
        (start.x, height, start.z), (end.x, height, end.z), (end.x, 0.0, end.z),
        (start.x, 0.0, start.z),
    ]  # fmt: skip
    if not stage.face("wall", ORIGIN, corners, color, lit=False):
        stage.face("wall", ORIGIN, corners[::-1], color, lit=False)
