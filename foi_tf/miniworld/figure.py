"""Draws jointed figures: strokes between joints, and the parts that show each joint."""

from collections.abc import Mapping, Sequence

from foi_tf.miniworld.color_math import Color
from foi_tf.miniworld.painter import Instance, Joint, Painter
from foi_tf.miniworld.stage import Flat
from foi_tf.miniworld.vocabulary import Texture

Seen = tuple[float, float, float]  # (image right, up, away from the camera), in figure heights.


class Figure:
    """Draws one jointed instance on the plane that faces the camera.

    Attributes:
      unit: the figure's height in image heights.
      seen: the joints in figure heights; the last coordinate says which limb is nearer.
      at: the image positions of the joints.
    """

    def __init__(
        self,
        painter: Painter,
        instance: Instance,
        flat: Flat,
        height: float,
        seen: Mapping[str, Seen],
    ):
        self._painter, self._instance, self._plane = painter, instance, flat.inverse_depth
        self._owners: dict[str, set[int]] = {name: set() for name in seen}
        self.unit = height * flat.scale
        self.seen = seen
        self.at = {
            name: flat.at(right * height, up * height) for name, (right, up, _) in seen.items()
        }

    def part(self, color: Color, names: Sequence[str] = (), texture: Texture | None = None) -> int:
        """Returns a new part that shows the named joints."""
        part = self._painter.part(self._instance.kind, color, self._plane, texture)
        for name in names:
            self._owners[name].add(part)
        return part

    def stroke(
        self,
        color: Color,
        chain: Sequence[str],
        radii: Sequence[float],
        texture: Texture | None = None,
    ) -> int:
        """Draws a limb through the joints; radii are in figure heights."""
        part = self.part(color, chain, texture)
        points = [self.at[name] for name in chain]
        self._painter.limbs(part, points, [radius * self.unit for radius in radii])
        return part

    def disc(self, color: Color, name: str, radius: float, texture: Texture | None = None) -> int:
        """Draws a round part around a joint."""
        return self.stroke(color, (name,), (radius,), texture)

    def own(self, name: str, *parts: int) -> None:
        """Declares that these parts show the joint."""
        self._owners[name].update(parts)

    def finish(self, order: Sequence[str]) -> None:
        """Gives the joints to the instance, in an order."""
        self._instance.joints = tuple(
            Joint(*self.at[name], frozenset(self._owners[name])) for name in order
        )
