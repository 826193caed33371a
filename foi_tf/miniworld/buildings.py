"""Draws houses: boxes with windows, doors and roofs, in the styles of different places."""

import dataclasses
import math

from foi_tf.miniworld.color_math import Color, jitter_color, pick_color, scale_color
from foi_tf.miniworld.stage import Place, Stage


@dataclasses.dataclass(frozen=True)
class FacadeStyle:
    """Describes how the houses of a place look.

    Attributes:
      walls: colors of the facade.
      roofs: colors of gabled roofs; houses without any have flat roofs.
      window: (width of a bay in meters, share of the bay, share of the storey) of windows.
      storeys: the (lowest, highest) number of storeys.
      shops: whether there are shops on the ground floor.
      glass: the color of dark windows.
    """

    walls: tuple[Color, ...]
    roofs: tuple[Color, ...]
    window: tuple[float, float, float]
    storeys: tuple[int, int]
    shops: bool = False
    glass: Color = (74, 88, 102)


STYLES = {
    "gray": FacadeStyle(
        ((186, 182, 172), (168, 164, 158), (204, 196, 178), (150, 148, 146)), ((112, 74, 62),),
        (2.6, 0.5, 0.6), (3, 5), True,
    ),
    "brick": FacadeStyle(
        ((152, 98, 78), (136, 90, 74), (172, 128, 100)), ((90, 88, 92),), (3.0, 0.45, 0.55), (2, 3)
    ),
    "warm": FacadeStyle(
        ((220, 190, 140), (206, 160, 130), (176, 196, 180), (226, 214, 190), (190, 150, 160)), (),
        (3.2, 0.45, 0.45), (1, 3), True,
    ),
    "suburb": FacadeStyle(
        ((226, 220, 206), (206, 196, 176), (186, 200, 206), (222, 206, 176)),
        ((128, 78, 62), (104, 96, 94), (86, 76, 72)), (3.4, 0.4, 0.5), (1, 2),
    ),
    "glass": FacadeStyle(
        ((130, 146, 158), (108, 120, 132), (160, 164, 166)), (), (2.0, 0.8, 0.75), (5, 14), True,
        (98, 130, 152),
    ),
    "plain": FacadeStyle(
        ((214, 204, 184), (190, 150, 122), (200, 196, 190)), ((150, 84, 66),), (3.4, 0.4, 0.5),
        (1, 3),
    ),
}  # fmt: skip
STOREY = 3.1  # Meters.


def draw_building(
    stage: Stage,
    style: str,
    place: Place,
    width: float,
    depth: float,
    storeys: int,
    lit: float = 0.0,
) -> None:
    """Draws a house whose front, towards -forward of the place, is `width` meters wide.

    Args:
      style: a key of `STYLES`.
      lit: share of the windows that are lit at night.
    """
    shape, rng = STYLES[style], stage.rng
    wall = pick_color(rng, shape.walls, 12)
    height = storeys * STOREY + 0.4
    stage.box("building", place, (width, height, depth), wall, top=scale_color(wall, 0.8))
    if stage.extent(place, height) < 0.03:
        return
    if shape.roofs:
        _draw_roof(stage, place, width, depth, height, pick_color(rng, shape.roofs))
    glass = jitter_color(rng, shape.glass, 12)
    _draw_windows(stage, place, width, -depth / 2, storeys, shape, glass, lit)
    for turn, across, reach in ((1.5708, depth, -width / 2), (-1.5708, depth, -width / 2)):
        _draw_windows(stage, place.turned(turn), across, reach, storeys, shape, glass, lit)


def _draw_roof(stage: Stage, place: Place, width: float, depth: float, base: float, color: Color):
    """Draws a gabled roof whose ridge runs along the front."""
    w, d, ridge = width / 2 + 0.3, depth / 2 + 0.3, base + min(depth * 0.35, 3.0)
    for corners in (
        ((-w, ridge, 0), (w, ridge, 0), (w, base, -d), (-w, base, -d)),
        ((w, ridge, 0), (-w, ridge, 0), (-w, base, d), (w, base, d)),
        ((w, ridge, 0), (w, base, d), (w, base, -d)),
        ((-w, ridge, 0), (-w, base, -d), (-w, base, d)),
    ):
        stage.face("building", place, corners, color)


def _draw_windows(
    stage: Stage, place: Place, width: float, reach: float, storeys: int, style: FacadeStyle,
    glass: Color, lit: float,
) -> None:  # fmt: skip
    """Draws rows of windows on the face at `reach` towards -forward, if the camera sees it."""
    wall = place.moved(0.0, reach)
    normal = wall.x - place.x, wall.z - place.z
    eye = stage.camera.x - wall.x, -wall.z
    distance = math.hypot(*eye)
    facing = (normal[0] * eye[0] + normal[1] * eye[1]) / (abs(reach) * distance + 1e-6)
    if facing <= 0:
        return
    bay, share, tall = style.window
    bays = max(int(width / bay), 1)
    if stage.camera.focal * bay * facing / distance < 0.014:
        bays, share = 1, 0.85  # Windows cannot be told apart: one band a storey.
    half = width / bays * share / 2
    rng, out = stage.rng, reach - 0.02
    dark, bright = [], []
    for floor in range(storeys):
        low = floor * STOREY + STOREY * (1 - tall) * 0.6
        high = low + STOREY * tall
        if floor == 0 and style.shops:
            continue
        for i in range(bays):
            center = (i + 0.5) * width / bays - width / 2
            left, right = center - half, center + half
            corners = (left, high, out), (right, high, out), (right, low, out), (left, low, out)
            (bright if rng.random() < lit else dark).append(corners)
    stage.decals("building", place, dark, glass, texture=(0.02, 0.10, 0.0))
    stage.decals("building", place, bright, (620, 520, 330))
    if (
        style.shops and stage.camera.focal * facing / distance > 0.004
    ):  # Else shops have a pixel or less.
        w = width / 2 - 0.3
        shop = (-w, 2.5, out), (w, 2.5, out), (w, 0.3, out), (-w, 0.3, out)
        stage.decals("building", place, [shop], scale_color(glass, 0.8))
        awning = (-w, 3.0, out), (w, 3.0, out), (w, 2.55, out), (-w, 2.55, out)
        sign = pick_color(rng, ((176, 64, 52), (52, 96, 122), (226, 190, 92), (84, 116, 84)), 14)
        stage.decals("building", place, [awning], scale_color(sign, 1 + 1.5 * lit))
