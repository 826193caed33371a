"""Takes the runs of a comparison: trains them, or reads those that are finished."""

import dataclasses
import math
import time
from collections.abc import Callable

import numpy as np

from foi_tf.analysis.uncertainty import image_noise
from foi_tf.chains import initial_weights, links, stages
from foi_tf.chains.divergence import DivergedError
from foi_tf.chains.links import Finished
from foi_tf.chains.train_session import SessionCache
from foi_tf.comparison.forecast import Forecast
from foi_tf.comparison.ledger import Ledger
from foi_tf.comparison.planning import ComparisonPlan
from foi_tf.errors import FoiError, NotReadyError
from foi_tf.progress import say, warn
from foi_tf.study import grid, image_statistics
from foi_tf.study.plan import PlannedRun
from foi_tf.study.results import NO_SOURCE
from foi_tf.study.sources import source_parts
from foi_tf.wording import format_seconds

FIRST_STEPS = 3.0  # Seconds of steps that a pace is measured from, or half of the run; ours.
OVERDRAFT = 0.08  # Share of the budget by which a link may overdraw it before it is left; ours.


class OutOfBudgetError(FoiError):
    """Ends a link that the budget has no time for; the same command with more goes on with it."""


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """Holds what a run came to.

    Attributes:
      value: the main metric; NaN where the run diverged.
      finished: its record; None where it diverged.
      images: shares of the validation images in the log metric, [images]; None where not kept.
    """

    value: float
    finished: Finished | None = None
    images: np.ndarray | None = None


class Runner:
    """Takes runs, measures how fast this machine is, and keeps to the budget."""

    def __init__(self, plan: ComparisonPlan, ledger: Ledger, forecast: Forecast):
        self._plan, self._ledger, self._forecast = plan, ledger, forecast
        self._settings = plan.request.settings
        # Runs of the target come before and after models, and are not to trace their step anew.
        self._model_sessions, self._target_sessions = SessionCache(), SessionCache()
        self._on_first_steps: Callable[[], None] | None = None

    def tell_after_first_steps(self, tell: Callable[[], None]) -> None:
        """Lets `tell` be called once, when the first steps of the next run are measured."""
        self._on_first_steps = tell

    @property
    def steps_per_loop(self) -> int:
        """Returns the steps of a loop, after which a run is watched."""
        return self._settings.pace.steps_per_loop

    def key(self, run: PlannedRun) -> str:
        """Returns the name of a run in the ledger."""
        return " ".join([run.program, *run.arguments()])

    def is_finished(self, run: PlannedRun) -> bool:
        """Tells whether a run finished in this comparison, or a model in any other."""
        if self.key(run) in self._ledger.finished:
            return True
        return run.program == "source" and self._has_model(run)

    def _has_model(self, run: PlannedRun) -> bool:
        """Tells whether the working directory has a source model."""
        own, rows = self._settings, self._plan.find_rows()
        images = [
            grid.max_source_images(rows[part.dataset], run.setting or "full")
            for part in source_parts(run.task)
        ]
        try:
            initial_weights.find_source_model(
                own.workdir, run.task, images, own.backbone, own.select_lr, self._plan.init_name
            )
        except NotReadyError:
            return False
        return True

    def seconds(self, run: PlannedRun) -> float:
        """Forecasts a run: 0 where it is finished, NaN where nothing was measured."""
        return 0.0 if self.is_finished(run) else self._forecast.seconds(run)

    def take(self, run: PlannedRun, place: str, *, wait: bool = True) -> Outcome:
        """Trains a run, or reads it.

        Args:
          place: place of the run among others, as "2 of 8", for messages.
          wait: whether to wait for another worker that trains the same, if the settings allow it.

        Raises:
          OutOfBudgetError: the budget is overdrawn.
          BusyError: another worker trains it, and this one is not to wait.
          FoiError: as the functions of `chains.stages`.
        """
        if not self.is_finished(run):
            seconds = self._forecast.seconds(run)
            forecast = "" if math.isnan(seconds) else f", about {format_seconds(seconds)}"
            spent = format_seconds(self._ledger.spent)
            budget = self._ledger.budget
            of = "" if math.isinf(budget) else f" of {format_seconds(budget)}"
            say(f"link {place}: {describe_run(run)}{forecast}; {spent}{of} spent")
        started, watched = time.monotonic(), _Watch(self, run)
        try:
            finished = self._call(run, watched, wait)
        except DivergedError as error:
            warn(str(error))
            self._ledger.finish(self.key(run))
            return Outcome(math.nan)
        if watched.trained:
            seconds = time.monotonic() - started
            steps = finished.steps - watched.resumed
            self._forecast.learn(run.task, steps, seconds, watched.before, watched.links)
        self._ledger.finish(self.key(run))
        return Outcome(finished.value, finished, self._find_image_shares(finished))

    def _call(self, run: PlannedRun, watched: "_Watch", wait: bool) -> Finished:
        own = self._settings
        pace = dataclasses.replace(own.pace, wait=wait and own.pace.wait, watch=watched)
        setup = stages.Setup(
            data_dir=own.data_dir,
            workdir=own.workdir,
            config=self._plan.load_config(run.task),
            backbone=own.backbone,
            precision=own.precision,
            seed=run.seed,
            select=own.select_lr,
            vary=run.vary,
            micro_batch=own.micro_batch,
            rematerialize=own.rematerialize,
            strategy=own.strategy,
            pace=pace,
            sessions=self._target_sessions if run.program == "target" else self._model_sessions,
        )
        if run.program == "pretrain":
            return stages.pretrain(setup, run.task.type)
        if run.program == "source":
            return stages.source(setup, run.task, run.setting, run.init)
        return stages.target(
            setup,
            run.task,
            run.source,
            run.setting,
            init=run.init,
            source_init=run.source_init or NO_SOURCE,
        )

    def _find_image_shares(self, finished: Finished) -> np.ndarray | None:
        """Returns the shares of images in the log metric of a run, where they were kept."""
        path = links.image_statistics_path(finished.link.directory(self._settings.workdir))
        if finished.metric not in image_statistics.METRICS or not path.exists():
            return None
        found = image_statistics.read_statistics(path).sorted()
        return image_noise.find_shares(found, finished.metric)

    def learn_steps(self, run: PlannedRun, before: float, seconds_per_step: float) -> None:
        """Takes note of the speed of a run's first steps."""
        if not self._forecast.is_known:
            self._forecast.learn_steps(run, before, seconds_per_step)
        tell, self._on_first_steps = self._on_first_steps, None
        if tell is not None:
            tell()

    def check_budget(self) -> None:
        """Raises `OutOfBudgetError` if the budget is overdrawn."""
        self._ledger.save()
        if self._ledger.left < -OVERDRAFT * self._ledger.budget:
            raise OutOfBudgetError(
                f"the budget of {format_seconds(self._ledger.budget)} is spent; the same command "
                "with a larger --budget goes on from here"
            )


class _Watch:
    """Measures the steps of a run while it is trained, and keeps it to the budget.

    Attributes:
      trained: whether a step was trained at all.
      resumed: steps that the run had before, where it goes on from a checkpoint.
      before: seconds before the first step, mostly of tracing; 0 where no two loops were measured.
      links: how many links were trained, of which each candidate of a learning rate is one.
    """

    def __init__(self, runner: Runner, run: PlannedRun):
        self._runner, self._run = runner, run
        self._first: tuple[int, float] | None = None
        self._start = time.monotonic()
        self.trained, self.resumed, self.before, self._measured = False, 0, 0.0, False
        self.links, self._done = 1, 0

    def __call__(self, done: int, total: int) -> None:
        self.trained = True
        self.links += done < self._done
        self._done = done
        now = time.monotonic()
        if self._first is None:  # The first loop has the tracing of the step, too.
            self._first = done, now
            self.resumed = max(done - self._runner.steps_per_loop, 0)
        elif not self._measured:
            self._measure(done, total, now)
        if done < total:
            self._runner.check_budget()

    def _measure(self, done: int, total: int, now: float) -> None:
        """Measures the pace once it is known well: the first loops may wait for their images."""
        assert self._first is not None
        steps, since = self._first
        if done <= steps or (now - since < FIRST_STEPS and done < total / 2):
            return
        each = (now - since) / (done - steps)
        before = since - self._start - (steps - self.resumed) * each
        self.before, self._measured = max(before, 0.0), True
        self._runner.learn_steps(self._run, self.before, each)


def describe_run(run: PlannedRun) -> str:
    """Names a run in words."""
    if run.program == "pretrain":
        return f"the pre-training {run.task}"
    if run.program == "source":
        return f"the source model {run.task}"
    return f"{run.task} from {run.source if run.source != NO_SOURCE else 'the pre-training'}, " + (
        f"seed {run.seed}"
    )
