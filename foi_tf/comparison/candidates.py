"""Finds and ranks the sources of a target."""

from collections.abc import Mapping, Sequence

from foi_tf.analysis.recommend import candidates, rules
from foi_tf.comparison.inputs import DataOptions, NamedData, check_names, find_prepared, find_source
from foi_tf.data.records import prepared_datasets
from foi_tf.errors import FoiError
from foi_tf.progress import say
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES, TABLE3, Dataset, Task

MOST_SOURCES = 12  # Sources that may be tried where none are named; ours.
_RULE = "advice"  # The default of foi-recommend, which needs nothing but the datasets' rows.


def find_sources(names: Sequence[str], target: NamedData, options: DataOptions) -> list[NamedData]:
    """Finds the sources that are named, or else the best-ranked ones that are prepared.

    Returns:
      The sources in the order of their rank.

    Raises:
      FoiError: as `inputs.find_source`; or a source is named twice, or none is prepared.
    """
    if names:
        found = [find_source(name, target, options) for name in names]
        check_names([target, *found])
        if len({one.task for one in found}) < len(found):
            raise FoiError(f"--sources={','.join(names)}: names a source twice")
    else:
        found = _find_prepared_sources(target, options)
    if not found:
        say(f"no source is prepared in {options.data_dir}; only starts without one are compared")
    by_task = {one.task: one for one in found}
    rows = {one.dataset.id: one.dataset for one in [target, *found]}
    ranked = [by_task[task] for task in rank_sources(target.task, rows) if task in by_task]
    if not names and ranked:
        kept = ranked[:MOST_SOURCES]
        say(
            f"no --sources are given; of {len(ranked)} that are prepared, these may be tried, the "
            f"best by foi-recommend's advice first: {', '.join(str(one.task) for one in kept)}"
        )
        return kept
    return ranked


def rank_sources(target: Task, datasets: Mapping[str, Dataset]) -> list[Task]:
    """Ranks all tasks of some datasets as sources of a target, by the advice of `foi-recommend`.

    Args:
      target: one of their tasks.
      datasets: rows by id.
    """
    try:
        pairs = candidates.list_dataset_candidates(target, datasets)
    except FoiError:  # There is no other task.
        return []
    ranked = rules.rank_sources(pairs, rules.RULES[_RULE].score(pairs))
    return [Task(*names) for names in ranked[["source", "source_type"]].to_numpy()]


def _find_prepared_sources(target: NamedData, options: DataOptions) -> list[NamedData]:
    """Lists the tasks of the target's type of all other prepared datasets."""
    names = find_prepared(options.data_dir)
    rows = prepared_datasets.load_dataset_rows(options.data_dir) if names else {}
    return [
        NamedData(Task(name, target.task.type), row, None)
        for name, row in rows.items()
        if target.task.type in row.classes
        and target.task.type in STRUCTURED_TASK_TYPES
        and name != target.dataset.id
        and row.collection != TABLE3
        and row.size(target.task.type, "train")
    ]
