import dataclasses
import math

import numpy as np
import pytest

from foi_tf.comparison import race
from foi_tf.comparison.race import RaceState, RacingStart

NAMES = ("scratch", "ilsvrc", "near:segmentation", "far:segmentation")
TRUTH = dict(zip(NAMES, (0.30, 0.50, 0.60, 0.51), strict=True))


def starts(first=10.0, seed=2.0, names=NAMES):
    return [RacingStart(name=name, first_seconds=first, seed_seconds=seed) for name in names]


def state(values=None, **given):
    return RaceState(metric="miou", **({"starts": starts(), "values": values or {}} | given))


def finish(first, noise=0.01, seed=0):
    """Carries a race to its end; returns the last decision and the runs in their order."""
    rng = np.random.default_rng(seed)
    values, taken = {}, []
    while True:
        decision = race.decide(dataclasses.replace(first, values=values))
        if not decision.runs:
            return decision, taken
        taken.append(decision.runs)
        for name, number in decision.runs:
            values.setdefault(name, {})[number] = TRUTH[name] * math.exp(rng.normal(0, noise))


def test_all_starts_run_once_in_their_order_and_then_those_that_may_be_the_best():
    decision, taken = finish(state())
    assert taken[0] == tuple((name, 0) for name in NAMES)
    later = {name for runs in taken[1:] for name, _ in runs}
    assert "near:segmentation" in later and "scratch" not in later
    assert (decision.reason, decision.best) == (race.SURE, "near:segmentation")
    assert set(decision.dropped) == {*NAMES} - {"near:segmentation"} and not decision.untried
    assert decision.loss < 0.5


def test_starts_that_make_no_difference_end_the_race_as_alike():
    same = [one for one in starts() if one.name in ("ilsvrc", "far:segmentation")]
    values = {one.name: dict.fromkeys(range(6), 0.5) for one in same}
    decision = race.decide(state(values, starts=same))
    assert decision.reason == race.ALIKE and decision.posterior.p_best.max() < 0.9


def test_a_budget_leaves_out_the_last_starts_and_then_further_seeds():
    opening = race.decide(state(seconds_left=30.0))
    assert [name for name, _ in opening.runs] == ["scratch", "ilsvrc"]
    values = {name: {0: 0.5} for name, _ in opening.runs}
    decision = race.decide(state(values, seconds_left=1.0))
    assert decision.reason == race.BUDGET and decision.runs == ()
    assert decision.untried == NAMES[2:] and decision.best in NAMES[:2]


def test_the_pretraining_may_take_all_that_the_first_run_has_left():
    left = state({"scratch": {0: 0.3}}, seconds_left=11.0)
    assert race.decide(left).runs == (("ilsvrc", 0),)
    assert not race.decide(dataclasses.replace(left, seconds_left=9.0)).runs
    # A source may not.
    both = state({name: {0: 0.3} for name in NAMES[:2]}, seconds_left=11.0)
    assert ("near:segmentation", 0) not in race.decide(both).runs


def test_sources_that_rank_behind_run_where_they_may_be_the_best():
    names = [*NAMES, *(f"s{i}:segmentation" for i in range(9))]
    every = starts(1.0, 1.0, names)
    opening = race.decide(state(starts=every)).runs
    assert [name for name, _ in opening] == names[: 2 + race.OPENING_SOURCES]
    rng = np.random.default_rng(0)
    alike = {name: {0: 0.5 * math.exp(0.1 * rng.normal())} for name, _ in opening}
    found = race.decide(state(alike | {"scratch": {0: 0.3}}, starts=every))
    assert len(found.runs) == 1 and len(found.ahead) == race.WIDTH - 1
    assert "scratch" not in dict(found.runs + found.ahead)
    # Where one is far ahead of eight that are close together, the others hardly reach it.
    ahead = {name: {0: 0.5, 1: 0.505} for name, _ in opening} | {names[2]: {0: 0.8, 1: 0.81}}
    found = race.decide(state(ahead, starts=every))
    assert found.reason == race.ALIKE and set(found.untried) == set(names[10:])
    poor = race.decide(state(alike, starts=every, seconds_left=1.5))
    assert {name for name, _ in poor.runs} <= set(alike)


def test_a_race_ends_where_runs_scatter_too_much_to_gain_by_more():
    names = [f"s{i}:segmentation" for i in range(12)]
    rng = np.random.default_rng(0)
    values = {name: dict(enumerate(0.5 * np.exp(0.3 * rng.normal(size=9)))) for name in names}
    found = race.decide(state(values, starts=starts(names=names)))
    assert found.reason == race.NOISE and found.loss > race.LEAST_LOSS
    values = {name: {seed: own[seed] for seed in range(2)} for name, own in values.items()}
    assert race.decide(state(values, starts=starts(names=names))).runs


def test_without_a_second_seed_nothing_is_sure():
    values = {name: {0: TRUTH[name]} for name in NAMES} | {"near:segmentation": {0: 2.0}}
    assert race.decide(state(values)).runs == (("near:segmentation", 1),)
    assert race.decide(state(values, most_seeds=1)).reason == race.SEEDS


def test_a_budget_below_the_first_run_decides_nothing():
    decision = race.decide(state(seconds_left=5.0))
    assert (decision.reason, decision.best, decision.runs) == (race.BUDGET, "", ())


def test_finished_runs_cost_nothing_so_a_race_goes_on_as_it_would_have():
    whole, taken = finish(state(seconds_left=200.0), noise=0.1, seed=3)
    done = frozenset(run for runs in taken for run in runs)
    free = [dataclasses.replace(one, first_seconds=0.0) for one in starts()]
    again, repeated = finish(state(starts=free, finished=done, seconds_left=0.0), 0.1, 3)
    assert repeated == taken
    assert (again.reason, again.best) == (whole.reason, whole.best)


def test_a_start_that_diverged_is_not_ranked():
    values = {name: {0: TRUTH[name], 1: TRUTH[name]} for name in NAMES}
    values["near:segmentation"] = {0: math.nan}
    decision = race.decide(state(values))
    assert "near:segmentation" not in decision.posterior.names


def test_nothing_learned_is_said():
    values = {name: {0: 0.0} for name in NAMES}
    assert race.decide(state(values)).reason == race.FLOOR
    values = {name: {0: 0.004} for name in NAMES}
    found = race.decide(RaceState(metric="ap50", starts=starts(), values=values))
    assert found.reason == race.FLOOR and found.best == ""


def test_too_few_images_end_a_race_that_more_seeds_would_not():
    values = {name: dict.fromkeys(range(4), TRUTH[name] if name != "far:segmentation" else 0.6)
              for name in NAMES}  # fmt: skip
    sure = race.decide(state(values))
    assert sure.reason in (race.SURE, race.ALIKE)
    rng = np.random.default_rng(0)
    images = {name: 0.2 * rng.normal(size=8) for name in NAMES}
    assert race.decide(state(values, images=images)).reason == race.IMAGES


def test_lower_is_better_for_depth():
    values = {name: {0: 1.0, 1: 1.01} for name in NAMES} | {"far:segmentation": {0: 0.5, 1: 0.51}}
    decision = race.decide(RaceState(metric="rmse", starts=starts(), values=values))
    assert (decision.best, decision.reason) == ("far:segmentation", race.SURE)


@pytest.mark.parametrize("most", [1, 3])
def test_seeds_are_limited(most):
    values = {name: {i: 0.5 + 0.3 * ((i + j) % 2) for i in range(most)}
              for j, name in enumerate(NAMES)}  # fmt: skip
    decision = race.decide(state(values, most_seeds=most))
    assert decision.runs == () and decision.reason == race.SEEDS
