"""Estimates the chip-hours of a plan from earlier runs, or else from the paper.

The work of a run is the number of megapixels that go through the network forwards and
backwards. The price of a megapixel comes from result rows. Where there are none, it comes from
the paper's pre-training, the only run of the paper whose epochs, images, input size and hours
are all known. The steps of `configs/paper.yaml` follow from that price, where Appendix D prints
the hours of a source.
"""

import dataclasses
import statistics
import types
from collections import defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd

from foi_tf.study import configuration, grid, sources
from foi_tf.study.backbones import find_backbone
from foi_tf.study.configuration import Config
from foi_tf.study.dataset import SEGMENTATION, Dataset, Task
from foi_tf.study.plan import PlannedRun
from foi_tf.study.registry import DATASETS
from foi_tf.study.results import MULTI_SOURCE

# TPU-v3 chip-hours that the paper prints (Appendix D). It does not say whether they count the
# three learning rates of Section 4.2; ours is that they are of one.
PRINTED_HOURS: Mapping[Task, int] = types.MappingProxyType(
    {
        grid.PRETRAINING: 364,
        Task("coco", SEGMENTATION): 92,
        Task("mapillary", SEGMENTATION): 352,
        Task(MULTI_SOURCE, SEGMENTATION): 228,
    }
)
_NEAR = 0.15  # Relative distance up to which an estimate is a printed number; ours.
_PAPER_EPOCHS = 200  # Epochs of the pre-training (Appendix A.1).
_FORWARD = 1 / 3  # Share of a forward pass in a training step; ours: backward counts as two.

# Values of the column `device` that each strategy can give.
_DEVICES_OF_STRATEGY = {
    "auto": {"cpu", "gpu", "tpu"},
    "cpu": {"cpu"},
    "tpu": {"tpu"},
    "mirrored": {"cpu", "gpu"},
    "multi_worker": {"cpu", "gpu"},
}

MEASURED, SAME_TYPE, OTHER_TASKS = "measured", "task type", "other tasks"
PAPER, PAPER_PRICE = "paper", "paper's price"


@dataclasses.dataclass(frozen=True)
class Cost:
    """Holds the estimate for one run.

    Attributes:
      chip_hours: chip-hours of the run, with all candidates of its learning rate.
      basis: the runs that the price of a megapixel comes from: runs of the same task
        ("measured"), of its "task type", of "other tasks", or the pre-training of the paper
        ("paper's price"). It is "paper" only where the paper prints these hours.
    """

    chip_hours: float
    basis: str


@dataclasses.dataclass(frozen=True)
class Prices:
    """Holds prices of work, in chip-seconds for each megapixel.

    Attributes:
      by_task: median of the runs of each task.
      by_type: median over the tasks of each task type.
      overall: median over all tasks; None where no run was measured.
      paper: price of the paper's pre-training.
    """

    by_task: Mapping[Task, float]
    by_type: Mapping[str, float]
    overall: float | None
    paper: float

    def price_of(self, task: Task) -> tuple[float, str]:
        """Returns the price for a task and its basis (see `Cost`), from the most similar runs."""
        if task in self.by_task:
            return self.by_task[task], MEASURED
        if task.type in self.by_type:
            return self.by_type[task.type], SAME_TYPE
        if self.overall is not None:
            return self.overall, OTHER_TASKS
        return self.paper, PAPER_PRICE


@dataclasses.dataclass(frozen=True, kw_only=True)
class CostModel:
    """Estimates the costs of runs that share datasets, configuration and backbone.

    Attributes:
      datasets: the datasets of a collection, by id.
      config: the configuration of all runs.
      backbone: name of the backbone.
      select: the way to choose learning rates, one of `study.choices.SELECTIONS`.
    """

    datasets: Mapping[str, Dataset]
    config: Config
    backbone: str
    select: str = "none"

    def count_megapixels(self, task: Task, steps: int) -> float:
        """Returns the megapixels of `steps` batches of a task and of its validation images."""
        dataset = task.check(self.datasets)
        link = self.config.link(task)
        height, width = configuration.choose_crop(link, dataset.crop, str(task))
        images = steps * link.schedule.batch_size + _FORWARD * dataset.size(task.type, "val")
        return images * height * width / 1e6

    def measure_prices(self, results: pd.DataFrame | None, strategy: str) -> Prices:
        """Computes prices from the rows of this backbone on the devices of a strategy.

        Args:
          results: result rows as `study.results.load` returns them, made with the same
            configuration; None without any.
          strategy: one of `study.choices.STRATEGIES`.
        """
        seconds: dict[Task, list[float]] = defaultdict(list)
        if results is not None:
            alike = (results.backbone == self.backbone) & results.device.isin(
                _DEVICES_OF_STRATEGY[strategy]
            )
            for row in results[alike].to_dict("records"):
                task = Task(row["target"], row["target_type"])
                if (
                    task.dataset in self.datasets
                    and task.type in self.datasets[task.dataset].classes
                ):
                    megapixels = self.count_megapixels(task, row["steps"])
                    price = row["chip_hours"] * 3600 / megapixels
                    seconds[task].append(price)
        by_task = {task: statistics.median(own) for task, own in seconds.items()}
        return Prices(
            by_task=by_task,
            by_type=_medians_by_type(by_task),
            overall=statistics.median(by_task.values()) if by_task else None,
            paper=_paper_price(self.backbone),
        )

    def estimate(self, run: PlannedRun, prices: Prices) -> Cost:
        """Estimates the cost of a run of a plan."""
        parts, steps = sources.source_parts(run.task), self.count_steps(run)
        found = [(self.count_megapixels(part, steps), *prices.price_of(part)) for part in parts]
        seconds = self.count_links(run) * sum(work * price for work, price, _ in found)
        order = (MEASURED, SAME_TYPE, OTHER_TASKS, PAPER_PRICE)
        basis = max((basis for *_, basis in found), key=order.index)
        if basis == PAPER_PRICE and _is_printed(run, seconds / 3600):
            basis = PAPER
        return Cost(seconds / 3600, basis)

    def count_steps(self, run: PlannedRun) -> int:
        """Returns the number of training steps of a run of a plan that takes all restarts."""
        is_target, schedule = run.program == "target", self.config.link_of_source(run.task).schedule
        limit = grid.max_target_images if is_target else grid.max_source_images
        parts, setting = sources.source_parts(run.task), run.setting or "full"
        images = [limit(self.datasets[part.dataset], setting) for part in parts]
        own = schedule.of_target(images) if is_target else schedule.of_source()
        return own.most_steps_on(images)

    def count_links(self, run: PlannedRun) -> int:
        """Counts the links that a run trains: one for each candidate of the learning rate.

        A "holdout" trains one more, on all images.
        """
        if self.select == "none" or run.program == "pretrain":
            return 1
        return len(self.config.link_of_source(run.task).rate_factors) + (self.select == "holdout")


def share_source_costs(
    sources: pd.DataFrame, pretraining: Sequence[float] | pd.Series
) -> pd.DataFrame:
    """Adds what a source costs each target that uses it (Appendix D), the dearest source first.

    Args:
      sources: one row a source: `source`, `chip_hours` and `targets` (tasks that use it).
      pretraining: chip-hours of the pre-training that each source starts from; 0 or NaN if unknown.

    Returns:
      `sources` with `extra` (chip-hours in % of the pre-training; NaN where that is unknown) and
      `each` (chip-hours a target).
    """
    before = pd.Series(pretraining, sources.index, dtype=float)
    return sources.assign(
        extra=100 * sources.chip_hours / before.where(before > 0),
        each=sources.chip_hours / sources.targets,
    ).sort_values(["chip_hours", "source"], ascending=[False, True], ignore_index=True)


def planned_source_costs(runs: Sequence[PlannedRun], costs: Sequence[Cost]) -> pd.DataFrame:
    """Returns the `share_source_costs` of the sources of a plan.

    Returns:
      One row a source: `source` (a task), `chip_hours`, `extra`, `targets`, `each` and `basis`.
    """
    users: dict[int, set[Task]] = defaultdict(set)
    for run in runs:
        for place in run.needs:
            users[place].add(run.task)
    before = sum(
        one.chip_hours for run, one in zip(runs, costs, strict=True) if run.program == "pretrain"
    )
    rows = [
        (str(run.task), one.chip_hours, len(users[place]), one.basis)
        for place, (run, one) in enumerate(zip(runs, costs, strict=True))
        if run.program == "source"
    ]
    sources = pd.DataFrame(rows, columns=["source", "chip_hours", "targets", "basis"])
    table = share_source_costs(sources, [before] * len(sources))
    return table[["source", "chip_hours", "extra", "targets", "each", "basis"]]


def _is_printed(run: PlannedRun, hours: float) -> bool:
    """Tells whether an estimate is what the paper prints for a pre-training or a source."""
    printed = PRINTED_HOURS.get(run.task)
    return run.program != "target" and printed is not None and abs(hours / printed - 1) <= _NEAR


def _medians_by_type(prices: Mapping[Task, float]) -> dict[str, float]:
    """Returns the median of the prices of each task type."""
    groups = defaultdict(list)
    for task, price in prices.items():
        groups[task.type].append(price)
    return {name: statistics.median(own) for name, own in groups.items()}


def _paper_price(backbone: str) -> float:
    """Returns TPU-v3 chip-seconds for a megapixel, scaled by the backbone's operations."""
    ilsvrc = DATASETS[grid.PRETRAINING.dataset]
    if ilsvrc.crop is None:
        raise ValueError(f"the registry has no input size for {ilsvrc.id}")
    height, width = ilsvrc.crop
    megapixels = _PAPER_EPOCHS * ilsvrc.size(grid.PRETRAINING.type, "train") * height * width / 1e6
    scale = find_backbone(backbone).giga_operations / find_backbone("hrnet_w48").giga_operations
    return PRINTED_HOURS[grid.PRETRAINING] * 3600 / megapixels * scale
