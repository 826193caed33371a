"""Says with how many steps a budget would have had room for one run of each start."""

from foi_tf.comparison import race
from foi_tf.comparison.race_loop import RaceResult
from foi_tf.study import grid
from foi_tf.study.results import SCRATCH

LEAST_SHARE = 0.1  # Share of the steps below which runs are not shortened; ours.


def fit_steps(result: RaceResult) -> tuple[str, int] | None:
    """Finds how many steps of the target leave time for one run of each start.

    The seconds of a run are taken to grow with its steps. Runs with other steps start anew.

    Returns:
      The setting of --set and its value; None where that is no remedy.
    """
    plan, run = result.plan, result.runs.targets[SCRATCH, 0]
    setting, target = run.setting or "full", plan.target
    images = grid.max_target_images(target.dataset, setting)
    if images is None or grid.max_source_images(target.dataset, setting) is not None:
        return None  # The same setting would shorten source models.
    starts = plan.starts[: race.ALWAYS + race.OPENING_SOURCES]
    each = result.seconds_per_seed
    models = sum(
        max(result.first_seconds[name] - each[name], 0.0)
        for name in starts
        if name in result.decision.untried
    )
    share = (race.OPENING_SHARE * result.budget - models) / sum(each[name] for name in starts)
    if not LEAST_SHARE <= share < 1:
        return None
    steps = plan.load_config(target.task).link(target.task).schedule.steps_on([images])
    return f"{target.task.type}.schedule.small_steps", max(int(share * steps), 1)
