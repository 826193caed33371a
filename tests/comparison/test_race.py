import dataclasses
import math

import numpy as np
import pytest

from foi_tf.comparison import race
from foi_tf.comparison.race import RaceState, RacingStart

NAMES = ("scratch", "ilsvrc", "near:segmentation", "far:segmentation")
TRUTH = dict(zip(NAMES, (0.30, 0.50, 0.60, 0.51), strict=True))


def starts(first=10.0, seed=2.0, **given):
    return [
        RacingStart(name=name, first_seconds=first, seed_seconds=seed, **given) for name in NAMES
    ]


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


def test_sources_that_nobody_asked_for_run_where_they_may_be_the_best():
    names = [*NAMES, *(f"s{i}:segmentation" for i in range(5))]
    every = [
        RacingStart(name=name, asked=place < 2, first_seconds=1.0, seed_seconds=1.0)
        for place, name in enumerate(names)
    ]
    opening = race.decide(state(starts=every)).runs
    assert [name for name, _ in opening] == [*NAMES, "s0:segmentation"]
    values = {name: {0: 0.5} for name, _ in opening}
    values["scratch"] = {0: 0.3}
    runs = race.decide(state(values, starts=every)).runs
    assert len(runs) == race.WIDTH and any(name[0] == "s" for name, _ in runs)
    assert "scratch" not in dict(runs)
    poor = race.decide(state(values, starts=every, seconds_left=1.5))
    assert {name for name, _ in poor.runs} <= set(values)


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
