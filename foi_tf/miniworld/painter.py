"""Paints a scene into one buffer of part numbers; tables of parts say everything else.

A scene is drawn back to front. The buffer holds, for each pixel, the number of the part seen
there. Color, kind, instance and depth are looked up by that number afterwards, so they
cannot disagree.
"""

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from foi_tf.miniworld.color_math import Color
from foi_tf.miniworld.vocabulary import KIND_IDS, PLAIN, TEXTURES, Texture
from foi_tf.study.dataset import Size

SUPERSAMPLING = 2  # Subpixels on each side of a pixel; annotations use one of them.
_SHIFT = 4  # Bits of the subpixel positions that OpenCV gets.
_SUBPIXELS = 1 << _SHIFT

Point = tuple[float, float]  # (x, y) in image heights: y from 0 to 1, x from 0 to the aspect.
# (a, b, c, lowest, highest): 1 / meters = a + b x + c y, exact for any plane, and its range on
# the part.
InverseDepth = tuple[float, float, float, float, float]
AT_INFINITY: InverseDepth = (0.0, 0.0, 0.0, 0.0, 0.0)


def inverse_depth_of_plane(meters: float) -> InverseDepth:
    """Returns the inverse depth of an upright plane that faces the camera."""
    return 1 / meters, 0.0, 0.0, 1 / meters, 1 / meters


@dataclasses.dataclass(frozen=True)
class Joint:
    """Holds the position of a keypoint and the parts that show it, its owners.

    A joint without owners is hidden by the figure itself.
    """

    x: float
    y: float
    owners: frozenset[int]


@dataclasses.dataclass
class Instance:
    """Holds the kind of a countable thing and, for figures, its joints in a fixed order."""

    kind: str
    joints: tuple[Joint, ...] = ()


class Painter:
    """Draws parts over one another; positions are in image heights (see `Point`)."""

    def __init__(self, size: Size, reference: Size):
        height, width = size
        self.size, self.reference = size, reference
        self.aspect = width / height
        shape = (height * SUPERSAMPLING, width * SUPERSAMPLING)
        self.parts = np.zeros(shape, np.int16)
        # A pixel whose part number is below its stamp lies in a shadow that was cast later.
        self.shadow_stamps = np.zeros(shape, np.int16)
        self.instances: list[Instance] = [Instance("sky")]  # Number 0 means no instance.
        self.kinds: list[int] = []
        self.colors: list[Color] = []
        self.textures: list[Texture] = []
        self.inverse_depths: list[InverseDepth] = []
        self.owners: list[int] = []
        self._scale = shape[0] * _SUBPIXELS
        self._owner = 0
        self.part("sky", (128, 128, 128))

    def part(
        self,
        kind: str,
        color: Color,
        inverse_depth: InverseDepth = AT_INFINITY,
        texture: Texture | None = None,
    ) -> int:
        """Adds a part to the current instance; returns the number to draw it with."""
        self.kinds.append(KIND_IDS[kind])
        self.colors.append(color)
        self.textures.append(TEXTURES.get(kind, PLAIN) if texture is None else texture)
        self.inverse_depths.append(inverse_depth)
        self.owners.append(self._owner)
        return len(self.kinds) - 1

    @contextlib.contextmanager
    def instance(self, kind: str) -> Iterator[Instance]:
        """Makes one new instance own all parts of this block and of blocks nested in it."""
        outer, self._owner = self._owner, len(self.instances)
        made = Instance(kind)
        self.instances.append(made)
        try:
            yield made
        finally:
            self._owner = outer

    def polygon(self, part: int, points: Sequence[Point]) -> None:
        """Fills a polygon."""
        cv2.fillPoly(self.parts, [self._subpixels(points)], part, cv2.LINE_8, _SHIFT)

    def polygons(self, part: int, outlines: Sequence[Sequence[Point]] | np.ndarray) -> None:
        """Fills polygons, a list or [n, corners, 2]; where two overlap, nothing is drawn."""
        if isinstance(outlines, np.ndarray):
            shapes = list((outlines * self._scale).astype(np.int32))
        else:
            shapes = [self._subpixels(points) for points in outlines]
        cv2.fillPoly(self.parts, shapes, part, cv2.LINE_8, _SHIFT)

    def ellipse(self, part: int, center: Point, radii: Point, degrees: float = 0.0) -> None:
        """Fills an ellipse; `degrees` turns it clockwise."""
        _make_ellipse(self.parts, part, self._scale, center, radii, degrees)

    def limb(self, part: int, start: Point, end: Point, r_start: float, r_end: float) -> None:
        """Draws a tapered stroke with round ends."""
        self.limbs(part, (start, end), (r_start, r_end))

    def limbs(self, part: int, joints: Sequence[Point], radii: Sequence[float]) -> None:
        """Draws a stroke through the joints, with the radii there and round ends."""
        for i, (joint, radius) in enumerate(zip(joints, radii, strict=True)):
            if radius * self.reference[0] > 0.3:  # Else it is narrower than a pixel.
                self.ellipse(part, joint, (radius, radius))
            if i:
                self._segment(part, joints[i - 1], joint, radii[i - 1], radius)

    def _segment(self, part: int, start: Point, end: Point, r_start: float, r_end: float) -> None:
        (ax, ay), (bx, by) = start, end
        length = math.hypot(bx - ax, by - ay)
        if length > 1e-6:
            nx, ny = (ay - by) / length, (bx - ax) / length
            self.polygon(
                part,
                (
                    (ax + nx * r_start, ay + ny * r_start), (bx + nx * r_end, by + ny * r_end),
                    (bx - nx * r_end, by - ny * r_end), (ax - nx * r_start, ay - ny * r_start),
                ),
            )  # fmt: skip

    def shadow(self, points: Sequence[Point]) -> None:
        """Darkens everything drawn so far within the polygon, and nothing drawn later."""
        stamp = len(self.kinds)
        cv2.fillPoly(self.shadow_stamps, [self._subpixels(points)], stamp, cv2.LINE_8, _SHIFT)

    def shadow_ellipse(self, center: Point, radii: Point) -> None:
        """Darkens an upright ellipse as `shadow` darkens a polygon."""
        _make_ellipse(self.shadow_stamps, len(self.kinds), self._scale, center, radii, 0.0)

    def bands(self, kind: str, box: tuple[float, float, float, float], colors) -> None:
        """Fills horizontal bands of the colors within (top, left, bottom, right)."""
        top, left, bottom, right = box
        step = (bottom - top) / len(colors)
        for i, color in enumerate(colors):
            y = top + i * step
            self.polygon(
                self.part(kind, color), ((left, y), (right, y), (right, bottom), (left, bottom))
            )

    def _subpixels(self, points: Sequence[Point]) -> np.ndarray:
        return (np.array(points) * self._scale).astype(np.int32)


def _make_ellipse(buffer, value: int, scale: float, center: Point, radii: Point, degrees: float):
    middle = int(center[0] * scale), int(center[1] * scale)
    axes = max(int(radii[0] * scale), 1), max(int(radii[1] * scale), 1)
    cv2.ellipse(buffer, middle, axes, degrees, 0, 360, value, -1, cv2.LINE_8, _SHIFT)
