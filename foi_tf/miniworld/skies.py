"""Paints skies, and describes the light that falls from them."""

import dataclasses

from foi_tf.miniworld.camera import Camera, Vector
from foi_tf.miniworld.color_math import Color, jitter_color, mix_colors, scale_color
from foi_tf.miniworld.painter import Painter
from foi_tf.miniworld.shading import Look


@dataclasses.dataclass(frozen=True)
class Weather:
    """Describes the colors of a sky and its effect on the light below.

    `exposure`, `haze` and `shadow` multiply those of the look; `warmth` is added to it.
    """

    top: Color
    bottom: Color
    exposure: float = 1.0
    warmth: float = 0.0
    haze: float = 1.0
    shadow: float = 1.0
    ambient: float = 0.62
    clouds: int = 0
    tint: Color = (1.0, 1.0, 1.0)
    lamps: bool = False
    wet: bool = False


WEATHERS = {
    "clear": Weather((96, 150, 214), (196, 218, 236), clouds=3),
    "overcast": Weather((186, 192, 198), (214, 216, 218), 0.94, -0.1, 1.6, 0.25, 0.85),
    "dusk": Weather((110, 112, 156), (240, 176, 122), 0.78, 0.35, 1.3, 0.6, 0.7, 2, lamps=True),
    "night": Weather(
        (22, 26, 44), (52, 50, 62), 0.44, 0.1, 0.6, 0.2, 0.85, tint=(0.96, 0.98, 1.1), lamps=True
    ),
    "rain": Weather((136, 144, 154), (176, 182, 188), 0.74, -0.2, 3.0, 0.1, 0.9, wet=True),
    "fog": Weather((196, 200, 202), (210, 212, 212), 0.96, -0.05, 5.0, 0.1, 0.92),
    "dusty": Weather((172, 186, 196), (226, 212, 184), 1.0, 0.25, 3.0, 0.8, 0.7),
}


def apply_weather(look: Look, weather: Weather) -> Look:
    """Returns the look of a scene in this weather."""
    # Haze is to have the weather's color in the image, so the exposure is divided out.
    haze = scale_color(mix_colors(weather.bottom, weather.top, 0.15), 1 / weather.exposure)
    return dataclasses.replace(
        look,
        exposure=look.exposure * weather.exposure,
        warmth=look.warmth + weather.warmth,
        haze=look.haze * weather.haze,
        shadow=look.shadow * weather.shadow,
        haze_top=haze,
        haze_bottom=haze,
        tint=weather.tint,
    )


def paint_sky(painter: Painter, camera: Camera, rng, weather: Weather, *, bands: int = 18) -> None:
    """Paints the sky down to below the horizon, with clouds if the weather has them."""
    # So are the colors of the sky.
    lift = 1 / weather.exposure
    top, bottom = (
        tuple(v * lift for v in jitter_color(rng, c, 8)) for c in (weather.top, weather.bottom)
    )
    low = camera.horizon + 0.12
    colors = [mix_colors(top, bottom, (i + 0.5) / bands) for i in range(bands)]
    tilt = abs(camera.roll) * camera.aspect
    painter.bands("sky", (-tilt, -tilt, max(low, 0.1), camera.aspect + tilt), colors)
    for _ in range(rng.randint(0, weather.clouds) if bands > 1 else 0):
        x, y = rng.uniform(0, camera.aspect), camera.horizon * rng.uniform(0.1, 0.75)
        size = rng.uniform(0.05, 0.13)
        share = y / max(camera.horizon, 0.1)
        part = painter.part(
            "sky", mix_colors(mix_colors(top, bottom, share), (250 * lift,) * 3, 0.6)
        )
        for i in range(4):
            offset = (i - 1.5) * size * 0.75
            radii = size * rng.uniform(0.6, 1.0), size * rng.uniform(0.18, 0.3)
            painter.ellipse(part, (x + offset, y), radii)


def sample_sun(rng) -> Vector:
    """Draws a direction to the light: from the left or the right, never straight ahead."""
    side = rng.choice((-1, 1)) * rng.uniform(0.35, 0.6)
    height = rng.uniform(0.6, 0.78)
    return side, height, -((max(1 - side * side - height * height, 0.0)) ** 0.5)
