"""Defines how much a dataset's images vary, as ranges that can be compared.

They build in that one image domain includes another (the factor "source domain includes
target domain", section 5 of the paper): `contains` tells whether the ranges of one dataset lie
within those of another. All numbers are ours.
"""

import dataclasses
import random
from typing import Any


@dataclasses.dataclass(frozen=True)
class Range:
    """Holds the lowest and highest of a range of numbers."""

    low: float
    high: float

    def sample(self, rng: random.Random) -> float:
        """Draws a number uniformly."""
        return self.low + (self.high - self.low) * rng.random()

    def count(self, rng: random.Random) -> int:
        """Draws a whole number whose mean is uniform in the range."""
        value = self.sample(rng)
        return int(value) + (rng.random() < value % 1)


def contains(outer: Any, inner: Any) -> bool:
    """Tells whether `outer` allows everything that `inner` allows.

    Ranges contain ranges within them and numbers between their ends. Tuples of choices contain
    their subsets. Dataclasses are compared field by field.
    """
    if isinstance(outer, Range):
        if isinstance(inner, Range):
            return outer.low <= inner.low and inner.high <= outer.high
        return outer.low <= inner <= outer.high
    if isinstance(outer, tuple):
        return set(inner) <= set(outer)
    if dataclasses.is_dataclass(outer):
        return all(
            contains(getattr(outer, field.name), getattr(inner, field.name))
            for field in dataclasses.fields(outer)
        )
    return outer == inner


@dataclasses.dataclass(frozen=True, kw_only=True)
class LookRanges:
    """Holds the ranges of what camera and light do to the colors.

    Attributes:
      exposure: factor on brightness.
      warmth: -1 (blue) to 1 (orange).
      contrast: factor on the distance from middle gray.
      saturation: 0 (gray) to 1 (as painted) and beyond.
      noise: standard deviation of sensor noise, in gray levels of 255.
      blur: standard deviation in pixels.
      vignette: how much darker the corners are.
      texture: factor on the textures of surfaces; 0 is flat shading.
      gradient: how much brighter one side of the image is than the other.
      shadow: how dark cast shadows are; 0 is none.
      haze: share of light lost to haze per meter.
    """

    exposure: Range = Range(0.9, 1.1)
    warmth: Range = Range(-0.15, 0.15)
    contrast: Range = Range(0.95, 1.1)
    saturation: Range = Range(0.9, 1.1)
    noise: Range = Range(1.0, 3.0)
    blur: Range = Range(0.0, 0.4)
    vignette: Range = Range(0.0, 0.12)
    texture: Range = Range(0.8, 1.2)
    gradient: Range = Range(0.0, 0.15)
    shadow: Range = Range(0.25, 0.45)
    haze: Range = Range(0.002, 0.006)


@dataclasses.dataclass(frozen=True, kw_only=True)
class StreetRanges:
    """Holds the ranges of streets and their users; lengths in meters, angles in radians.

    `weather` chooses among clear, overcast, dusk, night, rain, fog and dusty. `architecture` names
    facade styles, `vehicles` kinds of vehicles, `ground` the surfaces beside the road.
    `traffic`, `people`, `furniture`, `trees` and `animals` are about the numbers of these things.
    `own_car` is the share of images that show the bonnet.
    """

    look: LookRanges
    weather: tuple[str, ...]
    architecture: tuple[str, ...]
    vehicles: tuple[str, ...]
    ground: tuple[str, ...]
    camera_height: Range
    focal: Range
    horizon: Range
    yaw: Range
    roll: Range
    road_width: Range
    pavement_width: Range
    setback: Range
    building_gap: Range
    storeys: Range
    traffic: Range
    people: Range
    furniture: Range
    trees: Range
    animals: Range
    own_car: Range


@dataclasses.dataclass(frozen=True, kw_only=True)
class RoomRanges:
    """Holds the ranges of rooms and their furniture; lengths in meters, angles in radians."""

    look: LookRanges
    types: tuple[str, ...]
    camera_height: Range
    focal: Range
    horizon: Range
    yaw: Range
    roll: Range
    width: Range
    depth: Range
    height: Range
    clutter: Range
    people: Range
    saturated: Range


@dataclasses.dataclass(frozen=True, kw_only=True)
class AerialRanges:
    """Holds the ranges of land seen from above; `span` is the image's height in meters."""

    look: LookRanges
    land: tuple[str, ...]
    span: Range
    density: Range
    vehicles: Range
    greenery: Range


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnderwaterRanges:
    """Holds the ranges of seabeds and open water.

    `visibility` is the distance at which 1/e of the light is left.
    """

    look: LookRanges
    water: tuple[str, ...]
    places: tuple[str, ...]
    visibility: Range
    camera_height: Range
    horizon: Range
    fish: Range
    divers: Range
    robots: Range
    trash: Range
    coral: Range


@dataclasses.dataclass(frozen=True, kw_only=True)
class AnimalRanges:
    """Holds the ranges of close-ups of one animal; `size` is its height in image heights."""

    look: LookRanges
    backdrops: tuple[str, ...]
    breeds: tuple[str, ...]
    size: Range


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConsumerRanges:
    """Holds the ranges of photographs of everything, with those of their streets and rooms."""

    look: LookRanges
    settings: tuple[str, ...]
    street: StreetRanges
    room: RoomRanges
    figures: Range
    figure_size: Range
    animals: tuple[str, ...]
    activities: tuple[str, ...]
    clutter: Range


Ranges = StreetRanges | RoomRanges | AerialRanges | UnderwaterRanges | AnimalRanges | ConsumerRanges
