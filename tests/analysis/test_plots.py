import math

import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from foi_tf.analysis import gains, plots, tables


def test_green_is_better_purple_worse_white_equal_grey_not_run():
    assert plots.colour(0.0)[0] == "#ffffff"
    red, green, blue = to_rgb(plots.colour(20.0)[0])
    assert green > max(red, blue)
    red, green, blue = to_rgb(plots.colour(-20.0)[0])
    assert green < min(red, blue)
    assert plots.colour(math.nan)[0] == plots.NOT_RUN
    assert plots.colour(500.0) == plots.colour(plots.FULL_COLOUR)


@pytest.mark.parametrize("gain", [-100, -18, -17, -5, 0, 5, 17, 18, 100])
def test_numbers_can_be_read_on_their_colour(gain):
    def luminance(colour):  # WCAG 2, with a plain gamma.
        return np.dot([0.2126, 0.7152, 0.0722], np.power(to_rgb(colour), 2.2))

    # 4.5 is what WCAG 2 asks of small text.
    low, high = sorted(map(luminance, plots.colour(gain)))
    assert (high + 0.05) / (low + 0.05) > 4.5


def test_a_heat_map_has_the_colours_of_its_gains(study, tmp_path):
    table = next(iter(tables.tables(gains.with_gains(study))))
    plots.gain_heat_map(table, tmp_path / "map.png")
    pixels = matplotlib.image.imread(tmp_path / "map.png")[..., :3].reshape(-1, 3)
    for gain in [*table.cells["gain"].to_numpy().ravel(), math.nan]:
        wanted = to_rgb(plots.colour(gain)[0])
        assert (np.abs(pixels - wanted) < 0.003).all(axis=1).sum() > 500
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".png"] == ["map.png"]


@pytest.mark.parametrize("number", [1, 30])
def test_heat_maps_grow_with_their_tables(make_results, tmp_path, number):
    names = [f"set{i:02}" for i in range(number)]
    rename = [{"target": t, "source": s} for t in names for s in names]
    frame = make_results(
        *[("camvid:segmentation", "city:segmentation", 0.5, change) for change in rename],
        *[("camvid:segmentation", "ilsvrc", 0.4, {"target": t}) for t in names],
    )
    (table,) = tables.tables(gains.with_gains(frame))
    plots.gain_heat_map(table, tmp_path / "map.png")
    height, width, _ = matplotlib.image.imread(tmp_path / "map.png").shape
    cell_width, cell_height = (plots.DPI * inches for inches in plots.CELL)
    assert width == pytest.approx((number + 1) * cell_width, abs=300)
    assert height == pytest.approx(number * cell_height, abs=200)
