import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from foi_tf.analysis.measures import gains
from foi_tf.analysis.report import cell_colors, heat_map, paper_tables, plots

SVG = "{http://www.w3.org/2000/svg}"


def test_green_is_better_purple_worse_white_equal_gray_not_run():
    assert cell_colors.gain_color(0.0) == "#ffffff"
    red, green, blue = to_rgb(cell_colors.gain_color(20.0))
    assert green > max(red, blue)
    red, green, blue = to_rgb(cell_colors.gain_color(-20.0))
    assert green < min(red, blue)
    assert cell_colors.gain_color(math.nan) == cell_colors.NOT_RUN
    assert cell_colors.gain_color(500.0) == cell_colors.gain_color(cell_colors.FULL_COLOR)
    assert cell_colors.amount_color(1.0, 1.0, 3.0, cell_colors.MERITS) == "#ffffff"
    assert cell_colors.amount_color(2.0, 2.0, 2.0, cell_colors.MERITS) == "#ffffff"


@pytest.mark.parametrize("gain", [-100, -18, -17, -5, 0, 5, 17, 18, 100])
def test_numbers_can_be_read_on_their_color(gain):
    def luminance(color):  # WCAG 2, with a plain gamma.
        return np.dot([0.2126, 0.7152, 0.0722], np.power(to_rgb(color), 2.2))

    shade = cell_colors.gain_color(gain)
    # 4.5 is what WCAG 2 asks of small text.
    low, high = sorted(map(luminance, (shade, cell_colors.text_color(shade))))
    assert (high + 0.05) / (low + 0.05) > 4.5


@pytest.fixture(scope="module")
def table(study):
    return paper_tables.build_paper_tables(gains.with_gains(study))[0]


def test_cells_of_a_heat_map_have_the_colors_of_gains_and_say_more(table):
    drawn = heat_map.draw_heat_map(table)
    shade_of = {
        group.find(f"{SVG}title").text: group.find(f"{SVG}rect").get("fill")
        for group in ET.fromstring(drawn).iter(f"{SVG}g")
    }
    hovers, shades = (x.iloc[:, 2:].to_numpy().ravel() for x in (table.hovers, table.shades))
    assert list(shade_of) and set(shade_of) == set(hovers)
    for hover, shade in zip(hovers, shades, strict=True):
        assert shade_of[hover] == (shade or "url(#none)")
    assert ">camvid (mIoU)<" in drawn


@pytest.mark.parametrize("number", [1, 20])
def test_heat_maps_grow_with_their_tables(complete, number):
    frame = complete(lambda chain, setting: 3.0, ["small"])
    targets = sorted(set(frame.target[frame.target_type == "segmentation"]))[:number]
    own = frame[frame.target.isin(targets) & (frame.target_type == "segmentation")]
    table = paper_tables.build_paper_tables(gains.with_gains(own))[0]
    root = ET.fromstring(heat_map.draw_heat_map(table))
    rows, columns = table.data.shape
    assert float(root.get("width")) == pytest.approx((columns - 2) * 5 * heat_map.LETTER, abs=260)
    assert float(root.get("height")) == pytest.approx(rows * heat_map.ROW, abs=160)
    # Texts of 11 pixels have at least 5.5 points where 20 columns are 6 inches wide.
    assert float(root.get("width")) < 11 * 6 * 72 / 5.5


def test_bars_of_levels_say_their_share(study, tmp_path):
    svg = plots.draw_levels(gains.with_gains(study), tmp_path / "levels")
    # Three of eight transfers lose more than 2 %, and two gain more than 10 %.
    assert "<title>all, small (n = 8): negative 38 %</title>" in svg
    assert "<title>all, small (n = 8): above 10 % 25 %</title>" in svg


def test_points_say_which_chain_they_are(study, tmp_path):
    svg = plots.draw_gain_against_size(gains.transfers(gains.with_gains(study)), tmp_path / "size")
    wanted = "city:segmentation → camvid:segmentation, small: +25.0 %, 2,975 source images"
    assert f"<title>{wanted}</title>" in svg
    assert svg == (tmp_path / "size.svg").read_text()


def test_deviations_and_decimals_are_left_to_the_tables(table):
    assert table.texts.map(lambda text: "±" in text).to_numpy().any()
    drawn = re.sub("<title>.*?</title>", "", heat_map.draw_heat_map(table))
    assert ">+25<" in drawn and "±" not in drawn and "+25.0" not in drawn


def test_fewer_than_five_points_are_no_figure(study, tmp_path):
    transfers = gains.transfers(gains.with_gains(study))
    assert plots.draw_overviews(transfers.head(4), tmp_path, "x") == {}
    assert len(plots.draw_overviews(transfers, tmp_path, "x")) == 2


def test_names_with_dollars_are_no_mathematics(tmp_path):
    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xticks([0, 1], [r"a$\frac$b", "$x_{$"])
    axes.set_title("$a^$")
    svg = plots.save_figure(figure, tmp_path / "f", "t", {})
    assert "$a^$" in svg and r"a$\frac$b" in svg and (tmp_path / "f.png").exists()
