import types

import pytest

from foi_tf.comparison import fewer_steps
from foi_tf.study.dataset import Task
from foi_tf.study.registry import DATASETS

NAMES = ["scratch", "ilsvrc", "near:segmentation", "far:segmentation"]


def result(budget, setting="small"):
    schedule = types.SimpleNamespace(steps_on=lambda images: 600 if images == [150] else None)
    config = types.SimpleNamespace(link=lambda task: types.SimpleNamespace(schedule=schedule))
    task = Task("camvid", "segmentation")
    plan = types.SimpleNamespace(
        target=types.SimpleNamespace(task=task, dataset=DATASETS["camvid"]),
        starts=NAMES,
        load_config=lambda task: config,
    )
    return types.SimpleNamespace(
        plan=plan,
        runs=types.SimpleNamespace(
            targets={("scratch", 0): types.SimpleNamespace(setting=setting)}
        ),
        decision=types.SimpleNamespace(untried=NAMES[3:]),
        seconds_per_seed=dict.fromkeys(NAMES, 100.0),
        first_seconds=dict.fromkeys(NAMES, 0.0) | {NAMES[3]: 140.0},
        budget=budget,
    )


def test_steps_are_those_that_the_budget_has_room_for():
    # 0.8 * 300 seconds, of which a model takes 40, for four runs of 100 seconds.
    assert fewer_steps.fit_steps(result(300.0)) == ("segmentation.schedule.small_steps", 300)


@pytest.mark.parametrize(
    ("budget", "setting"), [(60.0, "small"), (900.0, "small"), (300.0, "full"),
                            (300.0, "small_source")],
)  # fmt: skip
def test_where_fewer_steps_are_no_remedy_nothing_is_said(budget, setting):
    assert fewer_steps.fit_steps(result(budget, setting)) is None
