"""Compares each metric with its formula written out, and with known values."""

import dataclasses

import numpy as np
import pytest
from scipy import optimize
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from foi_tf.analysis.recommend import transferability
from foi_tf.errors import FoiError
from foi_tf.study.feature_files import Points

RNG = np.random.default_rng(0)
LABELS = np.arange(90) % 3
CENTERS = RNG.normal(size=(3, 6))


def clusters(apart):
    """Draws 90 points of 3 classes in 6 dimensions; `apart` is the classes' distance in widths."""
    return apart * CENTERS[LABELS] + np.random.default_rng(1).normal(size=(90, 6))


def rotation(size):
    return np.linalg.qr(np.random.default_rng(2).normal(size=(size, size)))[0]


def test_leep_is_its_formula():
    theta = RNG.dirichlet(np.ones(4), 90)
    expected = 0.0
    for x in range(90):
        likelihood = 0.0
        for z in range(4):
            both = sum(theta[i, z] for i in range(90) if LABELS[i] == LABELS[x]) / 90
            likelihood += both / (theta[:, z].sum() / 90) * theta[x, z]
        expected += np.log(likelihood) / 90
    assert transferability.leep(theta, LABELS) == pytest.approx(expected)


def test_leep_by_hand():
    # Source class 0 is always target 0; source class 1 is target 0 once and target 1 twice.
    theta = np.array([[1, 0], [0, 1], [0, 1], [0, 1]], float)
    found = transferability.leep(theta, np.array([5, 5, 9, 9]))
    assert found == pytest.approx((np.log(1) + np.log(1 / 3) + 2 * np.log(2 / 3)) / 4)


def test_leep_of_perfect_and_of_useless_predictions():
    perfect = np.eye(3)[LABELS]
    assert transferability.leep(perfect, LABELS) == pytest.approx(0)
    assert transferability.leep(perfect[:, [2, 0, 1]], LABELS) == pytest.approx(
        0
    )  # Names do not matter.
    useless = np.full((90, 5), 0.2)
    assert transferability.leep(useless, LABELS) == pytest.approx(-np.log(3))  # Minus the entropy.
    some = RNG.dirichlet(np.ones(4), 90)
    assert -np.log(3) <= transferability.leep(some, LABELS) < 0
    merged = np.concatenate([some, np.zeros((90, 2))], 1)  # Classes that never occur.
    assert transferability.leep(merged, LABELS) == pytest.approx(transferability.leep(some, LABELS))


def test_nleep_is_leep_of_a_mixture():
    vectors = clusters(1.0)
    reduced = PCA(0.8, svd_solver="full").fit_transform(vectors)
    mixture = GaussianMixture(15, random_state=0).fit(reduced)
    expected = transferability.leep(mixture.predict_proba(reduced), LABELS)
    assert transferability.nleep(vectors, LABELS) == pytest.approx(expected)


def log_evidence(features, y, alpha, beta):
    """Computes Equation 2 of You et al. with all matrices written out."""
    n, d = features.shape
    a = alpha * np.eye(d) + beta * features.T @ features
    m = beta * np.linalg.solve(a, features.T @ y)
    return (
        n / 2 * np.log(beta) + d / 2 * np.log(alpha) - n / 2 * np.log(2 * np.pi)
        - beta / 2 * ((features @ m - y) ** 2).sum() - alpha / 2 * m @ m
        - np.linalg.slogdet(a)[1] / 2
    )  # fmt: skip


def best_evidence(features, y):
    def negative(logarithms):
        return -log_evidence(features, y, *np.exp(logarithms))

    starts = [(0.0, 0.0), (3.0, 1.0), (-3.0, 2.0)]
    options = {"xatol": 1e-9, "fatol": 1e-10, "maxiter": 4000}
    return max(
        -optimize.minimize(negative, start, method="Nelder-Mead", options=options).fun
        for start in starts
    )


@pytest.mark.parametrize("apart", [0.3, 2.0])
def test_logme_is_the_largest_evidence(apart):
    vectors = clusters(apart)
    expected = np.mean([best_evidence(vectors, (k == LABELS).astype(float)) for k in range(3)])
    assert transferability.logme(vectors, LABELS) == pytest.approx(expected / 90, rel=1e-6)


def test_logme_of_numbers():
    vectors = clusters(1.0)
    y = vectors @ np.arange(6.0) + RNG.normal(size=90)
    expected = best_evidence(vectors, y) / 90
    assert transferability.logme(vectors, y) == pytest.approx(expected, rel=1e-6)


def test_logme_does_not_depend_on_how_features_are_written():
    """Rotated, scaled, doubled and zero-padded features tell the same (JMLR 2022)."""
    vectors = clusters(1.0)
    expected = transferability.logme(vectors, LABELS)
    zeros = np.zeros((90, 4))
    for same in (
        vectors @ rotation(6), 7.0 * vectors, np.concatenate([vectors, vectors], 1),
        np.concatenate([vectors, zeros], 1), -vectors,
    ):  # fmt: skip
        assert transferability.logme(same, LABELS) == pytest.approx(expected, rel=1e-5)
    assert transferability.logme(vectors, 4 * LABELS + 1) == pytest.approx(expected)
    order = RNG.permutation(90)
    assert transferability.logme(vectors[order], LABELS[order]) == pytest.approx(expected)


def test_logme_with_more_channels_than_points():
    vectors = np.concatenate([clusters(1.0), RNG.normal(0, 0.3, (90, 20))], 1)[:21]
    y = (LABELS == 1).astype(float)[:21]
    assert transferability.logme(vectors, y) == pytest.approx(
        best_evidence(vectors, y) / 21, rel=1e-6
    )


def largest_on_grid(features, y):
    """Searches the log likelihood of y ~ N(0, (I + F F^T / ratio) / beta) over both precisions."""
    found = []
    squares = np.linalg.svd(features, compute_uv=False)[0] ** 2
    for ratio in squares * 10.0 ** np.arange(-9, 2, 0.05):
        covariance = np.eye(len(y)) + features @ features.T / ratio
        beta = len(y) / (y @ np.linalg.solve(covariance, y))
        volume = np.linalg.slogdet(covariance)[1]
        found.append(len(y) / 2 * (np.log(beta / (2 * np.pi)) - 1) - volume / 2)
    return max(found)


@pytest.mark.parametrize("constant", [1.0, 100.0, 1000.0])
@pytest.mark.parametrize("added", ["to each feature", "as a channel", "as a channel of noise"])
def test_logme_finds_the_maximum_where_one_direction_dominates(constant, added):
    vectors = clusters(1.0)
    extra = np.full((90, 1), constant)
    if added == "to each feature":
        seen = vectors + extra
    else:
        noise = np.random.default_rng(4).normal(size=(90, 1)) if "noise" in added else 1.0
        seen = np.concatenate([vectors, extra * noise], 1)
    expected = np.mean([largest_on_grid(seen, (k == LABELS).astype(float)) for k in range(3)]) / 90
    assert expected - 1e-9 <= transferability.logme(seen, LABELS) <= expected + 5e-4


def test_a_constant_channel_costs_logme_little():
    """A fixed-point iteration from the mean square ends 0.2 lower at a channel of 1000."""
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 4, 400)
    vectors = draw.normal(size=(4, 32))[labels] * 0.35 + draw.normal(size=(400, 32))
    with_channel = [
        transferability.logme(np.concatenate([vectors, np.full((400, 1), x)], 1), labels)
        for x in (100.0, 300.0, 1000.0)
    ]
    assert with_channel == pytest.approx([-0.2846, -0.2873, -0.2903], abs=1e-4)


def test_logme_of_features_that_tell_nothing():
    """Without any features left, the evidence is that of noise alone."""
    y = np.random.default_rng(5).normal(size=90)
    noise = -(np.log(2 * np.pi * (y @ y) / 90) + 1) / 2
    assert transferability.logme(np.zeros((90, 4)), y) == pytest.approx(noise)


def test_h_score_is_its_formula():
    vectors = clusters(1.0)
    means = np.stack([vectors[label == LABELS].mean(0) for label in LABELS])
    expected = np.trace(np.linalg.pinv(np.cov(vectors.T)) @ np.cov(means.T))
    assert transferability.h_score(vectors, LABELS) == pytest.approx(expected)
    squeezed = vectors @ RNG.normal(size=(6, 6))  # Any invertible map leaves it.
    assert transferability.h_score(squeezed, LABELS) == pytest.approx(expected)
    assert transferability.h_score(np.eye(3)[LABELS], LABELS) == pytest.approx(
        2
    )  # Classes less one.


def test_gbc_is_its_formula():
    vectors = clusters(1.0)
    reduced = PCA(6).fit_transform(vectors)
    expected = 0.0
    for i in range(3):
        for j in range(3):
            if i != j:
                one, two = reduced[i == LABELS], reduced[j == LABELS]
                s1, s2 = np.diag(one.var(0)), np.diag(two.var(0))
                s, gap = (s1 + s2) / 2, one.mean(0) - two.mean(0)
                ratio = np.linalg.det(s) / np.sqrt(np.linalg.det(s1) * np.linalg.det(s2))
                expected -= np.exp(-gap @ np.linalg.inv(s) @ gap / 8 - np.log(ratio) / 2)
    assert transferability.gbc(vectors, LABELS) == pytest.approx(expected)
    same = np.concatenate([vectors, vectors])
    twice = np.repeat([0, 1], 90)
    assert transferability.gbc(same, twice) == pytest.approx(-2)  # Two classes that are one.


@pytest.mark.parametrize("name", ["nleep", "logme", "hscore", "gbc"])
def test_the_better_classes_are_apart_the_higher_the_score(name):
    function = transferability.METRICS[name].function
    scores = [round(function(clusters(apart), LABELS), 9) for apart in (0.0, 1.0, 4.0)]
    assert scores == sorted(scores) and scores[0] < scores[-1]


@pytest.mark.parametrize("name", ["nleep", "logme", "hscore", "gbc"])
def test_perfect_features_score_highest(name):
    function = transferability.METRICS[name].function
    perfect = 10 * np.eye(3)[LABELS] + np.random.default_rng(3).normal(0, 0.1, (90, 3))
    others = [clusters(1.0), RNG.normal(size=(90, 3)), np.eye(3)[RNG.permutation(LABELS)]]
    assert all(function(perfect, LABELS) > function(other, LABELS) for other in others)


@pytest.mark.parametrize("name", ["logme", "hscore", "gbc"])
def test_exact_fits_have_a_finite_score(name):
    assert np.isfinite(transferability.METRICS[name].function(10 * np.eye(3)[LABELS], LABELS))


POINTS = Points(
    vectors=clusters(1.0).astype(np.float32),
    targets=LABELS,
    images=np.zeros(90, int),
    geometry=np.zeros((90, 0), np.float32),
)


@pytest.mark.parametrize("name", transferability.METRICS)
def test_scores_of_points(name):
    points = dataclasses.replace(POINTS, probabilities=np.eye(3, dtype=np.float32)[LABELS])
    assert np.isfinite(transferability.score_points(name, points, "camvid"))


def test_points_that_a_metric_cannot_use_are_named():
    with pytest.raises(
        FoiError, match="camvid: the points have no probabilities of source classes, which leep"
    ):
        transferability.score_points("leep", POINTS, "camvid")
    depth = dataclasses.replace(POINTS, targets=np.linspace(1, 5, 90, dtype=np.float32))
    assert np.isfinite(transferability.score_points("logme", depth, "sunrgbd"))
    with pytest.raises(
        FoiError,
        match="sunrgbd: gbc needs classes, not numbers; logme, glogme, etran, energy take both",
    ):
        transferability.score_points("gbc", depth, "sunrgbd")
    with pytest.raises(FoiError, match="camvid: all points have the same target"):
        transferability.score_points(
            "gbc", dataclasses.replace(POINTS, targets=0 * LABELS), "camvid"
        )
    with pytest.raises(FoiError, match="did you mean 'logme'"):
        transferability.score_points("logm", POINTS, "camvid")
