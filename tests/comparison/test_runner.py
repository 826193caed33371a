"""What is learned of the speed of a run while it is watched."""

import types

import pytest

from foi_tf.comparison import runner


class Clock:
    """Stands for the clock of a machine that trains 10 steps a second, after 12 s of tracing."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(runner.time, "monotonic", lambda: self.now)

    def train(self, watch, begin, end, total):
        self.now += 12.0
        for done in range(begin + 10, end + 1, 10):
            self.now += 1.0
            watch(done, total)


@pytest.fixture(name="watch")
def _watch(monkeypatch):
    clock, learned = Clock(monkeypatch), []
    watcher = types.SimpleNamespace(
        steps_per_loop=10,
        learn_steps=lambda _, before, each: learned.append((before, each)),
        check_budget=lambda: None,
    )
    return clock, learned, runner._Watch(watcher, None)


@pytest.mark.parametrize("begin", [0, 70])
def test_a_pace_is_that_of_the_steps_that_were_trained(watch, begin):
    clock, learned, watched = watch
    clock.train(watched, begin, 150, 150)
    assert learned == [pytest.approx((12.0, 0.1))]  # It is measured once.
    assert watched.trained and watched.resumed == begin
    assert watched.before == pytest.approx(12.0)


def test_a_pace_is_not_told_before_its_steps_took_a_while(watch):
    clock, learned, watched = watch
    clock.train(watched, 0, 30, 150)
    assert not learned
    clock.now -= 12.0
    clock.train(watched, 30, 40, 150)
    assert len(learned) == 1
