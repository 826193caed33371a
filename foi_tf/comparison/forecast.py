"""Forecasts how long runs take on this machine, from what runs took here before."""

import collections
import dataclasses
import statistics
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from foi_tf.study.configuration import Config
from foi_tf.study.costs import CostModel
from foi_tf.study.dataset import Dataset, Task
from foi_tf.study.plan import PlannedRun


@dataclasses.dataclass(frozen=True)
class _Pace:
    """Holds how fast a run was.

    Attributes:
      before: seconds before its first step, mostly of tracing; 0 where they are not known apart.
      price: further seconds for each megapixel.
    """

    before: float
    price: float

    def seconds(self, megapixels: float) -> float:
        return self.before + megapixels * self.price


class Forecast:
    """Forecasts the seconds of runs by the megapixels that go through the network.

    A run is forecast by the pace of the latest run of the same task, whose step is traced already.
    For another task it is the median over tasks of its type, else over all, of their first runs:
    these include tracing.
    """

    def __init__(
        self,
        datasets: Mapping[str, Dataset],
        backbone: str,
        load_config: Callable[[Task], Config],
        select: str = "none",
    ):
        """Starts without a price.

        Args:
          datasets: rows of all datasets that runs name, by id.
          backbone: name of the backbone.
          load_config: returns the configuration of a task's runs.
          select: how runs choose their learning rate: most train a link for each candidate.
        """
        self._datasets, self._backbone, self._load_config = datasets, backbone, load_config
        self._select = select
        self._paces: dict[Task, list[_Pace]] = collections.defaultdict(list)
        self._begun: _Pace | None = None

    @property
    def is_known(self) -> bool:
        """Tells whether anything was measured."""
        return bool(self._paces) or self._begun is not None

    def learn_rows(self, rows: pd.DataFrame, machine: str = "") -> None:
        """Learns from result rows.

        Args:
          machine: the machine whose rows count, as they name it; "" for all.
        """
        own = rows[rows.backbone == self._backbone]
        if machine:
            own = own[own.machine == machine]
        for row in own.to_dict("records"):
            task = Task(row["target"], row["target_type"])
            if task.dataset in self._datasets and task.type in self._datasets[task.dataset].classes:
                self.learn(task, int(row["steps"]), float(row["wall_seconds"]))

    def learn(
        self, task: Task, steps: int, seconds: float, before: float = 0.0, links: int = 1
    ) -> None:
        """Learns from a run whose links have `steps` steps, with their evaluation.

        Args:
          seconds: all of its seconds.
          before: those before its first step, as far as they are known.
          links: how many links it trained.
        """
        megapixels = links * self._model(task).count_megapixels(task, steps)
        self._paces[task].append(_Pace(before, (seconds - before) / megapixels))

    def learn_steps(self, run: PlannedRun, before: float, seconds_per_step: float) -> None:
        """Learns from the first steps of a run, until `learn` knows all of it.

        Args:
          before: seconds before the first step.
        """
        steps = self._model(run.task).count_steps(run)
        self._begun = _Pace(before, seconds_per_step * steps / self._work(run))

    def seconds(self, run: PlannedRun) -> float:
        """Returns the forecast of a run; NaN where nothing was measured yet."""
        pace = self._find_pace(run.task)
        if pace is None:
            return float("nan")
        return pace.seconds(self._work(run) * self._model(run.task).count_links(run))

    def _work(self, run: PlannedRun) -> float:
        """Returns the megapixels of a link of a run."""
        model = self._model(run.task)
        return model.count_megapixels(run.task, model.count_steps(run))

    def _find_pace(self, task: Task) -> _Pace | None:
        if not self._paces:
            return self._begun
        if task in self._paces:
            return dataclasses.replace(self._paces[task][-1], before=0.0)
        first = {one: own[0] for one, own in self._paces.items()}
        alike = [pace for other, pace in first.items() if other.type == task.type]
        return _find_median(alike or [*first.values()])

    def _model(self, task: Task) -> CostModel:
        return CostModel(
            datasets=self._datasets,
            config=self._load_config(task),
            backbone=self._backbone,
            select=self._select,
        )


def _find_median(paces: Sequence[_Pace]) -> _Pace:
    return _Pace(
        statistics.median(one.before for one in paces),
        statistics.median(one.price for one in paces),
    )
