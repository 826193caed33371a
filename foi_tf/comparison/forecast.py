"""Forecasts how long runs take on this machine, from what runs took here before."""

import collections
import statistics
from collections.abc import Callable, Mapping

import pandas as pd

from foi_tf.study.configuration import Config
from foi_tf.study.costs import CostModel
from foi_tf.study.dataset import Dataset, Task
from foi_tf.study.plan import PlannedRun


class Forecast:
    """Forecasts the seconds of runs by the megapixels that go through the network.

    The price of a megapixel is that of the latest run of the same task. For another task it is the
    median over tasks of its type, else over all, of their first runs: these include tracing.
    """

    def __init__(
        self,
        datasets: Mapping[str, Dataset],
        backbone: str,
        load_config: Callable[[Task], Config],
    ):
        """Starts without a price.

        Args:
          datasets: rows of all datasets that runs name, by id.
          backbone: name of the backbone.
          load_config: returns the configuration of a task's runs.
        """
        self._datasets, self._backbone, self._load_config = datasets, backbone, load_config
        self._prices: dict[Task, list[float]] = collections.defaultdict(list)
        self._first: tuple[float, float] | None = None

    @property
    def is_known(self) -> bool:
        """Tells whether anything was measured."""
        return bool(self._prices) or self._first is not None

    def learn_rows(self, rows: pd.DataFrame) -> None:
        """Learns from result rows of this machine."""
        for row in rows[rows.backbone == self._backbone].to_dict("records"):
            task = Task(row["target"], row["target_type"])
            if task.dataset in self._datasets and task.type in self._datasets[task.dataset].classes:
                self.learn(task, int(row["steps"]), float(row["wall_seconds"]))

    def learn(self, task: Task, steps: int, seconds: float) -> None:
        """Learns from a run of `steps` steps with its evaluation."""
        self._prices[task].append(seconds / self._model(task).count_megapixels(task, steps))

    def learn_steps(self, run: PlannedRun, before: float, seconds_per_step: float) -> None:
        """Learns from the first steps of a run, until `learn` knows all of it.

        Args:
          before: seconds before the first step, mostly of tracing.
        """
        steps = self._model(run.task).count_steps(run)
        self._first = before, seconds_per_step * steps / self._work(run)

    def seconds(self, run: PlannedRun) -> float:
        """Returns the forecast of a run; NaN where nothing was measured yet."""
        if self._prices:
            return self._work(run) * self._price(run.task)
        if self._first is None:
            return float("nan")
        before, price = self._first
        return before + self._work(run) * price

    def _work(self, run: PlannedRun) -> float:
        """Returns the megapixels of a run."""
        model = self._model(run.task)
        return model.count_megapixels(run.task, model.count_steps(run))

    def _price(self, task: Task) -> float:
        if task in self._prices:
            return self._prices[task][-1]
        first = {one: own[0] for one, own in self._prices.items()}
        alike = [price for other, price in first.items() if other.type == task.type]
        return statistics.median(alike or first.values())

    def _model(self, task: Task) -> CostModel:
        return CostModel(
            datasets=self._datasets, config=self._load_config(task), backbone=self._backbone
        )
