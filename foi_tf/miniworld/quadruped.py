"""Draws four-legged animals as one jointed figure, from greyhound to sheep, from any side."""

import functools
import math

from foi_tf.miniworld.breeds import BREEDS, Breed
from foi_tf.miniworld.color_math import Color, jitter_color, scale_color
from foi_tf.miniworld.figure import Figure
from foi_tf.miniworld.stage import Place, Stage
from foi_tf.study.labels.joints import DOGS

Vec = tuple[float, float, float]  # (to the animal's left, up, forward), in withers heights.


def sample_skeleton(rng, breed: Breed) -> dict[str, Vec]:
    """Draws a standing, walking or sitting pose; returns its joints in withers heights."""
    u = rng.uniform
    sits = rng.random() < 0.22 and breed.kind in ("dog", "cat")
    half = breed.length / 2
    spine = 1.0 - breed.chest
    hips_up, hips_back = (
        (spine * 0.55, -half * 0.55) if sits else (spine - 0.01, -half + breed.belly)
    )
    chest: Vec = (0.0, spine * (1.02 if sits else 1.0), half - breed.chest)
    hips: Vec = (0.0, hips_up, hips_back)
    joints = {"chest": chest, "hips": hips}
    stride = u(0.0, 0.5)
    phase = u(0, 2 * math.pi)
    for side, sign in (("left", 1), ("right", -1)):
        swing = stride * math.sin(phase if sign > 0 else phase + math.pi)
        wide = sign * breed.chest * 0.5
        elbow = (wide, spine - breed.chest * 0.75, chest[2] - 0.02)
        knee = _place_leg(elbow, elbow[1] * 0.5, swing)
        joints[f"{side} front elbow"] = elbow
        joints[f"{side} front knee"] = knee
        joints[f"{side} front paw"] = _place_leg(
            knee, knee[1] - 0.03, swing - max(0.0, -swing) * 0.8
        )
        wide = sign * breed.belly * 0.55
        if sits:
            stifle = (wide * 1.5, breed.limb * 2.6, hips[2] + 0.3)
            joints[f"{side} rear elbow"] = stifle
            joints[f"{side} rear knee"] = (wide * 1.5, breed.limb * 0.9, hips[2] + 0.06)
            joints[f"{side} rear paw"] = (wide * 1.5, breed.limb * 0.5, hips[2] + 0.34)
            continue
        stifle = (wide, hips[1] - breed.belly * 1.05, hips[2] + 0.06 + swing * -0.1)
        hock = (wide, stifle[1] * 0.46, stifle[2] - 0.15 - swing * 0.2)
        joints[f"{side} rear elbow"], joints[f"{side} rear knee"] = stifle, hock
        joints[f"{side} rear paw"] = _place_leg(hock, hock[1] - 0.03, 0.12 - swing * 0.8)
    return joints | _place_head(rng, breed, chest) | _place_tail(rng, breed, hips, sits)


def _place_leg(start: Vec, length: float, swing: float) -> Vec:
    return start[0], start[1] - length * math.cos(swing), start[2] + length * math.sin(swing)


def _place_head(rng, breed: Breed, chest: Vec) -> dict[str, Vec]:
    raised, turned = rng.uniform(0.35, 1.15), rng.uniform(-0.7, 0.7)
    if breed.kind in ("cow", "sheep"):
        raised = rng.uniform(-0.5, 0.6)
    root = (0.0, chest[1] + breed.chest * 0.4, chest[2] + breed.chest * 0.3)
    reach = breed.neck + breed.head * 0.4
    skull = (
        reach * 0.3 * math.sin(turned),
        root[1] + reach * math.sin(raised),
        root[2] + reach * math.cos(raised),
    )
    cos, sin = math.cos(turned), math.sin(turned)
    nod = rng.uniform(-0.35, 0.1)

    def on_head(left: float, up: float, forward: float) -> Vec:
        up, forward = up + forward * math.sin(nod), forward * math.cos(nod)
        return (
            skull[0] + left * cos + forward * sin,
            skull[1] + up,
            skull[2] - left * sin + forward * cos,
        )

    h, s = breed.head, breed.snout
    joints = {"neck": root, "skull": skull, "nose": on_head(0, -0.1 * h, h * 0.75 + s)}
    joints["muzzle"] = on_head(0, -0.2 * h, h * 0.7 + s * 0.8)
    joints["chin"] = on_head(0, -0.55 * h, h * 0.6 + s * 0.65)
    for side, sign in (("left", 1), ("right", -1)):
        joints[f"{side} ear base"] = on_head(sign * h * 0.62, h * 0.62, -h * 0.1)
        tip = {
            "prick": (sign * h * 0.72, h * 0.7 + breed.ear, -h * 0.1),
            "button": (sign * h * 1.0, h * 0.62 + breed.ear * 0.45, h * 0.1),
            "flop": (sign * h * 1.05, h * 0.5 - breed.ear, h * 0.05),
        }[breed.ears]
        joints[f"{side} ear tip"] = on_head(*tip)
        joints[f"{side} eye"] = on_head(sign * h * 0.4, h * 0.28, h * 0.75)
    return joints


def _place_tail(rng, breed: Breed, hips: Vec, sits: bool) -> dict[str, Vec]:
    start = (0.0, hips[1] + breed.belly * 0.55, hips[2] - breed.belly * 0.8)
    angle = {
        "up": rng.uniform(0.3, 1.2),
        "curl": rng.uniform(1.6, 2.2),
        "down": rng.uniform(-1.2, -0.6),
    }[breed.tail]
    if sits:
        start, angle = (0.0, hips[1] - breed.belly * 0.5, hips[2] - breed.belly * 0.8), -0.2
    length = breed.tail_length * (0.7 if breed.tail == "curl" else 1.0)
    sway = rng.uniform(-0.25, 0.25)
    bend = {"curl": 0.6, "up": 0.25, "down": -0.15}[breed.tail]
    middle = _interpolate(start, length / 2, angle - bend, sway)
    return {
        "tail start": start,
        "tail middle": middle,
        "tail end": _interpolate(middle, length / 2, angle + bend, sway),
    }


def _interpolate(start: Vec, length: float, angle: float, sway: float) -> Vec:
    return (
        start[0] + length * math.sin(sway),
        start[1] + length * math.sin(angle),
        start[2] - length * math.cos(angle) * math.cos(sway),
    )


def draw_quadruped(stage: Stage, place: Place, name: str, height: float | None = None) -> None:
    """Draws an animal of a breed as an instance; `height` is in meters at the withers."""
    breed, flat = BREEDS[name], stage.flat(place)
    height = height or breed.height * stage.rng.uniform(0.9, 1.1)
    if flat is None or height * flat.scale < 0.01:
        return
    stage.ground_shadow(place, 0.5 * height)
    turn = place.heading + math.pi - stage.camera.yaw
    cos, sin = math.cos(turn), math.sin(turn)
    viewed = stage.camera.view((place.x, place.y, place.z))
    # The camera looks from above, so nearer things appear lower.
    tilt = max(-0.3, min(0.5, -viewed[1] / viewed[2]))
    seen = {
        joint: (
            left * cos - forward * sin,
            up - tilt * (left * sin + forward * cos),
            -left * sin - forward * cos,
        )
        for joint, (left, up, forward) in sample_skeleton(stage.rng, breed).items()
    }
    with stage.painter.instance(breed.kind) as instance:
        _AnimalPainter(stage, Figure(stage.painter, instance, flat, height, seen), breed).draw()


_SMOOTH = (0.0, 0.0, 0.0)  # The texture of noses and eyes.


class _AnimalPainter:
    """Draws the parts of one animal, farther parts first."""

    def __init__(self, stage: Stage, figure: Figure, breed: Breed):
        self._painter, self._rng, self._breed = stage.painter, stage.rng, breed
        self._figure, self._seen = figure, figure.seen
        self._coat = jitter_color(self._rng, self._rng.choice(breed.coat), 12)

    def _stroke(self, color: Color, chain, radii) -> int:
        return self._figure.stroke(color, chain, radii, self._breed.texture)

    def _disc(self, color: Color, name: str, radius: float) -> int:
        return self._figure.disc(color, name, radius, self._breed.texture)

    def draw(self) -> None:
        """Draws all parts, farther parts first."""
        depth = {name: point[2] for name, point in self._seen.items()}
        layers = [((depth["chest"] + depth["hips"]) / 2, self._body)]
        layers.append((depth["skull"] * 0.75 + depth["neck"] * 0.25 - 0.02, self._head))
        layers.append((depth["tail start"] * 0.8 + depth["tail end"] * 0.2, self._tail))
        for end in ("front", "rear"):
            for side in ("left", "right"):
                leg = depth[f"{side} {end} elbow"]
                layers.append((leg, functools.partial(self._leg, side, end)))
        for _, paint in sorted(layers, key=lambda layer: -layer[0]):
            paint()
        joints = DOGS if self._breed.kind == "dog" else ()
        self._figure.finish(joints)

    def _leg(self, side: str, end: str) -> None:
        breed = self._breed
        far = (
            self._seen[f"{side} {end} elbow"][2]
            > (self._seen["chest"][2] + self._seen["hips"][2]) / 2
        )
        tone = 0.8 if far else 0.97
        limb = breed.limb
        color = breed.second if breed.marking == "mask" else self._coat
        chain = [f"{side} {end} {joint}" for joint in ("elbow", "knee", "paw")]
        thick = 1.7 if end == "rear" else 1.3
        self._stroke(scale_color(color, tone), chain, (limb * thick, limb * 0.85, limb * 0.75))
        foot = breed.second if breed.marking in ("socks", "mane") else color
        if breed.marking == "socks":
            self._stroke(scale_color(foot, tone), chain[1:], (limb * 0.8, limb * 0.78))
        self._disc(scale_color(foot, tone * 0.92), chain[2], limb * 0.95)

    def _body(self) -> None:
        breed = self._breed
        self._stroke(self._coat, ("chest", "hips"), (breed.chest, breed.belly))
        self._mark()
        self._stroke(self._coat, ("chest", "neck"), (breed.chest * 0.8, breed.neck * 0.42))

    def _mark(self) -> None:
        breed, rng, painter = self._breed, self._rng, self._painter
        if breed.marking not in ("saddle", "patches", "spots"):
            return
        part = self._figure.part(breed.second, texture=breed.texture)
        (x0, y0), (x1, y1) = self._figure.at["chest"], self._figure.at["hips"]
        if breed.marking == "saddle":
            lift = breed.belly * 0.38 * self._figure.unit
            radius = breed.belly * 0.6 * self._figure.unit
            painter.limb(part, (x0, y0 - lift), (x1, y1 - lift), radius, radius)
            return
        count, size = (9, 0.14) if breed.marking == "spots" else (3, 0.42)
        for _ in range(count):
            t, across = rng.random(), rng.uniform(-0.5, 0.5)
            radius = (breed.chest + (breed.belly - breed.chest) * t) * self._figure.unit
            reach = size * rng.uniform(0.7, 1.2) * radius
            center = (
                x0 + (x1 - x0) * t + across * radius * 0.6,
                y0 + (y1 - y0) * t + across * radius,
            )
            painter.ellipse(part, center, (reach * 1.2, reach), rng.uniform(0, 180))

    def _tail(self) -> None:
        color = (
            self._breed.second if self._breed.marking == "mane" else scale_color(self._coat, 0.93)
        )
        limb = self._breed.limb
        self._stroke(
            color, ("tail start", "tail middle", "tail end"), (limb, limb * 0.85, limb * 0.55)
        )

    def _head(self) -> None:
        breed, seen = self._breed, self._seen
        h = breed.head
        skin = breed.second if breed.marking == "mask" else self._coat
        toward = seen["nose"][2] < seen["skull"][2] + 0.02
        self._stroke(scale_color(self._coat, 0.98), ("neck", "skull"), (breed.neck * 0.4, h * 0.85))
        far, near = sorted(("left", "right"), key=lambda side: -seen[f"{side} ear base"][2])
        if breed.ears != "flop" or not toward:
            self._ear(far, skin)
        if not toward:
            self._muzzle(skin)
        part = self._disc(scale_color(skin, 1.03), "skull", h)
        for side in ("left", "right"):
            if seen[f"{side} ear base"][2] < seen["skull"][2] + h * 0.5:
                self._figure.own(f"{side} ear base", part)
        if toward:
            self._muzzle(skin)
            if breed.ears == "flop":
                self._ear(far, skin)
        self._ear(near, skin)
        if breed.horns:
            for side in ("left", "right"):
                self._stroke(
                    (214, 206, 186), (f"{side} ear base", f"{side} ear tip"), (h * 0.2, 0.01)
                )

    def _muzzle(self, skin: Color) -> None:
        breed = self._breed
        h = breed.head
        pale = breed.second if breed.marking in ("socks", "saddle") else scale_color(skin, 0.94)
        self._stroke(scale_color(pale, 0.86), ("skull", "chin"), (h * 0.6, h * 0.3))
        self._stroke(pale, ("skull", "muzzle"), (h * 0.72, h * 0.4))
        dark = (34, 28, 28)
        self._figure.disc(dark, "nose", h * 0.2, _SMOOTH)
        for side in ("left", "right"):
            if self._seen[f"{side} eye"][2] < self._seen["skull"][2] - h * 0.1:
                self._figure.disc(dark, f"{side} eye", h * 0.13, _SMOOTH)

    def _ear(self, side: str, skin: Color) -> None:
        breed = self._breed
        tone = 0.78 if breed.marking != "patches" else 0.95
        color = breed.second if breed.marking in ("patches", "spots", "saddle") else skin
        wide = breed.ear * (0.34 if breed.ears == "prick" else 0.3)
        tip = 0.015 if breed.ears == "prick" else wide * 0.75
        self._stroke(scale_color(color, tone), (f"{side} ear base", f"{side} ear tip"), (wide, tip))
