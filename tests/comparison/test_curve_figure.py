"""The figure of the metric by number of target images."""

import re
import types

import numpy as np
import pytest

from foi_tf.analysis.uncertainty.start_posterior import StartPosterior
from foi_tf.comparison import curve_figure, page
from foi_tf.comparison.label_budget import CurvePoint

VALUES = {
    "scratch": (0.2, 0.3, 0.45),
    "ilsvrc": (0.4, 0.45, 0.5),
    "city:segmentation": (0.5, 0.52, 0.53),
}


@pytest.fixture(name="curve")
def _curve():
    found = []
    for place, images in enumerate((25, 50, 200)):
        table = [[own[place] * x for x in (0.98, 1.02)] for own in VALUES.values()]
        race = types.SimpleNamespace(
            plan=types.SimpleNamespace(starts=list(VALUES), init_name="ilsvrc"),
            decision=types.SimpleNamespace(
                posterior=StartPosterior(list(VALUES), np.array(table), "miou")
            ),
            values={name: {0: 1.0} for name in VALUES},
            metric="miou",
        )
        found.append(CurvePoint(images, race))
    return found


def test_each_start_has_a_line_and_a_band(curve):
    drawn = page.render_curve(curve)
    assert drawn.count("<polygon") == drawn.count("<polyline") == 3
    assert drawn.count("<circle") == 9
    for text in ("random weights", "ilsvrc", "city:segmentation", ">25<", ">200<"):
        assert text in drawn
    (first, second, last) = (
        [float(y) for y in re.findall(r",([\d.]+)", line)]
        for line in re.findall(r'<polyline[^>]*points="([^"]*)"', drawn)
    )
    assert first == sorted(first, reverse=True)  # Random weights rise with images.
    assert first[0] > second[0] > last[0]  # Better is higher.


def test_as_many_sources_as_are_drawn_have_colors_beside_a_pre_training_with_a_colon():
    sources = [f"{i}:segmentation" for i in range(curve_figure.MOST_SOURCES)]
    names = ["scratch", "ilsvrc:contrastive", *sources]
    assert len(set(curve_figure._choose_colors(names, "ilsvrc:contrastive"))) == len(names)


def test_starts_that_did_not_run_with_so_many_images_have_a_gap(curve):
    del curve[0].race.values["city:segmentation"]
    assert page.render_curve(curve).count("<circle") == 8


def test_few_points_are_no_figure(curve):
    assert curve_figure.draw_curve(curve[:1]) == ""
    assert "<svg" not in page.render_curve(curve[:1]) and "<table>" in page.render_curve(curve[:1])
