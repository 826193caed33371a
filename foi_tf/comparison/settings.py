"""Holds what all runs of a comparison share, and lists its runs as a study's plan does."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from foi_tf.study import grid, plan, variation
from foi_tf.study.choices import Pace
from foi_tf.study.dataset import Dataset, Size, Task
from foi_tf.study.grid import Chain
from foi_tf.study.plan import PlannedRun
from foi_tf.study.results import NO_SOURCE, SCRATCH


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Holds what all runs of a comparison share; names and meanings are those of foi-target.

    Attributes:
      data_dir, workdir: where datasets are prepared, and links and rows are kept.
      config: name or path of the configuration; "" takes each dataset's own.
      overrides: values of the configuration, as --set takes them.
      crop: input size on all datasets; None for each its own.
      backbone, precision, select_lr, vary, micro_batch, rematerialize: as the flags of these names.
      init: initial weights, as --init of foi-source.
      setting: one of `study.grid.SETTINGS`; None for the default of the target.
      strategy: the devices to train on; only runs need it.
      pace: steps per loop, checkpoints, and whether to wait for other workers once nothing else
        is left to train.
    """

    data_dir: str
    workdir: str
    config: str = ""
    overrides: Sequence[str] = ()
    crop: Size | None = None
    backbone: str = "hrnet_w48"
    precision: str = "float32"
    select_lr: str = "none"
    vary: tuple[str, ...] = variation.DEFAULT
    micro_batch: int = 0
    rematerialize: bool = False
    init: str = ""
    setting: str | None = None
    strategy: Any = None
    pace: Pace = dataclasses.field(default_factory=Pace)


@dataclasses.dataclass(frozen=True, eq=False)
class RunList:
    """Lists the runs that a comparison may take.

    Attributes:
      before: runs before all others: the pre-training, unless it is there.
      models: run of each source model, by the name of its task.
      targets: run of each start and seed.
      pretraining: name of the pre-training's start; "" where there is none.
    """

    before: tuple[PlannedRun, ...]
    models: Mapping[str, PlannedRun]
    targets: Mapping[tuple[str, int], PlannedRun]
    pretraining: str

    def needed(self, start: str) -> list[PlannedRun]:
        """Lists the runs that come before those of a start."""
        if start == SCRATCH:
            return []
        return [*self.before, *([self.models[start]] if start in self.models else [])]


def list_runs(
    settings: Settings,
    datasets: Mapping[str, Dataset],
    target: Task,
    sources: Sequence[Task],
    seeds: Sequence[int],
    init_name: str,
    *,
    has_init: bool,
) -> RunList:
    """Lists the runs of all starts by the plan of the study that has them.

    Args:
      datasets: rows of all datasets, by id.
      seeds: seeds of the target runs, as many as there may be.
      init_name: name of the initial weights in rows.
      has_init: whether these weights are there, so that nothing is pre-trained.
    """
    setting = settings.setting or grid.default_setting([datasets[target.dataset]])
    runs = plan.build_plan(
        {name: row for name, row in datasets.items() if not has_init or name != "ilsvrc"},
        setting,
        [Chain(source, target) for source in sources],
        seeds,
        settings.init,
        init_name,
        settings.vary,
        targets=[target],
    )
    alone = init_name == SCRATCH
    starts = {SCRATCH: SCRATCH, NO_SOURCE: init_name} | {str(one): str(one) for one in sources}
    return RunList(
        before=tuple(run for run in runs if run.program == "pretrain"),
        models={str(run.task): run for run in runs if run.program == "source"},
        targets={
            (starts[run.source], run.seed): run
            for run in runs
            if run.program == "target" and not (alone and run.source == NO_SOURCE)
        },
        pretraining="" if alone else init_name,
    )
