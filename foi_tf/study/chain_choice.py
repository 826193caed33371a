"""Chooses chains and tasks of a study by their names or at random, and counts chains."""

from collections.abc import Collection, Iterable, Mapping

from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study import grid
from foi_tf.study.dataset import Dataset, Task
from foi_tf.study.grid import Chain


def select_chains(
    chains: Iterable[Chain], sources: Collection[str], targets: Collection[str]
) -> list[Chain]:
    """Selects the chains of some sources and some targets.

    Args:
      chains: the chains of a setting.
      sources: names of tasks, or of task types for all their tasks; empty for all sources.
      targets: the same for the targets.

    Raises:
      FoiError: the chains have no source or target of that name, or no chain has both.
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
            "no chain has such a source and such a target; name at least two tasks, of one type "
            "with --pairs=within_type"
        )
    return chosen


def select_tasks(tasks: Iterable[Task], wanted: Collection[str]) -> list[Task]:
    """Selects tasks by their names, or by their task types; all if none is wanted.

    Raises:
      FoiError: no task has such a name.
    """
    tasks = list(tasks)
    known = {name for task in tasks for name in _selecting_names(task)}
    for name in wanted:
        if name not in known:
            raise unknown_name_error("task", name, known)
    return [task for task in tasks if not wanted or _selecting_names(task) & set(wanted)]


def sample_chains(
    chains: Iterable[Chain], datasets: Mapping[str, Dataset], count: int, seed: int = 0
) -> list[Chain]:
    """Draws a sample of the chains that cross both task type and domain; keeps all other chains.

    Args:
      chains: the chains of a setting.
      datasets: the datasets of a collection, by id.
      count: size of the sample, which is the same on every machine.
      seed: random seed of the sample.
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
    """Counts chains and targets like the columns "#" of Tables 7 and 8.

    Returns:
      Tuples (relation of domains, relation of task types, number of chains, number of targets).
      A relation is "all", "within" or "cross".
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
    """Returns the names that select a task: its own and its task type."""
    return {str(task), task.type}
