"""Fills streets with traffic, people, trees and the things at the kerb."""

import math

from foi_tf.miniworld import roadside
from foi_tf.miniworld.crowd import Crowd
from foi_tf.miniworld.cycles import draw_cycle
from foi_tf.miniworld.nature import draw_bush, draw_tree
from foi_tf.miniworld.person import draw_person
from foi_tf.miniworld.quadruped import draw_quadruped
from foi_tf.miniworld.stage import Place, Stage
from foi_tf.miniworld.variation import StreetRanges
from foi_tf.miniworld.vehicles import draw_vehicle

_WALKS = ("standing", "walking", "walking", "walking", "running")
_THINGS = (
    roadside.draw_sign,
    roadside.draw_sign,
    roadside.draw_traffic_light,
    roadside.draw_traffic_light,
    roadside.draw_pole,
    roadside.draw_billboard,
    roadside.draw_bin,
    roadside.draw_bench,
)


def populate_street(
    stage: Stage, ranges: StreetRanges, half: float, pave: float, front: float, *, lamps: bool
) -> None:
    """Fills a street with things, in meters from its middle.

    Args:
      half: where the road ends.
      pave: where the pavements end.
      front: where houses begin.
    """
    crowd = Crowd(stage)
    _plant_trees(crowd, stage, ranges, max(half + 0.5, pave - 0.6), front)
    _place_furniture(crowd, stage, ranges, half, pave, lamps)
    _place_vehicles(crowd, stage, ranges, half)
    _place_people(crowd, stage, ranges, half, pave)
    crowd.draw()


def _choose_side(rng) -> int:
    return rng.choice((-1, 1))


def _plant_trees(
    crowd: Crowd, stage: Stage, ranges: StreetRanges, kerb: float, front: float
) -> None:
    rng = stage.rng
    warm = "autorickshaw" in ranges.vehicles
    styles = ("broad", "broad", "tall", "palm") if warm else ("broad", "broad", "tall")
    for _ in range(ranges.trees.count(rng)):
        place = Place(
            _choose_side(rng) * rng.uniform(kerb, max(front, kerb) + 1.0), rng.uniform(6, 70)
        )
        if rng.random() < 0.7:
            crowd.put(place, draw_tree, rng.uniform(4, 8.5), rng.choice(styles))
        else:
            crowd.put(place, draw_bush, rng.uniform(0.7, 1.6))


def _place_furniture(
    crowd: Crowd, stage: Stage, ranges: StreetRanges, half: float, pave: float, lamps: bool
) -> None:
    rng = stage.rng
    for _ in range(ranges.furniture.count(rng)):
        side = _choose_side(rng)
        x = side * rng.uniform(half + 0.4, max(half + 0.5, pave - 0.6))
        crowd.put(Place(x, rng.uniform(6, 45), side * math.pi / 2), rng.choice(_THINGS))
    if rng.random() < 0.5:
        for i in range(4):
            crowd.put(
                Place(_choose_side(rng) * (half + 0.5), 12.0 + 16 * i),
                roadside.draw_street_lamp,
                lamps,
            )


def _place_vehicles(crowd: Crowd, stage: Stage, ranges: StreetRanges, half: float) -> None:
    """Places vehicles in the lanes, oncoming on the left, and parked ones at the kerb."""
    rng = stage.rng
    taken: list[tuple[float, float]] = []
    for _ in range(ranges.traffic.count(rng)):
        kind, side = rng.choice(ranges.vehicles), _choose_side(rng)
        parked, large = rng.random() < 0.4, kind in ("bus", "truck")
        x = side * (half - 1.15 if parked and not large else half * 0.5) + rng.uniform(-0.3, 0.3)
        z = rng.uniform(11 if large else 7, 62)
        heading = (0.0 if side > 0 else math.pi) + rng.uniform(-0.06, 0.06)
        cycles = kind in ("bicycle", "motorcycle")
        if cycles:  # Cycles may come nearer, and keep to the lane less.
            z, heading = 5 + z / 3, heading + rng.uniform(-0.7, 0.7)
        if any(abs(x - a) < 2.2 and abs(z - b) < (9 if large else 6) for a, b in taken):
            continue
        taken.append((x, z))
        if cycles:
            crowd.put(Place(x, z, heading), draw_cycle, kind, not parked)
        else:
            crowd.put(Place(x, z, heading), draw_vehicle, kind)


def _place_people(
    crowd: Crowd, stage: Stage, ranges: StreetRanges, half: float, pave: float
) -> None:
    rng = stage.rng
    for _ in range(ranges.people.count(rng)):
        heading = rng.choice((0, math.pi)) + rng.uniform(-0.5, 0.5)
        if rng.random() < 0.25:  # The person crosses the road.
            x, heading = rng.uniform(-half, half), heading + math.pi / 2
        else:
            x = _choose_side(rng) * rng.uniform(half + 0.3, max(pave, half + 1))
        child = 0.7 if rng.random() < 0.1 else 1.0
        height = 1.7 * rng.uniform(0.9, 1.08) * child
        crowd.put(Place(x, rng.uniform(5, 32), heading), draw_person, height, rng.choice(_WALKS))
    for _ in range(ranges.animals.count(rng)):
        place = Place(rng.uniform(-pave, pave), rng.uniform(6, 26), rng.uniform(0, 6.3))
        crowd.put(place, draw_quadruped, rng.choice(("cow", "cow", "terrier")))
