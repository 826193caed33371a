"""Compares runs with Table 3 (section 4.3), which validates each task type alone.

`table3.csv` beside this file holds the numbers that Table 3 prints: of the paper's networks and
of the works that it cites, by the paper's numbers of references. RMSE is in meters, all else in %.
"""

from importlib import resources

import pandas as pd

from foi_tf.analysis.measures import pretrainings, screening
from foi_tf.study.grid import PRETRAINING
from foi_tf.study.metrics import higher_is_better
from foi_tf.study.results import EXTRA, NO_SOURCE, SCRATCH
from foi_tf.study.validation_tasks import PUBLISHED, VALIDATION_DATASETS, VALIDATION_TASKS
from foi_tf.wording import count_noun

PAPER = "paper"
# Share of a task's training images that a run needs to stand beside the paper's; ours.
_WHOLE = 0.9
_NETWORK = ["target", "target_type", "backbone", "init"]


def load_table3() -> pd.DataFrame:
    """Loads the numbers of Table 3.

    Returns:
      One row a number, in the paper's order: `part` of the table, `task`, `metric`, `network`,
      `reference` ("paper", or the number of the cited work as "[65]") and `value`.
    """
    with resources.files(__package__).joinpath("table3.csv").open() as stream:
        return pd.read_csv(stream)


def is_validation(results: pd.DataFrame) -> pd.Series:
    """Tells of each result row whether it is no part of a study, but of Table 3 alone.

    These are the rows of the datasets that only Table 3 has, as long as no chain leads to them
    from a source.
    """
    own = results.target.isin(list(VALIDATION_DATASETS))
    chained = results.target[~results.source.isin([NO_SOURCE, SCRATCH])]
    return own & ~results.target.isin(chained)


def collect_runs(results: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Collects the runs that Table 3 has: each task from the pre-training, on all its images.

    Of each seed, the run with the best learning rate counts, by the main metric of its rows. A
    run on less than 90 % of the publisher's training images is left out. So are those of the
    rendered collection, whose datasets have the same names.

    Args:
      results: as `foi_tf.study.results.load` returns them.

    Returns:
      One row for each task, backbone, initial weights and metric of Table 3: `task`, `metric`,
      `backbone`, `init`, `value` (mean over seeds, as Table 3 prints it), `deviation` (standard
      deviation) and `seeds`. And a sentence for each thing left out.
    """
    own = _is_table3_run(results)
    others = results[is_validation(results) & ~own]
    left_out = [
        f"{task}: {count_noun(len(rows), 'row')} in no table; Table 3 has runs with "
        f"--source={NO_SOURCE} and --setting=full alone"
        for task, rows in others.groupby(_name_tasks(others))
    ]
    frame = results[own]
    tasks = zip(frame.target, frame.target_type, strict=True)
    published = [PUBLISHED[dataset].size(task_type, "train") for dataset, task_type in tasks]
    whole = frame.n_target >= _WHOLE * pd.Series(published, frame.index, dtype=float)
    fewer = frame[~whole & frame.target.isin(list(VALIDATION_DATASETS))]
    left_out += [
        f"{task}: {count_noun(len(rows), 'row')} with {rows.n_target.max()} training images or "
        "fewer, which do not stand beside Table 3"
        for task, rows in fewer.groupby(_name_tasks(fewer))
    ]
    frame, said = screening.screen(frame[whole])
    frame = frame.assign(init=pretrainings.tell_apart(frame))
    signs = [1.0 if higher_is_better(metric) else -1.0 for metric in frame.metric]
    order = (frame.value * signs).sort_values(ascending=False, kind="stable").index
    best = frame.loc[order].drop_duplicates([*_NETWORK, "seed"])
    found = []
    for task, metric in load_table3()[["task", "metric"]].drop_duplicates().itertuples(index=False):
        for (*_, backbone, init), runs in best[_name_tasks(best) == task].groupby(_NETWORK):
            values = _values_of(runs, metric).dropna() * (1 if metric == "rmse" else 100)
            if len(values):
                found.append(
                    (task, metric, backbone, init, values.mean(), values.std(), len(values))
                )
    columns = ["task", "metric", "backbone", "init", "value", "deviation", "seeds"]
    return pd.DataFrame(found, columns=columns), [*left_out, *said]


def _is_table3_run(results: pd.DataFrame) -> pd.Series:
    """Tells of each row whether it is of a task and of a start that Table 3 has."""
    tasks = _name_tasks(results)
    on_all = results.setting == "full"
    targets = tasks.isin([str(task) for task in VALIDATION_TASKS]) & (results.source == NO_SOURCE)
    pretraining = (tasks == str(PRETRAINING)) & (results.source == SCRATCH)
    return on_all & (targets | pretraining)


def _name_tasks(rows: pd.DataFrame) -> pd.Series:
    """Returns the target task of each row, as "nyuv2:depth"."""
    return rows.target + ":" + rows.target_type


def _values_of(runs: pd.DataFrame, metric: str) -> pd.Series:
    """Returns a metric of runs, which is the main one or a further one."""
    main = runs.value.where(runs.metric == metric)
    return main if EXTRA + metric not in runs else main.fillna(runs[EXTRA + metric])
