"""What a worker does while others train the run that a race takes next."""

import types

from foi_tf.comparison import race_loop
from foi_tf.errors import BusyError


class Run(str):
    """Stands for a planned run by its name."""

    program = "source"


class Workers:
    """Stands for the runs of a race, some of which other workers train."""

    def __init__(self, busy):
        self.busy, self.taken, self.finished = busy, [], set()

    def take(self, run, place, *, wait):
        del place
        if run in self.busy and not wait:
            raise BusyError("another worker trains it")
        self.taken.append(run)
        self.finished.add(run)
        return types.SimpleNamespace(value=0.5)

    def is_finished(self, run):
        return run in self.finished

    def key(self, run):
        return run


def take_round(workers, ahead):
    loop = race_loop._Race.__new__(race_loop._Race)
    loop._runner, loop._outcomes, loop._trained = workers, {}, {"model of b"}
    models = {name: [Run(f"model of {name}")] for name in "bc"}
    loop._runs = types.SimpleNamespace(
        targets={(name, seed): Run(f"{name}{seed}") for name in "abcd" for seed in range(2)},
        needed=lambda name: models.get(name, []),
    )
    loop._take_round([("a", 1)], ahead)
    return {name: sorted(own) for name, own in loop._outcomes.items()}


def test_a_worker_that_finds_the_next_run_taken_trains_one_ahead_but_does_not_count_it():
    workers = Workers(busy={"a1", "d0"})
    # c lacks its model, and d0 is taken as well.
    assert take_round(workers, [("c", 0), ("d", 0), ("b", 1), ("b", 0)]) == {"a": [1]}
    assert workers.taken == ["b1", "a1"]


def test_a_free_run_is_taken_without_any_ahead():
    workers = Workers(busy=set())
    assert take_round(workers, [("b", 1)]) == {"a": [1]}
    assert workers.taken == ["a1"]


def test_a_budget_that_a_known_first_run_exceeds_ends_the_race_and_raises_nothing(monkeypatch):
    """Races with fewer images have ended by then, and their answers are to be told."""
    loop = race_loop._Race.__new__(race_loop._Race)
    loop._forecast = types.SimpleNamespace(is_known=True, seconds=lambda run: 9.0)
    loop._ledger = types.SimpleNamespace(left=1.0, budget=2.0, spent=1.0)
    loop._plan = types.SimpleNamespace(starts=["scratch"], request=None)
    loop._runs = types.SimpleNamespace(targets={("scratch", 0): Run("scratch0")})
    loop._outcomes = {}
    start = types.SimpleNamespace(first_seconds=9.0, seed_seconds=9.0)
    monkeypatch.setattr(loop, "_forecast_start", lambda name: start)
    monkeypatch.setattr(loop, "_seconds", lambda run: 9.0)
    monkeypatch.setattr(loop, "_state", lambda: None)
    monkeypatch.setattr(race_loop.race, "conclude", lambda state, reason: reason)
    assert loop.run().decision == race_loop.race.BUDGET
