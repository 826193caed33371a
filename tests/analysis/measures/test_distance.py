import itertools

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from foi_tf.analysis.measures import distance
from foi_tf.errors import FoiError

# On a line: targets at 0 and 4, sources at 1, 3 and 10.
TARGET, SOURCE = np.array([[0.0], [4.0]]), np.array([[1.0], [3.0], [10.0]])


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("target_to_source", (1 + 1) / 2),
        ("source_to_target", (1 + 1 + 6) / 3),
        ("mean", (1 + 8 / 3) / 2),
        ("one_to_one", (1 + 1) / 2),
    ],
)
def test_assignments_by_hand(assignment, expected):
    assert distance.domain_distance(TARGET, SOURCE, assignment) == pytest.approx(expected)


def test_one_to_one_shares_nothing():
    # Both targets are closest to the source at 0, but one of them has to take the other.
    target, source = np.array([[0.0, 0], [0, 1]]), np.array([[0.0, 0], [3, 1]])
    assert distance.domain_distance(target, source) == pytest.approx(0.5)
    assert distance.domain_distance(target, source, "one_to_one") == pytest.approx(1.5)


def test_the_hungarian_assignment_is_the_best_of_all():
    rng = np.random.default_rng(0)
    for _ in range(20):
        target, source = rng.normal(size=(2, 6, 3))
        costs = cdist(target, source)
        best = min(
            costs[range(6), list(order)].mean() for order in itertools.permutations(range(6))
        )
        found = distance.domain_distance(target, source, "one_to_one")
        assert found == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_distances_equal_scipys(monkeypatch, offset):
    monkeypatch.setattr(distance, "_BLOCK", 7)  # Several blocks, the last one short.
    rng = np.random.default_rng(1)
    sizes = {"a": 20, "b": 31, "c": 5}
    features = {
        name: (offset + rng.normal(size=(n, 9))).astype(np.float32) for name, n in sizes.items()
    }
    table = distance.distances(features)
    assert len(table) == 6 * 4
    values = table.set_index(["target", "source", "distance"]).value
    for one, two in itertools.permutations(features, 2):
        exact = cdist(features[one].astype(float), features[two].astype(float))
        there, back = exact.min(1).mean(), exact.min(0).mean()
        expected = {
            "target_to_source": there, "source_to_target": back, "mean": (there + back) / 2,
        }  # fmt: skip
        for name, value in expected.items():
            assert values[one, two, name] == pytest.approx(value, rel=1e-6)
            assert distance.domain_distance(features[one], features[two], name) == pytest.approx(
                value, rel=1e-6
            )


def test_a_dataset_is_included_in_a_larger_one_but_not_the_other_way():
    rng = np.random.default_rng(2)
    narrow, broad = rng.normal(size=(50, 2)), rng.normal(0, 8, (4000, 2))
    assert distance.domain_distance(narrow, broad) < 0.2 * distance.domain_distance(broad, narrow)


def test_a_table_holds_what_was_asked_for():
    table = distance.distances({"near": TARGET, "far": SOURCE}, ("target_to_source",))
    assert list(table) == ["target", "source", "distance", "value"]
    assert list(table.itertuples(index=False, name=None)) == [
        ("near", "far", "target_to_source", pytest.approx(1)),
        ("far", "near", "target_to_source", pytest.approx(8 / 3)),
    ]


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ({"a": np.ones((2, 3)), "b": np.ones((2, 4))}, "of a and b have 3 and 4 numbers an image"),
        ({"a": np.ones((2, 3)), "b": np.ones((0, 3))}, r"b: no features; their shape is \(0, 3\)"),
        ({"a": np.ones((2, 3)), "b": np.full((2, 3), np.nan)}, "b: features that are not finite"),
        ({"a": np.ones((2, 3))}, "need two datasets, but there are features of 1"),
    ],
)
def test_what_cannot_be_compared_is_named(features, said):
    with pytest.raises(FoiError, match=said):
        distance.distances(features)
    if len(features) == 2:
        with pytest.raises(FoiError, match=said.replace(" a and b ", ".*").replace("b: ", "")):
            distance.domain_distance(features["a"], features["b"])
