"""Draws things that live, lie and swim under water."""

import math

from foi_tf.miniworld.color_math import Color, jitter_color, mix_colors, pick_color, scale_color
from foi_tf.miniworld.furniture import draw_bottle
from foi_tf.miniworld.nature import make_tuft
from foi_tf.miniworld.person import Outfit, draw_person
from foi_tf.miniworld.stage import Flat, Place, Stage

_CORAL: tuple[Color, ...] = (
    (216, 106, 92), (226, 160, 84), (170, 96, 160), (222, 200, 130), (128, 150, 96),
    (206, 124, 150),
)  # fmt: skip
_FISH: tuple[tuple[Color, Color], ...] = (
    ((240, 200, 60), (50, 60, 90)), ((230, 120, 50), (244, 240, 232)),
    ((90, 130, 200), (230, 210, 80)), ((176, 186, 196), (110, 122, 136)),
    ((220, 90, 110), (250, 220, 200)),
)  # fmt: skip


def draw_coral(stage: Stage, place: Place, size: float) -> None:
    """Draws a branching, round or table coral."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None:
        return
    painter, color = stage.painter, pick_color(rng, _CORAL, 14)
    stage.ground_shadow(place, size * 0.5)
    form = rng.randrange(3)
    with painter.instance("coral"):
        if form == 0:
            for tone, seed in ((0.75, 0.0), (1.08, 0.4)):
                part = painter.part("coral", scale_color(color, tone), flat.inverse_depth)
                for i in range(6):
                    lean = (i - 2.5) * 0.24 + seed * 0.2
                    knee = lean * size * 0.45, size * 0.5
                    tip = lean * size, size * rng.uniform(0.75, 1.0)
                    painter.limb(
                        part,
                        flat.at(0, 0),
                        flat.at(*knee),
                        size * 0.07 * flat.scale,
                        size * 0.06 * flat.scale,
                    )
                    painter.limb(
                        part,
                        flat.at(*knee),
                        flat.at(*tip),
                        size * 0.06 * flat.scale,
                        size * 0.035 * flat.scale,
                    )
        elif form == 1:
            for tone, x, y, r in (
                (0.75, 0, 0.3, 0.5),
                (1.0, -0.06, 0.38, 0.4),
                (1.2, -0.12, 0.48, 0.2),
            ):
                part = painter.part("coral", scale_color(color, tone), flat.inverse_depth)
                reach = size * r * flat.scale
                painter.ellipse(part, flat.at(x * size, y * size), (reach * 1.2, reach))
        else:
            part = painter.part("coral", scale_color(color, 0.7), flat.inverse_depth)
            painter.limb(
                part,
                flat.at(0, 0),
                flat.at(0, size * 0.5),
                size * 0.12 * flat.scale,
                size * 0.2 * flat.scale,
            )
            part = painter.part("coral", color, flat.inverse_depth)
            painter.ellipse(
                part, flat.at(0, size * 0.55), (size * 0.7 * flat.scale, size * 0.13 * flat.scale)
            )


def draw_seaweed(stage: Stage, place: Place, size: float, kind: str = "seaweed") -> None:
    """Draws waving blades."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None:
        return
    color = pick_color(rng, ((74, 122, 66), (110, 128, 60), (92, 84, 52)), 12)
    for tone in (0.75, 1.1):
        part = stage.painter.part(kind, scale_color(color, tone), flat.inverse_depth)
        for blade in make_tuft(rng, flat, size, 6):
            stage.painter.polygon(part, blade)


def draw_fish(
    stage: Stage, place: Place, size: float, colors: tuple[Color, Color] | None = None
) -> None:
    """Draws a fish that swims left or right at the height `place.y`; `meters` is its length."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None or size * flat.scale < 0.012:
        return
    painter, (body, fin) = stage.painter, colors or rng.choice(_FISH)
    body, s = jitter_color(rng, body, 12), size / 2
    way = rng.choice((-1, 1))
    deep = rng.uniform(0.26, 0.5)
    tilt = rng.uniform(-0.25, 0.25)

    def at(x: float, y: float):
        x, y = x * s * way, y * s
        return flat.at(
            x * math.cos(tilt) - y * math.sin(tilt), x * math.sin(tilt) + y * math.cos(tilt)
        )

    with painter.instance("fish"):
        fins = painter.part("fish", fin, flat.inverse_depth)
        painter.polygon(fins, (at(-0.7, 0), at(-1.15, 0.42), at(-0.98, 0), at(-1.15, -0.42)))
        painter.polygon(fins, (at(-0.4, deep * 0.7), at(-0.2, deep * 1.45), at(0.35, deep * 0.8)))
        painter.polygon(
            fins, (at(-0.2, -deep * 0.7), at(-0.15, -deep * 1.35), at(0.2, -deep * 0.7))
        )
        part = painter.part("fish", body, flat.inverse_depth)
        outline = [at(0.85 * math.cos(t), deep * math.sin(t) * (1.0 if math.cos(t) > 0 else 0.9))
                   for t in (2 * math.pi * i / 14 for i in range(14))]  # fmt: skip
        painter.polygon(part, outline)
        stripe = painter.part("fish", mix_colors(body, fin, 0.8), flat.inverse_depth)
        for x in (-0.25, 0.2):
            high = deep * (0.9 - abs(x) * 0.3)
            painter.polygon(
                stripe, (at(x, high), at(x + 0.14, high), at(x + 0.14, -high), at(x, -high))
            )
        eye = painter.part("fish", (24, 24, 28), flat.inverse_depth)
        painter.ellipse(eye, at(0.58, deep * 0.25), (0.07 * s * flat.scale, 0.07 * s * flat.scale))


def draw_diver(stage: Stage, place: Place) -> None:
    """Draws a swimming diver in a dark suit, with a tank."""
    rng = stage.rng
    suit = pick_color(rng, ((40, 44, 52), (46, 60, 84), (70, 46, 46)), 8)
    outfit = Outfit(
        skin=(206, 160, 130),
        hair=suit,
        top=suit,
        bottom=scale_color(suit, 0.9),
        shoes=(236, 200, 60),
        sleeves=True,
        trousers=True,
        build=1.15,
    )
    roll = rng.choice((-1, 1)) * rng.uniform(0.9, 1.5)
    draw_person(stage, place, 1.8, "swimming", kind="diver", outfit=outfit, roll=roll)


def draw_robot(stage: Stage, place: Place) -> None:
    """Draws a remotely operated vehicle: a yellow frame with a dome and lights."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None:
        return
    painter = stage.painter
    hull = pick_color(rng, ((232, 190, 50), (226, 120, 50), (222, 222, 216)), 8)

    def block(color: Color, left: float, low: float, right: float, high: float) -> None:
        part = painter.part("robot", color, flat.inverse_depth)
        corners = ((left, high), (right, high), (right, low), (left, low))
        painter.polygon(part, [flat.at(*corner) for corner in corners])

    with painter.instance("robot"):
        block((56, 60, 66), -0.55, 0.0, 0.55, 0.5)
        block((150, 156, 160), -0.5, 0.06, -0.42, 0.5)
        block((150, 156, 160), 0.42, 0.06, 0.5, 0.5)
        block(hull, -0.6, 0.42, 0.6, 0.78)
        dome = painter.part("robot", (120, 150, 170), flat.inverse_depth)
        painter.ellipse(dome, flat.at(0, 0.27), (0.18 * flat.scale, 0.18 * flat.scale))
        lamp = painter.part("robot", (320, 310, 260), flat.inverse_depth)
        for x in (-0.3, 0.3):
            painter.ellipse(lamp, flat.at(x, 0.2), (0.07 * flat.scale, 0.07 * flat.scale))


def draw_wreck(stage: Stage, place: Place) -> None:
    """Draws the ribs and hull of a sunken boat."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None:
        return
    rust = pick_color(rng, ((122, 88, 66), (104, 92, 78)), 10)
    hull = stage.painter.part("wreck", rust, flat.inverse_depth)
    outline = ((-2.2, 0), (-2.6, 1.2), (-1.6, 0.9), (1.4, 0.7), (2.4, 1.3), (1.9, 0))
    stage.painter.polygon(hull, [flat.at(*corner) for corner in outline])
    dark = stage.painter.part("wreck", scale_color(rust, 0.6), flat.inverse_depth)
    for x in (-1.2, -0.4, 0.4, 1.2):
        corners = ((x, 0.25), (x, 0.6), (x + 0.3, 0.6), (x + 0.3, 0.25))
        stage.painter.polygon(dark, [flat.at(*corner) for corner in corners])
    radius = 0.06 * flat.scale
    stage.painter.limb(dark, flat.at(-0.6, 0.8), flat.at(-0.2, 2.3), radius, radius)


def draw_plastic(stage: Stage, place: Place) -> None:
    """Draws a bag, a bottle, or a crushed cup."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None:
        return
    if rng.random() < 0.35:
        with stage.painter.instance("plastic"):
            _draw_bottle(stage, flat)
        return
    color = pick_color(rng, ((232, 234, 232), (90, 130, 190), (200, 70, 64), (240, 214, 120)), 10)
    size = rng.uniform(0.2, 0.4)
    with stage.painter.instance("plastic"):
        for tone, inset in ((0.8, 1.0), (1.1, 0.6)):
            part = stage.painter.part("plastic", scale_color(color, tone), flat.inverse_depth)
            outline = []
            for i in range(8):
                turn, r = 2 * math.pi * i / 8, size * rng.uniform(0.6, 1.0) * inset
                outline.append(flat.at(r * math.cos(turn), size * 0.6 + r * 0.8 * math.sin(turn)))
            stage.painter.polygon(part, outline)


def _draw_bottle(stage: Stage, flat: Flat) -> None:
    color = pick_color(stage.rng, ((196, 220, 226), (120, 170, 130)), 8)
    lean = stage.rng.uniform(-0.3, 0.3)
    part = stage.painter.part("plastic", color, flat.inverse_depth)
    stage.painter.limb(
        part,
        flat.at(-0.2, 0.1),
        flat.at(0.12, 0.1 + lean * 0.2),
        0.09 * flat.scale,
        0.09 * flat.scale,
    )
    neck = stage.painter.part("plastic", (60, 100, 170), flat.inverse_depth)
    tip = flat.at(0.29, 0.1 + lean * 0.34)
    stage.painter.limb(
        neck, flat.at(0.2, 0.1 + lean * 0.26), tip, 0.04 * flat.scale, 0.04 * flat.scale
    )


def draw_litter_bottle(stage: Stage, place: Place) -> None:
    """Draws an upright glass bottle, which counts as plastic in the trash dataset."""
    draw_bottle(stage, place, stage.rng.uniform(0.3, 0.45))


def draw_natural_litter(stage: Stage, place: Place) -> None:
    """Draws a starfish or a loose plant: natural things that are not trash."""
    flat, rng = stage.flat(place), stage.rng
    if flat is None:
        return
    if rng.random() < 0.5:
        with stage.painter.instance("bio"):
            draw_seaweed(stage, place, rng.uniform(0.35, 0.7), "bio")
        return
    color = pick_color(rng, ((216, 110, 70), (190, 80, 100), (226, 190, 110)), 10)
    size, turn = rng.uniform(0.18, 0.32), rng.uniform(0, 1)
    with stage.painter.instance("bio"):
        part = stage.painter.part("bio", color, flat.inverse_depth)
        outline = []
        for i in range(10):
            angle, r = turn + math.pi * i / 5, size * (1.0 if i % 2 == 0 else 0.4)
            outline.append(flat.at(r * math.cos(angle), size * 0.6 + r * 0.7 * math.sin(angle)))
        stage.painter.polygon(part, outline)
