"""How much a dataset's images vary, as ranges that can be compared.

Inclusion of one image domain in another (finding on the factor "source domain
includes target domain", section 5 of the paper) is built in: `contains` says whether
one dataset's ranges lie within another's. All numbers are ours.
"""

import dataclasses
import random
from typing import Any


@dataclasses.dataclass(frozen=True)
class Range:
    """Numbers from low to high."""

    low: float
    high: float

    def sample(self, rng: random.Random) -> float:
        """A uniform draw."""
        return self.low + (self.high - self.low) * rng.random()

    def count(self, rng: random.Random) -> int:
        """A whole number whose mean is a draw."""
        value = self.sample(rng)
        return int(value) + (rng.random() < value % 1)


def contains(outer: Any, inner: Any) -> bool:
    """Whether everything `inner` allows is allowed by `outer`.

    Ranges contain ranges within them and numbers between their ends, tuples of choices
    contain their subsets, and dataclasses are compared field by field.
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
    """What camera and light do to the colors.

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
    """Streets and who uses them. Lengths in meters, angles in radians.

    `weather` is of clear, overcast, dusk, night, rain, fog, dusty; `architecture` names
    facade styles, `vehicles` kinds of vehicle, `ground` what lies beside the road.
    `traffic`, `people`, `furniture`, `trees` and `animals` say about how many there are;
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
    """Rooms and what stands in them. Lengths in meters, angles in radians."""

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
    """Tiles of land seen from above; `span` is how many meters the image's height shows."""

    look: LookRanges
    land: tuple[str, ...]
    span: Range
    density: Range
    vehicles: Range
    greenery: Range


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnderwaterRanges:
    """Seabeds and open water. `visibility` is the distance at which 1/e of light is left."""

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
    """Close-ups of one animal; `size` is its height in image heights."""

    look: LookRanges
    backdrops: tuple[str, ...]
    breeds: tuple[str, ...]
    size: Range


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConsumerRanges:
    """Photographs of everything: settings, with the ranges of the streets and rooms in them."""

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
