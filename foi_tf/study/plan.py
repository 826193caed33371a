"""Plans a study: lists the runs of the programs, each behind the runs that it depends on."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

from foi_tf.study import grid, variation
from foi_tf.study.dataset import Dataset, Task
from foi_tf.study.grid import Chain
from foi_tf.study.results import NO_SOURCE, SCRATCH

# The setting without limits on images, and that which limits those of sources.
_ALL_IMAGES, _LIMITED_SOURCES = "full", "small_source"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """Describes one run of a program.

    Attributes:
      program: name of the program without "foi-": "pretrain", "source" or "target".
      task: task that is trained: the pre-training, the source or the target.
      source: start of a target: a source task, "ilsvrc" or "scratch"; "" for other programs.
      setting: the flag --setting; "" for a pre-training.
      init: path or name of the initial weights; "" for the pre-training in the working
        directory.
      source_init: name of the initial weights of the source model that a target starts from;
        "" for the pre-training in the working directory.
      seed, vary: the flags --seed and --vary.
      stage: 0 for pre-training, 1 for sources, 2 for targets. Runs of one stage do not wait for
        each other. Targets without a source could run earlier, but beside the other runs of
        their target they share its training step (`group_runs`).
      needs: positions in the plan, from 0, of the runs that must be done before.
    """

    program: str
    task: Task
    source: str = ""
    setting: str = ""
    init: str = ""
    source_init: str = ""
    seed: int
    vary: tuple[str, ...] = variation.DEFAULT
    stage: int
    needs: tuple[int, ...] = ()

    def arguments(self) -> list[str]:
        """Lists the flags that distinguish the run from others of the same program."""
        named = {
            "source": self.source or (str(self.task) if self.program == "source" else ""),
            "target": str(self.task) if self.program == "target" else "",
            "setting": self.setting,
            "init": self.init,
            "source_init": self.source_init,
            "task_type": self._pretraining_type,
            "seed": str(self.seed),
            "vary": "" if self.vary == variation.DEFAULT else ",".join(self.vary),
        }
        return [f"--{name}={value}" for name, value in named.items() if value]

    @property
    def _pretraining_type(self) -> str:
        """Returns the flag --task_type: "" for all but a self-supervised pre-training."""
        other = self.program == "pretrain" and self.task != grid.PRETRAINING
        return self.task.type if other else ""


def build_plan(
    datasets: Mapping[str, Dataset],
    setting: str,
    chains: Iterable[Chain],
    seeds: Sequence[int] = (0,),
    init: str = "",
    init_name: str = NO_SOURCE,
    vary: Sequence[str] = variation.DEFAULT,
    targets: Iterable[Task] = (),
    is_same_for_both: Callable[[Task], bool] = lambda task: True,
) -> list[PlannedRun]:
    """Lists all runs that some chains need, with the chains without a source as baselines.

    Pre-training and source models are trained with the first seed alone (source models with all, if
    seeds vary them), and targets with every seed in which something varies. On all images of a
    task, the source model equals the chain without a source of that task, if both are trained
    alike and their seeds vary the same. Then `foi-source` writes the row of that chain, which is
    not planned again.

    Args:
      datasets: the datasets of a collection, by id. Without ILSVRC'12 nothing is pre-trained.
      setting: setting of the chains, one of `grid.SETTINGS`.
      chains: chains as `grid.chains` yields them.
      seeds: random seeds of the targets.
      init: initial weights: a path, or the name of a pre-training in the working directory
        ("ilsvrc:contrastive"); "" for the pre-training by classification.
      init_name: name of these weights in the result rows of the chains.
      vary: what the seeds vary, some of `study.variation.KINDS`.
      targets: tasks whose chains without a source are planned in any case.
      is_same_for_both: tells of a task whether source models and targets on all of its images
        are trained alike, see `Schedule.is_same_for_both`.
    """
    chains, limited = list(chains), setting != _ALL_IMAGES
    vary = variation.parse_variation(vary)
    source_seeds = seeds if variation.SOURCE in vary else seeds[:1]
    in_source = variation.varied_in_source(vary, setting == _LIMITED_SOURCES)
    alone_seeds = seeds if variation.varied_in_link(vary, limited) else seeds[:1]
    targets = list(dict.fromkeys([*targets, *(chain.target for chain in chains)]))
    sources = list(dict.fromkeys(chain.source for chain in chains))
    stands_in = not limited and in_source == variation.varied_in_link(vary, limited)
    by_target: dict[Task, list[Chain]] = {task: [] for task in targets}
    for chain in chains:
        by_target[chain.target].append(chain)
    runs = _plan_pretraining(datasets, init, seeds[0])
    first = tuple(range(len(runs)))

    def plan_target(task: Task, source: str, seed: int, **others) -> PlannedRun:
        return PlannedRun(
            program="target",
            task=task,
            source=source,
            setting=setting,
            seed=seed,
            vary=vary,
            stage=2,
            **others,
        )

    models = [(task, seed) for task in sources for seed in source_seeds]
    places = {model: len(runs) + place for place, model in enumerate(models)}
    runs += [
        PlannedRun(
            program="source",
            task=task,
            setting=setting,
            seed=seed,
            vary=in_source,
            init=init,
            stage=1,
            needs=first,
        )
        for task, seed in models
    ]
    source_init = "" if init_name == NO_SOURCE else init_name
    for task in targets:
        for seed in seeds:
            if seed in alone_seeds:
                runs.append(plan_target(task, SCRATCH, seed))
                if not (stands_in and (task, seed) in places and is_same_for_both(task)):
                    runs.append(plan_target(task, NO_SOURCE, seed, init=init, needs=first))
            runs += [
                plan_target(
                    task,
                    str(chain.source),
                    seed,
                    source_init=source_init,
                    needs=(places[chain.source, seed if seed in source_seeds else seeds[0]],),
                )
                for chain in by_target[task]
            ]
    return runs


def build_plan_without_sources(
    datasets: Mapping[str, Dataset],
    tasks: Iterable[Task],
    seeds: Sequence[int] = (0,),
    init: str = "",
) -> list[PlannedRun]:
    """Lists the runs that train tasks on all their images from ILSVRC'12 alone, as Table 3 does.

    Args:
      datasets, seeds, init: as for `build_plan`.
      tasks: the targets.
    """
    runs = _plan_pretraining(datasets, init, seeds[0])
    first = tuple(range(len(runs)))
    return runs + [
        PlannedRun(
            program="target",
            task=task,
            source=NO_SOURCE,
            setting=_ALL_IMAGES,
            init=init,
            seed=seed,
            stage=2,
            needs=first,
        )
        for task in tasks
        for seed in seeds
    ]


def baseline_runs(runs: Sequence[PlannedRun]) -> list[PlannedRun]:
    """Selects the runs of the chains without a source, and their pre-training.

    Source models that take the place of such a chain (see `build_plan`) are included.
    """
    targets = {run.task for run in runs if run.program == "target" and run.setting == _ALL_IMAGES}
    alone = {(run.task, run.seed) for run in runs if run.source == NO_SOURCE}
    return [
        run
        for run in runs
        if run.program == "pretrain"
        or run.source == NO_SOURCE
        or (run.program == "source" and run.task in targets and (run.task, run.seed) not in alone)
    ]


def group_runs(runs: Sequence[PlannedRun]) -> list[int]:
    """Returns a group number for each run of a plan; runs of one group share a training step.

    Such runs train the same target and differ in their initial weights and seeds. A process that
    runs them one after another traces the step once (`chains.train_session`).
    """
    keys = [
        (run.stage, run.task, run.setting) if run.program == "target" else place
        for place, run in enumerate(runs)
    ]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return [numbers[key] for key in keys]


def _plan_pretraining(datasets: Mapping[str, Dataset], init: str, seed: int) -> list[PlannedRun]:
    """Lists the pre-training: none without ILSVRC'12 or with weights from elsewhere."""
    own = {"": grid.PRETRAINING} | {str(task): task for task in grid.PRETRAININGS.values()}
    if grid.PRETRAINING.dataset not in datasets or init not in own:
        return []
    return [PlannedRun(program="pretrain", task=own[init], seed=seed, stage=0)]
