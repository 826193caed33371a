import numpy as np
import pandas as pd
import pytest
from scipy import stats

from foi_tf.analysis.measures import two_way
from foi_tf.analysis.measures.two_way import TwoWay


def design(pairs):
    frame = pd.DataFrame(pairs, columns=["target", "source"])
    return TwoWay.of_pairs(frame.assign(target_type="segmentation"))


GRID = [(target, source) for target in "abc" for source in "wxyz"]


def test_effects_leave_what_is_of_the_pair():
    grid = design(GRID)
    target, source = np.divmod(np.arange(12), 4)
    additive = 3.0 * target + np.array([5.0, 0, 1, 2])[source]
    np.testing.assert_allclose(grid.leave_of_both(additive), 0)
    np.testing.assert_allclose(grid.leave_of_targets(3.0 * target), 0)
    np.testing.assert_allclose(grid.leave_of_sources(np.cos(source)), 0)
    pair = np.where((target == 0) & (source == 0), 12.0, 0)
    left = grid.leave_of_both(additive + pair).reshape(3, 4)
    np.testing.assert_allclose(left.sum(0), 0, atol=1e-8)
    assert left[0, 0] == pytest.approx(6 / (additive + pair).std())  # 12 - 3 - 4 + 1.


def test_properties_move_with_their_unit():
    grid, rng = design(GRID), np.random.default_rng(0)
    size = np.tile([1.0, 2, 3, 4], 3)
    found = grid.exchange_sources(size, 50, rng).reshape(50, 3, 4)
    assert (found == found[:, :1]).all() and (np.sort(found[:, 0]) == [1, 2, 3, 4]).all()
    assert len(np.unique(found[:, 0], axis=0)) > 10
    number = np.repeat([1.0, 2, 3], 4)
    found = grid.exchange_targets(number, 50, rng).reshape(50, 3, 4)
    assert (found == found[:, :, :1]).all() and (np.sort(found[:, :, 0]) == [1, 2, 3]).all()


def test_pairs_move_by_rows_and_columns():
    grid, rng = design(GRID), np.random.default_rng(0)
    value = np.add.outer([0, 10, 20], [0.0, 1, 2, 3]).ravel()
    for one in grid.exchange_both(value, 20, rng).reshape(20, 3, 4):
        np.testing.assert_allclose(one - one[:1], np.tile(one[:, :1] - one[0, 0], 4))
        assert sorted(one[:, 0] // 10) == [0, 1, 2] and sorted(one[0] % 10) == [0, 1, 2, 3]


def test_a_dataset_keeps_both_of_its_roles():
    pairs = [(one, other) for one in "abcd" for other in "abcd" if one != other]
    grid = design(pairs)
    apart = {frozenset(pair): i for i, pair in enumerate({frozenset(pair) for pair in pairs})}
    value = np.array([float(apart[frozenset(pair)]) for pair in pairs])
    found = grid.exchange_both(value, 20, np.random.default_rng(0))
    assert not np.isnan(found).any()  # No dataset is a source of itself.
    places = {pair: i for i, pair in enumerate(pairs)}
    for one, other in pairs:  # Distances stay the same in both directions.
        np.testing.assert_array_equal(found[:, places[one, other]], found[:, places[other, one]])


def test_pairs_that_were_not_run_are_unknown():
    grid = design(GRID[:-1])
    found = grid.exchange_both(np.arange(11.0), 30, np.random.default_rng(0))
    assert (np.isnan(found).sum(1) <= 1).all() and np.isnan(found).any()


def test_what_is_left_moves_within_its_target():
    grid, rng = design(GRID[:-1]), np.random.default_rng(0)
    left = grid.leave_of_both(rng.normal(size=11))
    found = grid.exchange_in_targets(left, 40, rng)
    assert found.shape == (40, 11) and len(np.unique(found.round(6), axis=0)) > 20
    for codes in (grid.targets, grid.sources):
        for code in range(codes.max() + 1):
            np.testing.assert_allclose(found[:, codes == code].sum(1), 0, atol=1e-6)


def test_units_are_drawn_with_replacement():
    drawn = two_way.draw_weights(5, 200, np.random.default_rng(0))
    assert drawn.shape == (200, 5) and (drawn.sum(1) == 5).all()
    assert drawn.mean() == 1 and 0.2 < (drawn == 0).mean() < 0.45  # (1 - 1 / 5) ** 5.


def test_the_interval_by_hand():
    by_target, by_source = np.array([0.1, 0.2, 0.3]), np.array([0.1, 0.15, 0.25, 0.3])
    by_pair = np.array([0.2, 0.2, 0.21])
    of_targets = 2 / 3 * ((by_target - 0.2) ** 2).sum()
    of_sources = 3 / 4 * ((by_source - 0.2) ** 2).sum()
    of_pairs = 2 / 3 * ((by_pair - by_pair.mean()) ** 2).sum()
    deviation = (of_targets + of_sources - of_pairs) ** 0.5
    half = stats.t.ppf(0.975, 2) * deviation / (1 - 0.2**2)
    low, high = two_way.jackknife_interval(
        0.2, by_target, by_source, by_pair, scale=two_way.CORRELATION
    )
    assert (low, high) == pytest.approx(tuple(np.tanh(np.arctanh(0.2) + half * x) for x in (-1, 1)))
    # What both contain is not subtracted twice: the larger of the two stays.
    given = {"scale": two_way.CORRELATION}
    wide = two_way.jackknife_interval(0.2, by_target, by_target, 10 * by_target, **given)
    alone = two_way.jackknife_interval(0.2, by_target, np.array([np.nan]), by_target, **given)
    assert wide == pytest.approx(alone)


def test_the_interval_of_a_positive_number_by_hand():
    left_out = np.array([1.0, 2, 3, 4])
    half = stats.t.ppf(0.975, 3) * (3 / 4 * 5) ** 0.5
    found = two_way.jackknife_interval(9.5, left_out, np.zeros(1), scale=two_way.POSITIVE)
    assert found == pytest.approx((9.5 - half, 9.5 + half))
    low, _ = two_way.jackknife_interval(2.5, left_out, np.zeros(1), scale=two_way.POSITIVE)
    assert low == 0


def test_a_number_that_hangs_on_one_source_may_be_any():
    values = np.array([0.1, 0.2, 0.3, 0.2])
    hangs = np.array([0.1, np.nan, 0.3, 0.2])
    found = two_way.jackknife_interval(0.2, values, hangs, scale=two_way.CORRELATION)
    assert found == (-1, 1)


@pytest.mark.parametrize("value", [1.0, -1.0, float("nan")])
def test_no_interval_where_the_spread_says_nothing(value):
    same = np.full(5, value)
    assert np.isnan(
        two_way.jackknife_interval(value, same, same, same, scale=two_way.CORRELATION)
    ).all()
    few = np.array([0.1, 0.2])
    assert np.isnan(
        two_way.jackknife_interval(0.1, few, np.arange(5) / 10, scale=two_way.POSITIVE)
    ).all()
