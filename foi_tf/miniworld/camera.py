"""Models a pinhole camera above the ground, and how planes look in it."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from foi_tf.miniworld.painter import InverseDepth, Point

Vector = tuple[float, float, float]  # (right, up, forward) in meters.
NEAR = 0.25  # Meters; nothing nearer is drawn.


@dataclasses.dataclass(frozen=True)
class Camera:
    """Describes a camera at (x, height, 0) that looks along +forward, turned right by `yaw`.

    Attributes:
      aspect: image width / height.
      focal: focal length in image heights.
      height: meters above the ground.
      horizon: the row of the horizon, in image heights from the top. A tilt is a shift of
        the horizon, as in a view camera, so that verticals stay vertical.
      x: meters to the right of the world's origin.
      yaw, roll: radians.
    """

    aspect: float
    focal: float
    height: float
    horizon: float
    x: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0

    def __post_init__(self):
        # These are cached, since every point that is drawn needs them.
        object.__setattr__(self, "_yaw", (math.cos(self.yaw), math.sin(self.yaw)))
        object.__setattr__(self, "_roll", (math.cos(self.roll), math.sin(self.roll)))

    def view(self, point: Vector) -> Vector:
        """Turns world coordinates into camera coordinates; the last one is the depth in meters."""
        x, y, z = point
        cos, sin = self._yaw
        x -= self.x
        return x * cos - z * sin, y - self.height, x * sin + z * cos

    def image(self, viewed: Vector) -> Point:
        """Projects camera coordinates (depth > 0) to an image position."""
        x, y, z = viewed
        scale = self.focal / z
        x, y = x * scale, self.horizon - y * scale - 0.5
        cos, sin = self._roll
        return self.aspect / 2 + x * cos - y * sin, 0.5 + x * sin + y * cos

    def inverse_depth(
        self, normal: Vector, offset: float, nearest: float, farthest: float
    ) -> InverseDepth:
        """Returns the inverse depth of the plane {p: normal . p = offset}.

        The plane is given in camera coordinates, and its depth is kept between two depths.
        """
        # A ray is ((x' - aspect/2) / focal, (horizon - y') / focal, 1) before the roll.
        nx, ny, nz = normal
        along_x, along_y = nx / (self.focal * offset), -ny / (self.focal * offset)
        constant = nz / offset - along_y * self.horizon
        cos, sin = self._roll
        b, c = along_x * cos - along_y * sin, along_x * sin + along_y * cos
        # x' - aspect/2 and y' - 1/2 are the unrolled offsets from the image center.
        a = constant + along_y / 2 - b * self.aspect / 2 - c / 2
        return a, b, c, 1 / farthest, 1 / nearest

    def images(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Projects arrays of camera coordinates as `image` does: [...] each -> [..., 2]."""
        scale = self.focal / np.maximum(z, NEAR / 2)
        x, y = x * scale, self.horizon - 0.5 - y * scale
        cos, sin = self._roll
        points = np.empty((*x.shape, 2))
        points[..., 0] = self.aspect / 2 + x * cos - y * sin
        points[..., 1] = 0.5 + x * sin + y * cos
        return points

    def ground_row(self, depth: float) -> float:
        """Returns the image row of the ground at a depth, without roll."""
        return self.horizon + self.focal * self.height / depth


def clip_near(viewed: Sequence[Vector]) -> list[Vector]:
    """Returns the part of a polygon, in camera coordinates, that lies beyond `NEAR`."""
    if min(point[2] for point in viewed) >= NEAR:
        return list(viewed)
    kept: list[Vector] = []
    for (ax, ay, az), (bx, by, bz) in zip(viewed, (*viewed[1:], viewed[0]), strict=True):
        if az >= NEAR:
            kept.append((ax, ay, az))
        if (az >= NEAR) != (bz >= NEAR):
            t = (NEAR - az) / (bz - az)
            kept.append((ax + (bx - ax) * t, ay + (by - ay) * t, NEAR))
    return kept
