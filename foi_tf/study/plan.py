"""A study as a list of runs of the programs, in an order in which each finds what it needs."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence

from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study import grid
from foi_tf.study.dataset import Dataset, Task
from foi_tf.study.grid import Chain
from foi_tf.study.results import NO_SOURCE, SCRATCH

# Runs of one stage do not wait for each other. The first needs nothing but data, sources need the
# pre-training, and targets a source. Those without one could be run before; beside the others of
# their target they share its training step (`group_runs`).
STAGES = ("initial", "sources", "targets")
_FULL = "full"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One run of a program.

    Attributes:
      program: "pretrain", "source" or "target", behind "foi-".
      task: what it trains: the source or the target.
      source: where a target starts: a source task, "ilsvrc" or "scratch"; else "".
      setting, seed: as the program takes them; of a pre-training the setting is "".
      init: path of initial weights; "" for the pre-training in the working directory.
      source_init: what the source model that a target starts from began with; "" as before.
      stage: index into `STAGES`.
      needs: places in the plan, from 0, of the runs that have to be done before.
    """

    program: str
    task: Task
    source: str = ""
    setting: str = ""
    init: str = ""
    source_init: str = ""
    seed: int
    stage: int
    needs: tuple[int, ...] = ()

    def arguments(self) -> list[str]:
        """What tells it from other runs of the same program."""
        named = {
            "source": self.source or (str(self.task) if self.program == "source" else ""),
            "target": str(self.task) if self.program == "target" else "",
            "setting": self.setting,
            "init": self.init,
            "source_init": self.source_init,
            "task_type": self._pretraining_type,
            "seed": str(self.seed),
        }
        return [f"--{name}={value}" for name, value in named.items() if value]

    @property
    def _pretraining_type(self) -> str:
        other = self.program == "pretrain" and self.task != grid.PRETRAINING
        return self.task.type if other else ""


def build_plan(
    datasets: Mapping[str, Dataset],
    setting: str,
    chains: Iterable[Chain],
    seeds: Sequence[int] = (0,),
    init: str = "",
    init_name: str = NO_SOURCE,
) -> list[PlannedRun]:
    """All runs that some chains take, with the chains without a source they are held against.

    Pre-training and source models are made once, with the first seed; targets with each. On
    all images of one task, the source model is the chain without a source of that task, and
    `foi-source` leaves its row: that chain is not planned again.

    Args:
      datasets: a collection, by id. Where it has no ILSVRC'12, nothing is pre-trained.
      chains: of the setting, as `grid.chains` yields them.
      init: initial weights: a path, or the name of a pre-training in the working directory
        ("ilsvrc:contrastive"); empty for classification.
      init_name: what chains that begin with those are said to begin with.
    """
    chains = list(chains)
    targets = list(dict.fromkeys(chain.target for chain in chains))
    sources = list(dict.fromkeys(chain.source for chain in chains))
    runs: list[PlannedRun] = []
    first: tuple[int, ...] = ()
    own = {"": grid.PRETRAINING} | {str(task): task for task in grid.PRETRAININGS.values()}
    if grid.PRETRAINING.dataset in datasets and init in own:
        runs.append(PlannedRun(program="pretrain", task=own[init], seed=seeds[0], stage=0))
        first = (0,)

    def target(task: Task, source: str, seed: int, **place) -> PlannedRun:
        return PlannedRun(
            program="target", task=task, source=source, setting=setting, seed=seed, stage=2, **place
        )

    places = {source: len(runs) + place for place, source in enumerate(sources)}
    runs += [
        PlannedRun(
            program="source",
            task=task,
            setting=setting,
            seed=seeds[0],
            init=init,
            stage=1,
            needs=first,
        )
        for task in sources
    ]
    begun = "" if init_name == NO_SOURCE else init_name
    for task in targets:
        for seed in seeds:
            runs.append(target(task, SCRATCH, seed))
            if not (setting == _FULL and task in places and seed == seeds[0]):
                runs.append(target(task, NO_SOURCE, seed, init=init, needs=first))
            runs += [
                target(
                    task,
                    str(chain.source),
                    seed,
                    source_init=begun,
                    needs=(places[chain.source],),
                )
                for chain in chains
                if chain.target == task
            ]
    return runs


def baseline_runs(runs: Sequence[PlannedRun]) -> list[PlannedRun]:
    """Of a plan the chains without a source, with their pre-training.

    Source models that take the place of one (see `build_plan`) are among them.
    """
    targets = {run.task for run in runs if run.program == "target" and run.setting == _FULL}
    return [
        run
        for run in runs
        if run.program == "pretrain"
        or run.source == NO_SOURCE
        or (run.program == "source" and run.task in targets)
    ]


def group_runs(runs: Sequence[PlannedRun]) -> list[int]:
    """Numbers the runs of a plan so that those of one group share a training step.

    They train the same target on the same images and differ in where they start, so that a
    process that runs one after another traces the step once (`chains.train_session`).
    """
    keys = [
        (run.stage, run.task, run.setting, run.seed) if run.program == "target" else place
        for place, run in enumerate(runs)
    ]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return [numbers[key] for key in keys]


def select_chains(
    chains: Iterable[Chain], sources: Collection[str], targets: Collection[str]
) -> list[Chain]:
    """The chains of some sources and some targets; an empty collection is all of them.

    Args:
      sources, targets: tasks, or task types for all tasks of theirs.

    Raises:
      FoiError: a name is no source, or no target, of the chains; or nothing is left.
    """
    chains = list(chains)
    for kind, wanted, known in (
        ("source", sources, {name for chain in chains for name in _selecting_names(chain.source)}),
        ("target", targets, {name for chain in chains for name in _selecting_names(chain.target)}),
    ):
        for name in wanted:
            if name not in known:
                raise unknown_name_error(f"{kind} of this setting", name, known)
    chosen = [
        chain
        for chain in chains
        if (not sources or _selecting_names(chain.source) & set(sources))
        and (not targets or _selecting_names(chain.target) & set(targets))
    ]
    if not chosen:
        raise FoiError(
            "no chain has such a source and such a target; two tasks at least are needed, of one "
            "type with --pairs=within_type"
        )
    return chosen


def sample_chains(
    chains: Iterable[Chain], datasets: Mapping[str, Dataset], count: int, seed: int = 0
) -> list[Chain]:
    """All chains but those across both task types and domains, of which only some.

    Args:
      count: how many of those stay, the same ones on every machine.
    """
    chains = list(chains)
    far = {
        f"{chain.source} {chain.target}"
        for chain in chains
        if not chain.within_type and not chain.within_domain(datasets)
    }
    kept = set(grid.choose_subset(sorted(far), count, seed))
    names = [f"{chain.source} {chain.target}" for chain in chains]
    return [
        chain for chain, name in zip(chains, names, strict=True) if name not in far or name in kept
    ]


def count_chains(
    chains: Iterable[Chain], datasets: Mapping[str, Dataset]
) -> list[tuple[str, str, int, int]]:
    """How many chains and targets there are, as the columns "#" of Tables 7 and 8.

    Returns:
      (domain, task type, chains, targets); the first two are "all", "within" or "cross".
    """
    chains = list(chains)
    found = [("all", "all", chains)]
    for domain in ("within", "cross"):
        for kind in ("within", "cross"):
            own = [
                chain
                for chain in chains
                if chain.within_domain(datasets) == (domain == "within")
                and chain.within_type == (kind == "within")
            ]
            found.append((domain, kind, own))
    return [
        (domain, kind, len(own), len({chain.target for chain in own}))
        for domain, kind, own in found
    ]


def _selecting_names(task: Task) -> set[str]:
    """What a task can be chosen by."""
    return {str(task), task.type}
