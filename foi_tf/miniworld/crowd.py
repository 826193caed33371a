"""Collects things and draws them from the farthest to the nearest."""

from collections.abc import Callable
from typing import Any

from foi_tf.miniworld.stage import Place, Stage


class Crowd:
    """Holds places and the functions that draw a thing there."""

    def __init__(self, stage: Stage):
        self._stage = stage
        self._members: list[tuple[Place, Callable[..., Any], tuple]] = []

    def put(self, place: Place, draw: Callable[..., Any], *details: Any) -> None:
        """Remembers to call `draw(stage, place, *details)`."""
        self._members.append((place, draw, details))

    def free(self, x: float, z: float, gap: float) -> bool:
        """Tells whether nothing is nearer to a place than `gap` meters."""
        return all((x - p.x) ** 2 + (z - p.z) ** 2 > gap * gap for p, _, _ in self._members)

    def draw(self) -> None:
        """Draws everything, the farthest first."""
        stage = self._stage
        for place, draw, details in sorted(
            self._members, key=lambda member: -stage.depth(member[0].x, member[0].z)
        ):
            draw(stage, place, *details)
