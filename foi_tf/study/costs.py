"""What a plan costs in chip-hours, from what runs took before or else from the paper.

The work of a run is measured in megapixels that go through the network forwards and backwards.
What a megapixel costs is taken from result rows; where there are none, from the paper's
pre-training, the only one of its runs whose epochs, images, input size and hours are all known.
"""

import dataclasses
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from foi_tf.study import configuration, grid, sources
from foi_tf.study.configuration import Config
from foi_tf.study.dataset import Dataset, Task
from foi_tf.study.plan import PlannedRun
from foi_tf.study.registry import DATASETS

_PAPERS_HOURS = 364  # Of TPU-v3, for the pre-training (Appendix D).
_PAPERS_EPOCHS = 200  # Appendix A.1.
_FORWARD = 1 / 3  # Share of a training step; ours, a backward pass taken for two forward ones.

# 10**9 multiplications with an addition each, for 224 x 224 pixels: of the publishers' models
# for classification (ResNet-50: He et al., Table 1); hrnet_mini: our count of its backbone.
_GIGA_OPERATIONS = {
    "hrnet_w48": 17.36,
    "hrnet_w32": 8.99,
    "hrnet_w18": 4.33,
    "hrnet_mini": 0.25,
    "resnet50": 3.8,
}

# On what the strategies run, as result rows have it.
_DEVICES = {
    "cpu": {"cpu"},
    "tpu": {"tpu"},
    "mirrored": {"cpu", "gpu"},
    "multi_worker": {"cpu", "gpu"},
}

MEASURED, OF_TYPE, OF_OTHERS, PAPERS = "measured", "task type", "other tasks", "paper"


@dataclasses.dataclass(frozen=True)
class Cost:
    """The estimate for one run.

    Attributes:
      chip_hours: all its candidates included.
      basis: what the price of its work was taken from: runs of the same task ("measured"), of
        its "task type", of "other tasks", or the pre-training of the "paper".
    """

    chip_hours: float
    basis: str


@dataclasses.dataclass(frozen=True)
class Prices:
    """Chip-seconds a megapixel: measured ones by task, by task type and of all; the paper's."""

    by_task: Mapping[Task, float]
    by_type: Mapping[str, float]
    of_all: float | None
    papers: float

    def of(self, task: Task) -> tuple[float, str]:
        """The nearest price that there is, and its basis."""
        if task in self.by_task:
            return self.by_task[task], MEASURED
        if task.type in self.by_type:
            return self.by_type[task.type], OF_TYPE
        if self.of_all is not None:
            return self.of_all, OF_OTHERS
        return self.papers, PAPERS


@dataclasses.dataclass(frozen=True, kw_only=True)
class CostModel:
    """What runs share that decides on their work.

    Attributes:
      datasets: a collection, by id.
      config: the configuration of all runs.
      backbone: its name.
      select: how learning rates are chosen, one of `study.choices.SELECTIONS`.
    """

    datasets: Mapping[str, Dataset]
    config: Config
    backbone: str
    select: str = "none"

    def work(self, task: Task, steps: int) -> float:
        """Megapixels of `steps` batches of a single task, and of its validation images."""
        dataset = task.check(self.datasets)
        link = configuration.fill_in_crop(self.config.link(task), dataset.crop, str(task))
        height, width = link.crop
        images = steps * link.schedule.batch_size + _FORWARD * dataset.size(task.type, "val")
        return images * height * width / 1e6

    def prices(self, results: pd.DataFrame | None, strategy: str) -> Prices:
        """What a megapixel costs, from the rows of this backbone on the strategy's devices.

        Args:
          results: as `study.results.load` returns them; made with the same configuration.
        """
        seconds: dict[Task, list[float]] = defaultdict(list)
        if results is not None:
            alike = (results.backbone == self.backbone) & results.device.isin(_DEVICES[strategy])
            for row in results[alike].to_dict("records"):
                task = Task(row["target"], row["target_type"])
                if task.dataset in self.datasets and task.type in self._types(task):
                    price = row["chip_hours"] * 3600 / self.work(task, row["steps"])
                    seconds[task].append(price)
        by_task = {task: statistics.median(own) for task, own in seconds.items()}
        return Prices(
            by_task=by_task,
            by_type=_medians(by_task, lambda task: task.type),
            of_all=statistics.median(by_task.values()) if by_task else None,
            papers=_papers_price(self.backbone),
        )

    def cost(self, run: PlannedRun, prices: Prices) -> Cost:
        """The estimate for a run of a plan."""
        parts = sources.source_parts(run.task)
        limit = grid.max_target_images if run.program == "target" else grid.max_source_images
        images = [limit(self.datasets[part.dataset], run.setting) for part in parts]
        steps = self.config.link_of_source(run.task).schedule.steps_on(images)
        found = [(self.work(part, steps), *prices.of(part)) for part in parts]
        seconds = self._candidates(run) * sum(work * price for work, price, _ in found)
        order = (MEASURED, OF_TYPE, OF_OTHERS, PAPERS)
        basis = max((basis for *_, basis in found), key=order.index)
        return Cost(seconds / 3600, basis)

    def _types(self, task: Task) -> Mapping[str, int]:
        return self.datasets[task.dataset].classes

    def _candidates(self, run: PlannedRun) -> int:
        """How many links it trains; of a holdout, one more than there are candidates."""
        if self.select == "none" or run.program == "pretrain":
            return 1
        return len(self.config.link_of_source(run.task).rate_factors) + (self.select == "holdout")


def shares(runs: Sequence[PlannedRun], costs: Sequence[Cost]) -> pd.DataFrame:
    """What each source costs each target that uses it (Appendix D).

    Returns:
      One row a source, the dearest first: `source`, `chip_hours`, `extra` (% of the
      pre-training; NaN without one), `targets` (runs that start from it) and `each`
      (chip-hours a target).
    """
    users: dict[int, set[Task]] = defaultdict(set)
    for run in runs:
        for place in run.needs:
            users[place].add(run.task)
    before = sum(
        one.chip_hours for run, one in zip(runs, costs, strict=True) if run.program == "pretrain"
    )
    rows = [
        {
            "source": str(run.task),
            "chip_hours": one.chip_hours,
            "extra": 100 * one.chip_hours / before if before else float("nan"),
            "targets": len(users[place]),
            "each": one.chip_hours / len(users[place]),
        }
        for place, (run, one) in enumerate(zip(runs, costs, strict=True))
        if run.program == "source"
    ]
    frame = pd.DataFrame(rows, columns=["source", "chip_hours", "extra", "targets", "each"])
    return frame.sort_values(["chip_hours", "source"], ascending=[False, True], ignore_index=True)


def _medians(prices: Mapping[Task, float], key: Callable[[Task], str]) -> dict[str, float]:
    groups = defaultdict(list)
    for task, price in prices.items():
        groups[key(task)].append(price)
    return {name: statistics.median(own) for name, own in groups.items()}


def _papers_price(backbone: str) -> float:
    """Chip-seconds of TPU-v3 a megapixel, scaled by the backbone's operations."""
    ilsvrc = DATASETS[grid.PRETRAINING.dataset]
    height, width = ilsvrc.crop
    megapixels = _PAPERS_EPOCHS * ilsvrc.train * height * width / 1e6
    scale = _GIGA_OPERATIONS[backbone] / _GIGA_OPERATIONS["hrnet_w48"]
    return _PAPERS_HOURS * 3600 / megapixels * scale
