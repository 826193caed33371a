"""Who and what is in a street: traffic, people, trees and what stands at the kerb."""

import math

from foi_tf.miniworld import roadside
from foi_tf.miniworld.crowd import Crowd
from foi_tf.miniworld.cycles import cycle
from foi_tf.miniworld.nature import bush, tree
from foi_tf.miniworld.person import person
from foi_tf.miniworld.quadruped import quadruped
from foi_tf.miniworld.stage import Place, Stage
from foi_tf.miniworld.variation import StreetRanges
from foi_tf.miniworld.vehicles import vehicle

_WALKS = ("standing", "walking", "walking", "walking", "running")
_THINGS = (
    roadside.sign, roadside.sign, roadside.traffic_light, roadside.traffic_light, roadside.pole,
    roadside.billboard, roadside.bin_, roadside.bench,
)  # fmt: skip


def populate(
    stage: Stage, ranges: StreetRanges, half: float, pave: float, front: float, *, lamps: bool
) -> None:
    """Fills a street whose road ends `half` meters from its middle, its pavements at `pave`,
    and where houses start at `front`.
    """
    crowd = Crowd(stage)
    _plant(crowd, stage, ranges, max(half + 0.5, pave - 0.6), front)
    _furnish(crowd, stage, ranges, half, pave, lamps)
    _drive(crowd, stage, ranges, half)
    _walk(crowd, stage, ranges, half, pave)
    crowd.draw()


def _side(rng) -> int:
    return rng.choice((-1, 1))


def _plant(crowd: Crowd, stage: Stage, ranges: StreetRanges, kerb: float, front: float) -> None:
    rng = stage.rng
    warm = "autorickshaw" in ranges.vehicles
    styles = ("broad", "broad", "tall", "palm") if warm else ("broad", "broad", "tall")
    for _ in range(ranges.trees.count(rng)):
        place = Place(_side(rng) * rng.uniform(kerb, max(front, kerb) + 1.0), rng.uniform(6, 70))
        if rng.random() < 0.7:
            crowd.put(place, tree, rng.uniform(4, 8.5), rng.choice(styles))
        else:
            crowd.put(place, bush, rng.uniform(0.7, 1.6))


def _furnish(
    crowd: Crowd, stage: Stage, ranges: StreetRanges, half: float, pave: float, lamps: bool
) -> None:
    rng = stage.rng
    for _ in range(ranges.furniture.count(rng)):
        side = _side(rng)
        x = side * rng.uniform(half + 0.4, max(half + 0.5, pave - 0.6))
        crowd.put(Place(x, rng.uniform(6, 45), side * math.pi / 2), rng.choice(_THINGS))
    if rng.random() < 0.5:
        for i in range(4):
            crowd.put(Place(_side(rng) * (half + 0.5), 12.0 + 16 * i), roadside.street_lamp, lamps)


def _drive(crowd: Crowd, stage: Stage, ranges: StreetRanges, half: float) -> None:
    """Vehicles in the lanes, oncoming on the left, and parked ones at the kerb."""
    rng = stage.rng
    taken: list[tuple[float, float]] = []
    for _ in range(ranges.traffic.count(rng)):
        kind, side = rng.choice(ranges.vehicles), _side(rng)
        parked, large = rng.random() < 0.4, kind in ("bus", "truck")
        x = side * (half - 1.15 if parked and not large else half * 0.5) + rng.uniform(-0.3, 0.3)
        z = rng.uniform(11 if large else 7, 62)
        heading = (0.0 if side > 0 else math.pi) + rng.uniform(-0.06, 0.06)
        cycles = kind in ("bicycle", "motorcycle")
        if cycles:  # Small ones come nearer, and keep to the lane less.
            z, heading = 5 + z / 3, heading + rng.uniform(-0.7, 0.7)
        if any(abs(x - a) < 2.2 and abs(z - b) < (9 if large else 6) for a, b in taken):
            continue
        taken.append((x, z))
        if cycles:
            crowd.put(Place(x, z, heading), cycle, kind, not parked)
        else:
            crowd.put(Place(x, z, heading), vehicle, kind)


def _walk(crowd: Crowd, stage: Stage, ranges: StreetRanges, half: float, pave: float) -> None:
    rng = stage.rng
    for _ in range(ranges.people.count(rng)):
        heading = rng.choice((0, math.pi)) + rng.uniform(-0.5, 0.5)
        if rng.random() < 0.25:  # Crossing the road.
            x, heading = rng.uniform(-half, half), heading + math.pi / 2
        else:
            x = _side(rng) * rng.uniform(half + 0.3, max(pave, half + 1))
        child = 0.7 if rng.random() < 0.1 else 1.0
        height = 1.7 * rng.uniform(0.9, 1.08) * child
        crowd.put(Place(x, rng.uniform(5, 32), heading), person, height, rng.choice(_WALKS))
    for _ in range(ranges.animals.count(rng)):
        place = Place(rng.uniform(-pave, pave), rng.uniform(6, 26), rng.uniform(0, 6.3))
        crowd.put(place, quadruped, rng.choice(("cow", "cow", "terrier")))
