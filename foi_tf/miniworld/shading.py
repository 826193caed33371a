"""Turns a painter's parts into a photograph: light, haze, and the flaws of a sensor."""

import dataclasses
import functools
import random

import cv2
import numpy as np

from foi_tf.miniworld.color_math import Color
from foi_tf.miniworld.painter import SUPERSAMPLING, Painter
from foi_tf.miniworld.variation import LookRanges
from foi_tf.study.dataset import Size

_TILE = 640  # Side of the noise tiles; larger than any dataset's supersampled image.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Look:
    """Holds one draw from `LookRanges`, and the color of the haze, which the scene adds."""

    exposure: float
    warmth: float
    contrast: float
    saturation: float
    noise: float
    blur: float
    vignette: float
    texture: float
    gradient: float
    shadow: float
    haze: float
    haze_top: Color = (200, 208, 216)
    haze_bottom: Color = (200, 208, 216)
    tint: Color = (1.0, 1.0, 1.0)


def sample_look(rng: random.Random, ranges: LookRanges) -> Look:
    """Draws a number from every range."""
    fields = dataclasses.fields(ranges)
    return Look(**{field.name: getattr(ranges, field.name).sample(rng) for field in fields})


@functools.cache
def _make_tiles() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns fine grain, soft clouds and horizontal streaks: float32, mean 0, deviation 1."""
    rng = np.random.default_rng(20)
    grain = cv2.GaussianBlur(rng.standard_normal((_TILE, _TILE)).astype(np.float32), (0, 0), 0.7)
    clouds = np.zeros((_TILE, _TILE), np.float32)
    for cells in (8, 20, 50, 120):
        octave = rng.standard_normal((cells, cells)).astype(np.float32)
        octave = cv2.resize(octave, (_TILE, _TILE), interpolation=cv2.INTER_CUBIC)
        clouds += octave * (8 / cells) ** 0.5
    streaks = rng.standard_normal((_TILE // 2, _TILE // 24)).astype(np.float32)
    streaks = cv2.resize(streaks, (_TILE, _TILE), interpolation=cv2.INTER_CUBIC)
    return tuple((tile - tile.mean()) / tile.std() for tile in (grain, clouds, streaks))


def _crop_tile(rng: random.Random, tile: np.ndarray, reference: Size, size: Size) -> np.ndarray:
    """Cuts a random window out of a tile: the same texture at any image size."""
    top, left = rng.randrange(_TILE - reference[0]), rng.randrange(_TILE - reference[1])
    window = tile[top : top + reference[0], left : left + reference[1]]
    if reference == size:
        return window
    return cv2.resize(window, size[::-1], interpolation=cv2.INTER_CUBIC)


def _make_grain(rng: random.Random, size: Size) -> np.ndarray:
    """Returns grain that is as fine as the pixels at any image size."""
    top, left = rng.randrange(_TILE), rng.randrange(_TILE)
    rows, columns = np.arange(top, top + size[0]), np.arange(left, left + size[1])
    return _make_tiles()[0].take(rows, axis=0, mode="wrap").take(columns, axis=1, mode="wrap")


@functools.lru_cache(maxsize=16)
def _make_grid(size: Size) -> tuple[np.ndarray, np.ndarray]:
    """Returns x [1, W] and y [H, 1] of the pixel centers, in image heights."""
    height, width = size
    x = (np.arange(width, dtype=np.float32)[None] + 0.5) / height
    y = (np.arange(height, dtype=np.float32)[:, None] + 0.5) / height
    return x, y


def compute_inverse_depths(painter: Painter, parts: np.ndarray) -> np.ndarray:
    """Returns float32 1 / meters at each of the supersampled `parts`; 0 where infinite."""
    a, b, c, _, _ = np.asarray(painter.inverse_depths, np.float32).T
    x, y = _make_grid(parts.shape)
    inverse = a.take(parts)
    if b.any() or c.any():
        inverse += b.take(parts) * x
        inverse += c.take(parts) * y
    return np.maximum(inverse, 0.0, out=inverse)


def _shade_surfaces(
    painter: Painter, look: Look, rng: random.Random, parts: np.ndarray
) -> np.ndarray:
    """Returns the brightness factor of textures and of shadows: float32 [H, W]."""
    seen = parts[1::SUPERSAMPLING, 1::SUPERSAMPLING]
    light = np.ones(painter.size, np.float32)
    amounts = np.asarray(painter.textures, np.float32).T * look.texture
    _, clouds, streaks = _make_tiles()
    windows = (
        _make_grain(rng, painter.size),
        _crop_tile(rng, clouds, painter.reference, painter.size),
        _crop_tile(rng, streaks, painter.reference, painter.size),
    )
    for window, amount in zip(windows, amounts, strict=True):
        if amount.any():
            light += amount.take(seen) * window
    if look.shadow > 0:
        shaded = (painter.shadow_stamps > painter.parts).astype(np.float32)
        light *= 1 - look.shadow * _average_pixels(shaded, painter.size)
    return light


def _shade_lens(painter: Painter, look: Look, rng: random.Random) -> np.ndarray:
    """Returns the brightness factor of exposure, uneven light and dark corners: float32 [H, W]."""
    x, y = _make_grid(painter.size)
    across, down = (x - painter.aspect / 2) / painter.aspect, y - 0.5
    light = 1 + look.gradient * (rng.choice((-1, 1)) * across - down / 2)
    return light * (look.exposure * (1 - look.vignette * 2 * (across**2 + down**2)))


def _compute_clarity(painter: Painter, look: Look, parts: np.ndarray) -> np.ndarray:
    """Returns the share of light that haze lets through, for each supersampled part: float32."""
    inverse = compute_inverse_depths(painter, parts)
    # Parts at infinity are painted in their final color.
    distance = np.divide(1.0, inverse, out=np.zeros_like(inverse), where=inverse > 0)
    return cv2.exp(distance * np.float32(-look.haze))


def develop_image(painter: Painter, look: Look, rng: random.Random) -> np.ndarray:
    """Returns the image of a painted scene: uint8 [H, W, 3] RGB."""
    parts = painter.parts.astype(np.intp)
    surfaces = _shade_surfaces(painter, look, rng, parts)
    lens = _shade_lens(painter, look, rng)
    clarity = _compute_clarity(painter, look, parts) if look.haze > 0 else None
    fog = None if clarity is None else 1 - _average_pixels(clarity, painter.size)
    palette = np.asarray(painter.colors, np.float32).T
    _, y = _make_grid(painter.size)
    channels = []
    for i in range(3):
        color = palette[i].take(parts)
        if clarity is None:
            channel = _average_pixels(color, painter.size) * surfaces
        else:
            haze = look.haze_top[i] + (look.haze_bottom[i] - look.haze_top[i]) * y
            # Pixels are averaged after the haze, which differs on the two sides of a rim.
            channel = _average_pixels(color * clarity, painter.size) * surfaces + haze * fog
        channels.append(channel * lens * (look.tint[i] * (1 + 0.22 * look.warmth * (1 - i))))
    return _record_image(channels, look, rng)


def _record_image(channels: list[np.ndarray], look: Look, rng: random.Random) -> np.ndarray:
    """Adds blur, contrast and noise to float32 planes; returns uint8 RGB."""
    red, green, blue = channels
    gray = (0.3 * red + 0.59 * green + 0.11 * blue) * (1 - look.saturation)
    offset = 118 * (1 - look.contrast)
    image = cv2.merge([(c * look.saturation + gray) * look.contrast + offset for c in channels])
    if look.blur > 0.25:  # A smaller blur would change nothing.
        image = cv2.GaussianBlur(image, (0, 0), look.blur)
    if look.noise > 0:
        grain, tint = _make_grain(rng, image.shape[:2]), _make_grain(rng, image.shape[:2])
        grain, tint = grain * np.float32(look.noise), tint * np.float32(0.4 * look.noise)
        image += cv2.merge((grain + tint, grain, grain - tint))
    return np.clip(image, 0, 255, out=image).astype(np.uint8)


def _average_pixels(plane: np.ndarray, size: Size) -> np.ndarray:
    """Averages supersampled pixels to image pixels."""
    return cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA)
