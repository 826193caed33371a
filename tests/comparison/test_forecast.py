"""The forecast of runs by what earlier ones took."""

import math

import pandas as pd
import pytest

from foi_tf.comparison.forecast import Forecast
from foi_tf.study import configuration
from foi_tf.study.dataset import Task
from foi_tf.study.plan import PlannedRun
from foi_tf.study.registry import DATASETS

CAMVID, CITY = Task("camvid", "segmentation"), Task("city", "segmentation")


def run_of(task):
    return PlannedRun(program="target", task=task, setting="small", seed=0, stage=2)


@pytest.fixture(name="forecast")
def _forecast():
    config = configuration.load_config("mini", DATASETS)
    return Forecast(DATASETS, "hrnet_mini", lambda task: config)


def test_nothing_is_forecast_before_anything_was_measured(forecast):
    assert not forecast.is_known and math.isnan(forecast.seconds(run_of(CAMVID)))


def test_first_steps_count_in_proportion_to_work_and_what_came_before_them_once(forecast):
    steps = forecast._model(CAMVID).count_steps(run_of(CAMVID))
    forecast.learn_steps(run_of(CAMVID), 30.0, 0.1)
    assert forecast.seconds(run_of(CAMVID)) == pytest.approx(30 + 0.1 * steps)
    work = forecast._work(run_of(CITY)) / forecast._work(run_of(CAMVID))
    assert forecast.seconds(run_of(CITY)) == pytest.approx(30 + 0.1 * steps * work)


def test_the_latest_run_counts_for_its_task_and_the_first_for_others(forecast):
    steps = forecast._model(CAMVID).count_steps(run_of(CAMVID))
    forecast.learn(CAMVID, steps, 60.0)  # With tracing.
    first = forecast.seconds(run_of(CITY))
    assert forecast.seconds(run_of(CAMVID)) == pytest.approx(60)
    forecast.learn(CAMVID, steps, 20.0)
    assert forecast.seconds(run_of(CAMVID)) == pytest.approx(20)
    assert forecast.seconds(run_of(CITY)) == first


def test_what_came_before_the_first_step_does_not_grow_with_the_work_of_other_tasks(forecast):
    steps = forecast._model(CAMVID).count_steps(run_of(CAMVID))
    forecast.learn(CAMVID, steps, 20.0, 12.0)
    # Its step is traced already; those of other tasks are not.
    assert forecast.seconds(run_of(CAMVID)) == pytest.approx(8)
    work = forecast._work(run_of(CITY)) / forecast._work(run_of(CAMVID))
    assert forecast.seconds(run_of(CITY)) == pytest.approx(12 + 8 * work)


def test_candidates_of_the_learning_rate_are_links_of_their_own():
    config = configuration.load_config("mini", DATASETS)
    forecast = Forecast(DATASETS, "hrnet_mini", lambda task: config, "validation")
    steps = forecast._model(CAMVID).count_steps(run_of(CAMVID))
    forecast.learn(CAMVID, steps, 20.0)  # From a row, which has the chosen link's seconds.
    assert forecast.seconds(run_of(CAMVID)) == pytest.approx(60)
    forecast.learn(CAMVID, steps, 90.0, links=3)
    assert forecast.seconds(run_of(CAMVID)) == pytest.approx(90)


def test_rows_of_other_machines_tell_nothing(forecast):
    row = {"backbone": "hrnet_mini", "target": "camvid", "target_type": "segmentation", "steps": 9}
    rows = pd.DataFrame([row | {"machine": "TPU", "wall_seconds": 5.0}])
    forecast.learn_rows(rows, "laptop")
    assert not forecast.is_known
    forecast.learn_rows(rows, "TPU")
    assert forecast.is_known
