"""Draws solid things in front of a camera, with a painter, a sun and a random generator."""

import dataclasses
import math
import random
from collections.abc import Sequence

import numpy as np

from foi_tf.miniworld.camera import NEAR, Camera, Vector, clip_near
from foi_tf.miniworld.color_math import Color, scale_color
from foi_tf.miniworld.painter import InverseDepth, Painter, Point, inverse_depth_of_plane
from foi_tf.miniworld.vocabulary import Texture

Local = tuple[float, float, float]  # (right, up, forward) in the thing's own directions, in meters.


@dataclasses.dataclass(frozen=True)
class Place:
    """Holds the position of a thing in meters, and its heading: 0 is away, clockwise from above."""

    x: float
    z: float
    heading: float = 0.0
    y: float = 0.0

    def world(self, local: Local) -> Vector:
        """Turns the thing's own coordinates into world coordinates."""
        right, up, forward = local
        cos, sin = math.cos(self.heading), math.sin(self.heading)
        return (
            self.x + right * cos + forward * sin,
            self.y + up,
            self.z - right * sin + forward * cos,
        )

    def moved(self, right: float, forward: float, up: float = 0.0) -> "Place":
        """Returns a place at an offset from this one, in the thing's own directions."""
        x, y, z = self.world((right, up, forward))
        return Place(x, z, self.heading, y)

    def turned(self, angle: float) -> "Place":
        """Returns the same place, turned right by `angle`."""
        return Place(self.x, self.z, self.heading + angle, self.y)


ORIGIN = Place(0.0, 0.0)  # Its own coordinates are the world's.


@dataclasses.dataclass(frozen=True)
class Flat:
    """Describes an upright plane that faces the camera at one depth; figures are drawn on it.

    `at(right, up)` takes meters from the plane's foot in the image.
    """

    foot: Point
    scale: float  # Image heights per meter.
    inverse_depth: InverseDepth

    def at(self, right: float, up: float) -> Point:
        """Turns meters from the foot into an image position."""
        return self.foot[0] + right * self.scale, self.foot[1] - up * self.scale


@dataclasses.dataclass
class Stage:
    """Holds everything that the functions which draw a scene need.

    Attributes:
      painter, camera: see their classes.
      rng: the only source of randomness; no draw from it depends on the image's size.
      sun: unit vector towards the light.
      ambient: the share of light on surfaces turned away from the sun.
    """

    painter: Painter
    camera: Camera
    rng: random.Random
    sun: Vector = (-0.45, 0.75, -0.48)
    ambient: float = 0.62

    def __post_init__(self):
        x, y, z = self.sun
        cos, sin = math.cos(self.camera.yaw), math.sin(self.camera.yaw)
        self._sun = (x * cos - z * sin, y, x * sin + z * cos)

    def depth(self, x: float, z: float) -> float:
        """Returns the meters in front of the camera."""
        return self.camera.view((x, 0.0, z))[2]

    def extent(self, place: Place, meters: float) -> float:
        """Returns how large a length appears there, in image heights; 0 behind the camera."""
        depth = self.depth(place.x, place.z)
        return self.camera.focal * meters / depth if depth > NEAR else 0.0

    def viewed(self, place: Place, corners: Sequence[Local]) -> list[Vector]:
        """Turns the place's own coordinates into camera coordinates."""
        x, y, z = self.camera.view((place.x, place.y, place.z))
        turn = place.heading - self.camera.yaw
        cos, sin = math.cos(turn), math.sin(turn)
        return [(x + r * cos + f * sin, y + u, z - r * sin + f * cos) for r, u, f in corners]

    def face(
        self,
        kind: str,
        place: Place,
        corners: Sequence[Local],
        color: Color,
        *,
        lit: bool = True,
    ) -> bool:
        """Draws a flat polygon in the place's coordinates, clockwise as seen from its front.

        Returns False if the camera sees its back, or if it is behind the camera.
        """
        viewed = self.viewed(place, corners)
        normal = _compute_normal(*viewed[:3])
        p = viewed[0]
        offset = normal[0] * p[0] + normal[1] * p[1] + normal[2] * p[2]
        if offset >= -1e-9:
            return False
        clipped = clip_near(viewed)
        if len(clipped) < 3:
            return False
        if lit:
            x, y, z = normal
            facing = x * self._sun[0] + y * self._sun[1] + z * self._sun[2]
            facing /= math.sqrt(x * x + y * y + z * z)
            color = scale_color(color, self.ambient + (1.15 - self.ambient) * max(facing, 0.0))
        image, aspect = self.camera.image, self.camera.aspect
        points = [image(point) for point in clipped]
        across = [x for x, _ in points]
        if max(across) > 0 and min(across) < aspect:
            depths = [z for _, _, z in clipped]
            plane = self.camera.inverse_depth(normal, offset, min(depths), max(depths))
            part = self.painter.part(kind, color, plane)
            self.painter.polygon(part, points)
        return True

    def decals(
        self,
        kind: str,
        place: Place,
        outlines: Sequence[Sequence[Local]],
        color: Color,
        *,
        texture: Texture | None = None,
    ) -> None:
        """Draws polygons that lie in one plane and do not overlap, such as a wall's windows.

        All have the same number of corners, in the place's coordinates.
        """
        if not outlines:
            return
        first = self.viewed(place, outlines[0][:3])
        normal = _compute_normal(*first)
        offset = sum(a * b for a, b in zip(normal, first[0], strict=True))
        if abs(offset) < 1e-9:  # The plane is seen edge-on.
            return
        if len(outlines) > 4:
            points, depths = self._projected(place, np.array(outlines))
        else:
            clipped = [clip_near(self.viewed(place, corners)) for corners in outlines]
            image = self.camera.image
            points = [
                [image(point) for point in corners] for corners in clipped if len(corners) > 2
            ]
            depths = [z for corners in clipped for _, _, z in corners]
        if len(points):
            plane = self.camera.inverse_depth(normal, offset, min(depths), max(depths))
            self.painter.polygons(self.painter.part(kind, color, plane, texture), points)

    def _projected(self, place: Place, outlines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Projects local coordinates, float [n, corners, 3], to the image.

        Returns:
          Image positions [<= n, corners, 2], and all depths. The few polygons that reach behind
          the camera lie at the image's border and are left out.
        """
        x, y, z = self.camera.view((place.x, place.y, place.z))
        turn = place.heading - self.camera.yaw
        cos, sin = math.cos(turn), math.sin(turn)
        right, forward = outlines[..., 0], outlines[..., 2]
        depth = z - right * sin + forward * cos
        viewed = x + right * cos + forward * sin, y + outlines[..., 1], depth
        shown = depth.min(axis=1) >= NEAR
        return self.camera.images(*viewed)[shown], depth[shown].ravel()

    def box(
        self,
        kind: str,
        place: Place,
        size: Vector,
        color: Color,
        *,
        base: float = 0.0,
        top: Color | None = None,
    ) -> None:
        """Draws a cuboid of (width, height, depth) meters, `base` meters above the place."""
        w, h, d = size[0] / 2, size[1] + base, size[2] / 2
        b = base
        for corners in (
            ((w, h, d), (-w, h, d), (-w, b, d), (w, b, d)),
            ((-w, h, d), (-w, h, -d), (-w, b, -d), (-w, b, d)),
            ((w, h, -d), (w, h, d), (w, b, d), (w, b, -d)),
            ((-w, h, -d), (w, h, -d), (w, b, -d), (-w, b, -d)),
        ):
            self.face(kind, place, corners, color)
        lid = ((-w, h, d), (w, h, d), (w, h, -d), (-w, h, -d))
        self.face(kind, place, lid, top or color)

    def flat(self, place: Place) -> Flat | None:
        """Returns the plane that faces the camera at a place; None if too near or behind."""
        viewed = self.camera.view((place.x, place.y, place.z))
        if viewed[2] < NEAR:
            return None
        depth = viewed[2]
        return Flat(
            self.camera.image(viewed), self.camera.focal / depth, inverse_depth_of_plane(depth)
        )

    def ground_shadow(self, place: Place, radius: float) -> None:
        """Draws a soft patch of shadow under a thing."""
        viewed = self.camera.view((place.x, place.y, place.z))
        if viewed[2] > NEAR:
            across = radius * self.camera.focal / viewed[2]
            along = across * min(1.0, max(0.12, -viewed[1] / viewed[2]))
            self.painter.shadow_ellipse(self.camera.image(viewed), (across, along))

    def cast(self, place: Place, corners: Sequence[Local]) -> None:
        """Draws a polygon of shadow on the ground, in the thing's own coordinates."""
        viewed = clip_near(self.viewed(place, corners))
        if len(viewed) >= 3:
            self.painter.shadow([self.camera.image(point) for point in viewed])


def _compute_normal(p: Vector, q: Vector, r: Vector) -> Vector:
    """Returns the normal of three points, not of unit length.

    It points to the side from which they run clockwise.
    """
    ux, uy, uz = q[0] - p[0], q[1] - p[1], q[2] - p[2]
    vx, vy, vz = r[0] - p[0], r[1] - p[1], r[2] - p[2]
    return uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
