"""Lists the proportions and coats of four-legged animals."""

import dataclasses

from foi_tf.miniworld.color_math import Color
from foi_tf.miniworld.vocabulary import Texture


@dataclasses.dataclass(frozen=True)
class Breed:
    """Describes the proportions of an animal, in heights at the withers, and its coat.

    Attributes:
      kind: the kind of animal, as in `vocabulary`.
      height: meters at the withers.
      ears: "prick", "flop" or "button".
      tail: "up", "down" or "curl".
      coat: the colors that the coat may have.
      second: the color of the marking.
      marking: "plain", "saddle", "patches", "socks", "spots", "mane" or "mask".
      horns: whether the animal has a cow's horns.
    """

    kind: str
    height: float  # Meters at the withers.
    length: float
    chest: float
    belly: float
    limb: float
    neck: float
    head: float
    snout: float
    ear: float
    ears: str
    tail: str
    tail_length: float
    coat: tuple[Color, ...]
    second: Color
    marking: str
    texture: Texture
    horns: bool = False


_SMOOTH, _SHAGGY = (0.03, 0.04, 0.05), (0.09, 0.07, 0.05)

BREEDS = {
    "shepherd": Breed(
        "dog", 0.62, 1.02, 0.21, 0.17, 0.062, 0.34, 0.15, 0.24, 0.17, "prick", "down", 0.55,
        ((172, 128, 78), (150, 108, 66)), (48, 42, 40), "saddle", (0.08, 0.05, 0.06),
    ),
    "retriever": Breed(
        "dog", 0.58, 1.0, 0.23, 0.19, 0.07, 0.3, 0.165, 0.21, 0.2, "flop", "up", 0.5,
        ((216, 172, 108), (196, 142, 82), (60, 48, 42)), (236, 206, 156), "plain",
        (0.08, 0.06, 0.05),
    ),
    "greyhound": Breed(
        "dog", 0.7, 1.02, 0.19, 0.115, 0.045, 0.4, 0.12, 0.26, 0.11, "button", "down", 0.6,
        ((150, 146, 148), (184, 160, 132), (84, 82, 90)), (230, 226, 220), "socks", _SMOOTH,
    ),
    "dachshund": Breed(
        "dog", 0.26, 1.7, 0.3, 0.26, 0.1, 0.42, 0.25, 0.4, 0.34, "flop", "up", 0.7,
        ((140, 74, 44), (58, 40, 34)), (190, 122, 70), "socks", _SMOOTH,
    ),
    "terrier": Breed(
        "dog", 0.36, 1.02, 0.25, 0.21, 0.075, 0.3, 0.22, 0.25, 0.17, "button", "up", 0.35,
        ((236, 230, 220), (214, 206, 196)), (150, 96, 56), "patches", (0.08, 0.05, 0.05),
    ),
    "husky": Breed(
        "dog", 0.56, 1.0, 0.23, 0.19, 0.07, 0.28, 0.17, 0.2, 0.17, "prick", "curl", 0.6,
        ((110, 116, 126), (72, 76, 84), (166, 120, 84)), (238, 238, 236), "socks",
        (0.08, 0.06, 0.05),
    ),
    "spotted": Breed(
        "dog", 0.58, 1.0, 0.21, 0.16, 0.06, 0.34, 0.15, 0.22, 0.19, "flop", "down", 0.55,
        ((240, 238, 234),), (42, 40, 42), "spots", _SMOOTH,
    ),
    "poodle": Breed(
        "dog", 0.45, 0.92, 0.27, 0.23, 0.085, 0.36, 0.2, 0.26, 0.24, "flop", "up", 0.3,
        ((232, 222, 206), (126, 92, 66), (64, 62, 66)), (240, 232, 220), "plain", _SHAGGY,
    ),
    "cat": Breed(
        "cat", 0.28, 1.25, 0.24, 0.22, 0.07, 0.22, 0.22, 0.1, 0.2, "prick", "up", 0.9,
        ((206, 140, 72), (120, 118, 120), (56, 52, 52), (226, 216, 200)), (240, 236, 228), "socks",
        (0.08, 0.05, 0.05),
    ),
    "horse": Breed(
        "horse", 1.55, 1.0, 0.2, 0.18, 0.055, 0.5, 0.13, 0.3, 0.09, "prick", "down", 0.6,
        ((126, 76, 48), (84, 58, 44), (196, 186, 174)), (48, 36, 32), "mane", _SMOOTH,
    ),
    "cow": Breed(
        "cow", 1.4, 1.15, 0.26, 0.27, 0.065, 0.24, 0.15, 0.24, 0.14, "flop", "down", 0.6,
        ((232, 228, 220), (150, 92, 58)), (52, 44, 42), "patches", _SMOOTH, True,
    ),
    "sheep": Breed(
        "sheep", 0.72, 0.98, 0.33, 0.33, 0.05, 0.2, 0.16, 0.2, 0.13, "flop", "down", 0.2,
        ((228, 222, 208),), (62, 56, 54), "mask", _SHAGGY,
    ),
}  # fmt: skip
DOGS = tuple(name for name, breed in BREEDS.items() if breed.kind == "dog")
