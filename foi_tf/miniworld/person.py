"""Draws people: jointed figures seen from any side, with the joints of COCO and MPII."""

import dataclasses
import functools
import math

from foi_tf.miniworld.color_math import Color, pick_color, scale_color
from foi_tf.miniworld.figure import Figure, Seen
from foi_tf.miniworld.poses import Pose, make_skeleton, sample_pose
from foi_tf.miniworld.stage import Place, Stage
from foi_tf.study.labels.joints import COCO

SKIN: tuple[Color, ...] = (
    (232, 190, 160), (214, 164, 130), (176, 124, 92), (128, 86, 62), (94, 64, 48),
)  # fmt: skip
HAIR: tuple[Color, ...] = (
    (48, 38, 32),
    (84, 58, 38),
    (150, 112, 66),
    (168, 164, 160),
    (30, 28, 28),
)
CLOTHES: tuple[Color, ...] = (
    (198, 62, 54), (52, 92, 156), (236, 232, 224), (58, 62, 70), (226, 178, 66), (78, 132, 92),
    (140, 92, 150), (224, 132, 72), (108, 160, 190), (128, 120, 108),
)  # fmt: skip
TROUSERS: tuple[Color, ...] = (
    (54, 66, 96), (44, 46, 52), (122, 110, 92), (86, 92, 100), (168, 156, 134), (70, 84, 70),
)  # fmt: skip

# Indices in `Instance.joints` by name; each dataset chooses its keypoints among them.
_JOINTS = (*COCO, "pelvis", "thorax", "neck", "head top")
PERSON_JOINTS = {name: number for number, name in enumerate(_JOINTS)}


@dataclasses.dataclass(frozen=True)
class Outfit:
    """Holds the colors of one person, and how much skin the clothes leave free."""

    skin: Color
    hair: Color
    top: Color
    bottom: Color
    shoes: Color
    sleeves: bool
    trousers: bool
    build: float


def sample_outfit(rng) -> Outfit:
    """Draws an outfit."""
    return Outfit(
        skin=pick_color(rng, SKIN, 8),
        hair=pick_color(rng, HAIR, 8),
        top=pick_color(rng, CLOTHES, 14),
        bottom=pick_color(rng, TROUSERS, 12),
        shoes=pick_color(rng, ((40, 38, 38), (226, 224, 220)), 8),
        sleeves=rng.random() < 0.55,
        trousers=rng.random() < 0.7,
        build=rng.uniform(0.85, 1.2),
    )


def draw_person(
    stage: Stage,
    place: Place,
    height: float = 1.75,
    activity: str = "standing",
    *,
    kind: str = "person",
    outfit: Outfit | None = None,
    roll: float = 0.0,
) -> None:
    """Draws a person as an instance; one with `place.heading` 0 walks away from the camera.

    Args:
      roll: radians that the whole figure is turned by in the image, for swimmers.
    """
    flat = stage.flat(place)
    if flat is None or height * flat.scale < 0.012:
        return
    rng = stage.rng
    outfit = outfit or sample_outfit(rng)
    pose = sample_pose(rng, activity)
    if activity not in ("riding", "swimming"):
        stage.ground_shadow(place, 0.2 * height)
    with stage.painter.instance(kind) as instance:
        figure = Figure(
            stage.painter, instance, flat, height, _project_joints(stage, place, pose, roll)
        )
        _PersonPainter(stage, figure, outfit).draw()


def _project_joints(stage: Stage, place: Place, pose: Pose, roll: float) -> dict[str, Seen]:
    """Returns joints as (image right, up, away from the camera), in body heights."""
    turn = place.heading + math.pi - stage.camera.yaw
    cos, sin = math.cos(turn), math.sin(turn)
    roll_cos, roll_sin = math.cos(roll), math.sin(roll)
    seen = {}
    for name, (left, up, forward) in make_skeleton(pose).items():
        right, away = left * cos - forward * sin, -left * sin - forward * cos
        if roll:
            right, up = (
                right * roll_cos + (up - 0.5) * roll_sin,
                0.5 - right * roll_sin + (up - 0.5) * roll_cos,
            )
        seen[name] = (right, up, away)
    lowest = min(0.0, 0.0 if roll else min(point[1] for point in seen.values()))
    return {name: (r, u - lowest, a) for name, (r, u, a) in seen.items()}


class _PersonPainter:
    """Draws the parts of one person, farther parts first."""

    def __init__(self, stage: Stage, figure: Figure, outfit: Outfit):
        self._painter, self._figure, self._outfit = stage.painter, figure, outfit

    def draw(self) -> None:
        """Draws all parts; at equal depth, legs go under the trunk and arms over it."""
        seen = self._figure.seen
        layers = [(0.0, self._trunk), (seen["head"][2] - 0.02, self._head)]
        for side in ("left", "right"):
            legs = (seen[f"{side} hip"][2] + seen[f"{side} knee"][2]) / 2
            arms = (seen[f"{side} shoulder"][2] + seen[f"{side} elbow"][2]) / 2
            layers.append((legs + 0.06, functools.partial(self._leg, side)))
            layers.append((arms - 0.012, functools.partial(self._arm, side)))
        for _, paint in sorted(layers, key=lambda layer: -layer[0]):
            paint()
        self._figure.finish(_JOINTS)

    def _arm(self, side: str) -> None:
        figure, outfit = self._figure, self._outfit
        tone = 0.86 if figure.seen[f"{side} shoulder"][2] > 0.02 else 1.0
        skin, cloth = scale_color(outfit.skin, tone), scale_color(outfit.top, tone * 0.96)
        shoulder, elbow, wrist = (f"{side} {joint}" for joint in ("shoulder", "elbow", "wrist"))
        if outfit.sleeves:
            figure.disc(skin, wrist, 0.024)
            figure.stroke(cloth, (shoulder, elbow, wrist), (0.04 * outfit.build, 0.031, 0.025))
            figure.disc(skin, wrist, 0.019)
        else:
            figure.stroke(skin, (elbow, wrist), (0.026, 0.021))
            figure.stroke(cloth, (shoulder, elbow), (0.04 * outfit.build, 0.032))

    def _leg(self, side: str) -> None:
        figure, outfit = self._figure, self._outfit
        tone = 0.84 if figure.seen[f"{side} hip"][2] > 0.01 else 1.0
        hip, knee, ankle, toe = (f"{side} {joint}" for joint in ("hip", "knee", "ankle", "toe"))
        figure.stroke(scale_color(outfit.shoes, tone), (ankle, toe), (0.024, 0.02))
        cloth, build = scale_color(outfit.bottom, tone), outfit.build
        if outfit.trousers:
            figure.stroke(cloth, (hip, knee, ankle), (0.062 * build, 0.042, 0.03))
        else:
            figure.stroke(scale_color(outfit.skin, tone), (knee, ankle), (0.036, 0.024))
            figure.stroke(cloth, (hip, knee), (0.064 * build, 0.048))

    def _trunk(self) -> None:
        figure, build, at = self._figure, self._outfit.build, self._figure.at
        corners = ("left shoulder", "right shoulder", "right hip", "left hip")
        part = figure.part(self._outfit.top, ("thorax", "pelvis", *corners))
        painter, unit = self._painter, figure.unit
        painter.polygon(part, [at[name] for name in corners])
        (x0, y0), (x1, y1) = at["thorax"], at["pelvis"]
        waist = x0 + (x1 - x0) * 0.8, y0 + (y1 - y0) * 0.8
        painter.limb(part, at["thorax"], waist, 0.066 * build * unit, 0.058 * build * unit)
        painter.limb(part, at["left shoulder"], at["right shoulder"], 0.038 * unit, 0.038 * unit)

    def _head(self) -> None:
        figure, outfit, at = self._figure, self._outfit, self._figure.at
        seen, unit, painter = figure.seen, figure.unit, self._painter
        figure.stroke(scale_color(outfit.skin, 0.92), ("neck", "thorax"), (0.03, 0.03))
        (top_x, top_y), (neck_x, neck_y) = at["head top"], at["neck"]
        tilt = math.degrees(math.atan2(top_x - neck_x, neck_y - top_y))
        parts = [figure.part(outfit.hair, ("head top",))]
        painter.ellipse(parts[0], at["head"], (0.052 * unit, 0.075 * unit), tilt)
        away = seen["nose"][2] - seen["head"][2]
        if away < 0.045:
            (x, y), (nose_x, nose_y) = at["head"], at["nose"]
            center = x + (nose_x - x) * 0.3, y + (nose_y - y) * 0.3 + 0.012 * unit
            parts.append(figure.part(outfit.skin))
            painter.ellipse(parts[1], center, (0.042 * unit, 0.058 * unit), tilt)
        eyes = ("left eye", "right eye")
        for name in ("nose", *eyes, "left ear", "right ear"):
            if seen[name][2] <= seen["head"][2] + 0.012:
                figure.own(name, *parts)
        if unit > 0.3 and away < 0:
            for name in eyes:
                figure.disc((44, 34, 32), name, 0.008)
