import math
import types

import pytest

from foi_tf.comparison import label_budget
from foi_tf.comparison.label_budget import CurvePoint, describe_curve


def point(images, close):
    posterior = types.SimpleNamespace(names=tuple(close), p_close=list(close.values()))
    decision = types.SimpleNamespace(posterior=posterior)
    plan = types.SimpleNamespace(init_name="ilsvrc")
    return CurvePoint(images, types.SimpleNamespace(decision=decision, plan=plan))


def test_the_fewest_images_are_told_from_which_on_a_start_is_enough():
    curve = [
        point(25, {"scratch": 0.6, "ilsvrc": 0.1}),
        point(50, {"scratch": 0.0, "ilsvrc": 0.2}),
        point(100, {"scratch": 0.1, "ilsvrc": 0.7}),
        point(200, {"scratch": 0.3, "ilsvrc": 0.9}),
    ]
    assert describe_curve(curve) == [
        "From random weights, 200 images are not enough to do as well as the best.",
        "From ilsvrc, 100 images or more do as well as the best start.",
    ]
    assert describe_curve(curve[:1]) == []


@pytest.mark.parametrize("budget", [90.0, math.inf])
def test_what_is_left_of_the_budget_is_shared_equally(budget, monkeypatch):
    shares = []

    def run_race(plan):
        shares.append(plan)
        return types.SimpleNamespace(spent=10.0)

    monkeypatch.setattr(label_budget, "run_race", run_race)
    plan = types.SimpleNamespace(
        target=types.SimpleNamespace(
            task=types.SimpleNamespace(type="depth"),
            dataset=types.SimpleNamespace(size=lambda *_: 40),
        ),
        request=types.SimpleNamespace(images=[None, 8, 20], budget=budget),
        with_images=lambda count, own: (count, own),
    )
    assert [one.images for one in label_budget.run_races(plan)] == [8, 20, 40]
    assert shares == (
        [(8, 30.0), (20, 40.0), (None, 70.0)]
        if math.isfinite(budget)
        else [(count, math.inf) for count in (8, 20, None)]
    )
