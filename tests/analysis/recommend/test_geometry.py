"""Checks metrics of classes and numbers by their parts, and with numbers that features tell."""

import dataclasses

import numpy as np
import pytest
from scipy.special import logsumexp

from foi_tf.analysis.recommend import transferability
from foi_tf.analysis.recommend.transferability.logme import logme
from foi_tf.errors import FoiError
from foi_tf.study.feature_files import Points

RANDOM = np.random.default_rng(0)
VECTORS = RANDOM.normal(size=(200, 5))
LABELS = np.arange(200) % 2
TOLD = VECTORS @ RANDOM.normal(size=(5, 2))  # Numbers that are linear in the features.
UNTOLD = RANDOM.normal(size=(200, 2))
ONE = np.zeros(200, int)


def test_geometric_logme_is_the_mean_of_its_parts():
    standard = (TOLD - TOLD.mean(0)) / TOLD.std(0)
    numbers = [logme(VECTORS, column) for column in standard.T]
    found = transferability.geometric_logme(VECTORS, ONE, TOLD * 7 + 3)  # In another unit.
    assert found == pytest.approx(np.mean(numbers))
    found = transferability.geometric_logme(VECTORS, LABELS, TOLD)
    assert found == pytest.approx(np.mean([*numbers, logme(VECTORS, LABELS)]))
    none = np.zeros((200, 0))
    assert transferability.geometric_logme(VECTORS, LABELS, none) == logme(VECTORS, LABELS)


def test_etran_adds_right_chances_and_subtracts_errors():
    apart = 20 * LABELS[:, None] + VECTORS
    none = np.zeros((200, 0))
    assert transferability.etran(apart, LABELS, none) == pytest.approx(1, abs=1e-3)
    assert transferability.etran(VECTORS, LABELS, none) == pytest.approx(0.5, abs=0.05)
    once = np.append(LABELS[:-1], 9)  # A class of a single point does not count.
    assert transferability.etran(apart, once, none) == pytest.approx(1, abs=1e-3)
    # Two of the three directions make more than 80 % of the variance, and tell the numbers.
    wide = VECTORS[:, :3] * [3, 2, 0.1]
    told = wide[:, :2] @ [[1.0], [2.0]]
    assert transferability.etran(wide, ONE, told) == pytest.approx(0, abs=0.01)
    assert transferability.etran(wide, ONE, UNTOLD) == pytest.approx(-1, abs=0.05)
    assert transferability.etran(wide, ONE, wide[:, 2:]) == pytest.approx(-1, abs=0.05)


def test_energy_is_that_of_the_lowest_points():
    lowest = np.sort(logsumexp(VECTORS, axis=1))[0]  # Half a per cent of 200.
    assert transferability.energy(VECTORS, LABELS) == pytest.approx(lowest)
    assert transferability.energy(VECTORS + 2, LABELS) == pytest.approx(lowest + 2)


@pytest.mark.parametrize("name", ["glogme", "etran"])
def test_points_of_one_class_need_geometry_that_differs(name):
    points = Points(vectors=VECTORS, targets=ONE, images=ONE, geometry=TOLD)
    other = dataclasses.replace(points, geometry=UNTOLD)
    scores = [transferability.score_points(name, each, "a") for each in (points, other)]
    assert scores[0] > scores[1]
    for geometry in (np.zeros((200, 0)), np.ones((200, 2))):
        with pytest.raises(FoiError, match="a: all points are alike; take more images"):
            alike = dataclasses.replace(points, geometry=geometry)
            transferability.score_points(name, alike, "a")
    with pytest.raises(FoiError, match="a: the points have no geometry; make them again"):
        transferability.score_points(name, dataclasses.replace(points, geometry=None), "a")
