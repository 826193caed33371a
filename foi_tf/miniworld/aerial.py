"""Paints land from straight above: streets and houses, harbors, airfields and farmland."""

import math

from foi_tf.miniworld.color_math import jitter_color, pick_color, scale_color
from foi_tf.miniworld.overhead import (
    LandMap,
    draw_bush,
    draw_court,
    draw_house,
    draw_plane,
    draw_pool,
    draw_ship,
    draw_tanks,
    draw_tree,
    draw_vehicle,
    make_rectangle,
)
from foi_tf.miniworld.painter import Painter
from foi_tf.miniworld.shading import Look, sample_look
from foi_tf.miniworld.variation import AerialRanges


def paint_land(painter: Painter, rng, ranges: AerialRanges) -> Look:
    """Paints a tile of land of a random kind among those of `ranges`; returns its look."""
    span = ranges.span.sample(rng)
    turn = rng.uniform(0, 2 * math.pi)
    reach = rng.uniform(0.4, 1.0)
    land = LandMap(
        painter, rng, 1 / span, rng.uniform(0, 2 * math.pi),
        (reach * math.cos(turn), reach * math.sin(turn)),
    )  # fmt: skip
    _LANDS[rng.choice(ranges.land)](land, span, ranges)
    return sample_look(rng, ranges.look)


def _paint_town(land: LandMap, span: float, ranges: AerialRanges) -> None:
    """Paints blocks of houses with gardens between streets."""
    rng = land.rng
    reach = span * 0.95
    land.shape(
        "grass", jitter_color(rng, (112, 128, 82), 14), make_rectangle(0, 0, 3 * span, 3 * span)
    )
    block = rng.uniform(42, 60)
    road, tarmac = rng.uniform(7, 10), jitter_color(rng, (128, 128, 128), 12)
    start = -reach - rng.uniform(0, block)
    lines = [start + i * block for i in range(int(2 * reach / block) + 3)]
    for line in lines:
        land.shape(
            "pavement", scale_color(tarmac, 1.22), make_rectangle(line, 0, road + 4, 3 * span)
        )
        land.shape(
            "pavement", scale_color(tarmac, 1.22), make_rectangle(0, line, 3 * span, road + 4)
        )
    for line in lines:
        land.shape("road", tarmac, make_rectangle(line, 0, road, 3 * span))
        land.shape("road", tarmac, make_rectangle(0, line, 3 * span, road))
    if rng.random() < 0.4:
        x = y = min(lines, key=abs)
        land.disc("road", tarmac, x, y, road * 1.7)
        land.disc("roundabout", jitter_color(rng, (120, 140, 88), 10), x, y, road * 0.8)
    for line in lines:
        for _ in range(int(ranges.vehicles.sample(rng))):
            along, lane = rng.uniform(-reach, reach), rng.choice((-1, 1)) * road / 4
            if rng.random() < 0.5:
                draw_vehicle(land, line + lane, along, 1.5708)
            else:
                draw_vehicle(land, along, line + lane, 0.0)
    for left in lines:
        for top in lines:
            _paint_block(land, left + road / 2 + 3, top + road / 2 + 3, block - road - 6, ranges)


def _paint_block(land: LandMap, left: float, top: float, side: float, ranges: AerialRanges) -> None:
    """Paints one block between four streets; a block outside the tile is skipped."""
    rng = land.rng
    x, y = land.at(left + side / 2, top + side / 2)
    margin = side * land.meter * 0.8
    if not (-margin < x < land.painter.aspect + margin and -margin < y < 1 + margin):
        return
    use = rng.random()
    if use < 0.12:
        draw_court(land, left + side / 2, top + side / 2, min(side / 30, 1.2))
        for _ in range(4):
            draw_tree(land, left + rng.uniform(0, side), top + rng.choice((0.04, 0.96)) * side)
        return
    if use < 0.24:
        _paint_parking(land, left, top, side)
        return
    dense = ranges.density.sample(rng)
    cells = 2 if dense < 0.6 else 3
    cell = side / cells
    for i in range(cells):
        for j in range(cells):
            cx, cy = left + (i + 0.5) * cell, top + (j + 0.5) * cell
            if rng.random() < dense:
                draw_house(
                    land, cx, cy, cell * rng.uniform(0.5, 0.78), cell * rng.uniform(0.42, 0.7)
                )
                if rng.random() < 0.14:
                    draw_pool(land, cx + cell * 0.36, cy + cell * 0.34)
            for _ in range(int(ranges.greenery.sample(rng) + rng.random())):
                spot = cx + cell * rng.choice((-0.44, 0.44)), cy + cell * rng.uniform(-0.45, 0.45)
                draw_tree(land, *spot)


def _paint_parking(land: LandMap, left: float, top: float, side: float) -> None:
    rng = land.rng
    land.shape(
        "parking",
        jitter_color(rng, (138, 136, 134), 10),
        make_rectangle(left + side / 2, top + side / 2, side, side),
    )
    rows = int(side / 11)
    for row in range(rows):
        y = top + (row + 0.5) * side / rows
        for i in range(int(side / 3.2)):
            x = left + 2 + i * 3.2
            land.shape("parking", (206, 204, 200), make_rectangle(x - 1.6, y, 0.25, 4.6))
            if rng.random() < 0.45:
                draw_vehicle(land, x, y, 1.5708, "car")


def _paint_harbor(land: LandMap, span: float, ranges: AerialRanges) -> None:
    """Paints a quay with piers, ships and tanks."""
    rng = land.rng
    land.shape(
        "water",
        pick_color(rng, ((58, 92, 108), (64, 106, 112), (50, 78, 98)), 8),
        make_rectangle(0, 0, 3 * span, 3 * span),
    )
    shore = rng.uniform(0.05, 0.3) * span
    land.shape(
        "pavement",
        jitter_color(rng, (158, 154, 146), 10),
        make_rectangle(0, shore + span, 3 * span, 2 * span),
    )
    draw_tanks(land, span * rng.uniform(-0.4, 0.4), shore + span * 0.22, span * 0.05)
    for _ in range(3):
        draw_house(
            land,
            rng.uniform(-0.6, 0.6) * span,
            shore + span * rng.uniform(0.3, 0.5),
            span * 0.16,
            span * 0.1,
        )
    for _ in range(round(ranges.vehicles.sample(rng)) * 2):
        draw_vehicle(land, rng.uniform(-0.6, 0.6) * span, shore + rng.uniform(4, 14), 0.0)
    step = span * rng.uniform(0.28, 0.4)
    for i in range(-2, 3):
        x = i * step + rng.uniform(-4, 4)
        land.shape(
            "pier",
            jitter_color(rng, (176, 168, 152), 8),
            make_rectangle(x, shore - span * 0.2, span * 0.035, span * 0.42),
            2.0,
        )
        for side in (-1, 1):
            if rng.random() < 0.75:
                draw_ship(
                    land,
                    x + side * span * 0.075,
                    shore - span * rng.uniform(0.1, 0.35),
                    span * rng.uniform(0.09, 0.2),
                )
    draw_ship(
        land,
        rng.uniform(-0.4, 0.4) * span,
        -span * rng.uniform(0.2, 0.45),
        span * rng.uniform(0.15, 0.3),
        rng.uniform(0, 6.3),
    )


def _paint_airfield(land: LandMap, span: float, ranges: AerialRanges) -> None:
    """Paints aprons with planes, a runway and dry grass."""
    rng = land.rng
    land.shape(
        "grass", jitter_color(rng, (142, 142, 96), 12), make_rectangle(0, 0, 3 * span, 3 * span)
    )
    y = -span * rng.uniform(0.2, 0.4)
    tarmac = jitter_color(rng, (124, 124, 126), 8)
    land.shape("road", tarmac, make_rectangle(0, y, 3 * span, span * 0.18))
    for i in range(-4, 5):
        land.shape(
            "lane marking",
            (230, 230, 226),
            make_rectangle(i * span * 0.16, y, span * 0.08, span * 0.008),
        )
    land.shape(
        "pavement",
        jitter_color(rng, (164, 162, 158), 8),
        make_rectangle(0, span * 0.42, 3 * span, span * 0.75),
    )
    size = span * rng.uniform(0.16, 0.26)
    for i in range(-2, 3):
        if rng.random() < 0.8:
            draw_plane(land, i * size * 1.35, span * 0.24, size, rng.choice((1.5708, -1.5708)))
    for _ in range(round(ranges.vehicles.sample(rng)) * 2 + 1):
        draw_vehicle(
            land,
            rng.uniform(-0.6, 0.6) * span,
            span * rng.uniform(0.4, 0.6),
            rng.choice((0.0, 1.57)),
        )
    draw_house(land, rng.uniform(-0.2, 0.2) * span, span * 0.62, span * 0.6, span * 0.16)


def _paint_country(land: LandMap, span: float, ranges: AerialRanges) -> None:
    """Paints fields, a farm, a sports ground and a river."""
    rng = land.rng
    land.shape(
        "grass", jitter_color(rng, (116, 136, 80), 12), make_rectangle(0, 0, 3 * span, 3 * span)
    )
    for i in range(-2, 2):
        for j in range(-1, 2):
            color = pick_color(
                rng, ((150, 148, 92), (172, 150, 104), (112, 128, 74), (134, 116, 86)), 12
            )
            kind = "soil" if color[0] > 128 else "grass"
            w, h = span * 0.46, span * 0.6
            land.shape(kind, color, make_rectangle((i + 0.5) * span * 0.5, j * span * 0.65, w, h))
    x = rng.uniform(-0.3, 0.3) * span
    if rng.random() < 0.6:
        river = [(x + span * 0.12 * math.sin(k / 2 + x), -span + k * span / 5) for k in range(11)]
        width = span * rng.uniform(0.06, 0.14)
        edge = [(a + width, b) for a, b in river][::-1]
        land.shape("water", pick_color(rng, ((70, 100, 104), (84, 104, 96)), 8), river + edge)
    road = rng.uniform(-0.4, 0.4) * span
    land.shape(
        "road", jitter_color(rng, (140, 138, 134), 10), make_rectangle(0, road, 3 * span, 7.0)
    )
    for _ in range(round(ranges.vehicles.sample(rng)) + 1):
        draw_vehicle(land, rng.uniform(-0.6, 0.6) * span, road + rng.choice((-1.7, 1.7)), 0.0)
    fx, fy = rng.uniform(-0.3, 0.3) * span, road + rng.choice((-1, 1)) * span * 0.27
    if rng.random() < 0.6:
        size = span * 0.0055
        with land.painter.instance("field"):
            land.shape(
                "field",
                jitter_color(rng, (92, 142, 76), 8),
                make_rectangle(fx, fy, 68 * size, 48 * size),
            )
            for inset in (0.0, 0.8):
                color = (232, 234, 226) if not inset else (98, 150, 82)
                for side in (-1, 1):
                    w = (30 - inset) * size
                    land.shape(
                        "field",
                        color,
                        make_rectangle(fx + side * 15 * size, fy, w, (42 - inset) * size),
                    )
    else:
        draw_house(land, fx, fy, span * 0.14, span * 0.1)
        draw_tanks(land, fx + span * 0.15, fy, span * 0.03)
    for _ in range(int(ranges.greenery.sample(rng) * 10) + 6):
        draw_tree(
            land, rng.uniform(-0.7, 0.7) * span, road + rng.choice((-1, 1)) * rng.uniform(7, 12)
        )


def _paint_town_with_bushes(land: LandMap, span: float, ranges: AerialRanges) -> None:
    _paint_town(land, span, ranges)
    for _ in range(10):
        draw_bush(land, land.rng.uniform(-0.6, 0.6) * span, land.rng.uniform(-0.6, 0.6) * span)


_LANDS = {
    "town": _paint_town_with_bushes,
    "harbor": _paint_harbor,
    "airfield": _paint_airfield,
    "country": _paint_country,
}
