"""Compares the starts of a target: prepares data, races the starts, and keeps to a budget."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from etils import epath

from foi_tf.comparison import race
from foi_tf.comparison.forecast import Forecast
from foi_tf.comparison.ledger import Ledger
from foi_tf.comparison.planning import ComparisonPlan
from foi_tf.comparison.race import Decision, RaceState, RacingStart
from foi_tf.comparison.runner import Outcome, OutOfBudgetError, Runner, describe_run
from foi_tf.comparison.settings import RunList, Settings
from foi_tf.data.records import prepared_datasets
from foi_tf.errors import BusyError
from foi_tf.progress import say
from foi_tf.study import results
from foi_tf.study.plan import PlannedRun
from foi_tf.study.results import SCRATCH
from foi_tf.training.strategies import describe_machine
from foi_tf.wording import count_noun, format_seconds


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class RaceResult:
    """Holds how a race ended.

    Attributes:
      plan: what was compared.
      runs: the runs that it could take.
      decision: its last decision, with the reason.
      values: metric by start and seed.
      outcomes: record of each run, likewise.
      metric: name of the metric; "" where nothing ran.
      spent, budget: seconds.
      seconds_per_seed: forecast for another run, by start.
      first_seconds: forecast for the first run with all that is still missing before, by start.
    """

    plan: ComparisonPlan
    runs: RunList
    decision: Decision
    values: dict[str, dict[int, float]]
    outcomes: dict[str, dict[int, Outcome]]
    metric: str
    spent: float
    budget: float
    seconds_per_seed: dict[str, float]
    first_seconds: dict[str, float]


def run_race(plan: ComparisonPlan) -> RaceResult:
    """Prepares the data of a plan and races its starts.

    Raises:
      FoiError: data, weights or configuration are missing or wrong.
    """
    return _Race(plan).run()


def forecast_plan(plan: ComparisonPlan) -> tuple[list[tuple[str, str, str]], str]:
    """Lists the first run of each start, with what it needs, and forecasts them; writes nothing.

    Returns:
      Tuples (place, seconds or "-", run in words), and a sentence on all of them.
    """
    rows = plan.find_rows()
    settings = plan.request.settings
    forecast = Forecast(rows, settings.backbone, plan.load_config, settings.select_lr)
    _learn_earlier_rows(forecast, settings)
    runs = plan.list_runs(rows)
    listed: dict[PlannedRun, float] = {}
    for name in plan.starts:
        for run in (*runs.needed(name), runs.targets[name, 0]):
            listed.setdefault(run, forecast.seconds(run))
    table = [
        (str(place), "-" if math.isnan(seconds) else f"{seconds:.0f}", describe_run(run))
        for place, (run, seconds) in enumerate(listed.items(), 1)
    ]
    seconds = sum(listed.values())
    known = "not known before the first steps" if math.isnan(seconds) else format_seconds(seconds)
    models = sum(run.program != "target" for run in listed)
    return table, (
        f"{count_noun(len(plan.starts), 'start')}, {count_noun(models, 'model')} to train before; "
        f"one run of each: {known}; further seeds as the race needs them"
    )


class _Race:
    """Carries a race from its first run to its last decision."""

    def __init__(self, plan: ComparisonPlan):
        request, settings = plan.request, plan.request.settings
        self._ledger = Ledger(settings.workdir, plan.identity, request.budget)
        for one in (plan.target, *plan.sources, *plan.extra):
            one.prepare(request.options)
        datasets = prepared_datasets.load_dataset_rows(settings.data_dir)
        own = {name: datasets[name] for name in plan.find_rows()}
        self._plan, self._runs = plan, plan.list_runs(own)
        self._forecast = Forecast(own, settings.backbone, plan.load_config, settings.select_lr)
        _learn_earlier_rows(self._forecast, settings)
        self._runner = Runner(plan, self._ledger, self._forecast)
        self._outcomes: dict[str, dict[int, Outcome]] = {}
        self._trained: set[str] = set()  # Keys of the models that this process has trained or read.
        self._failed: set[str] = set()  # Starts whose model diverged.

    def run(self) -> RaceResult:
        """Takes runs until the decision is to end."""
        if later := self._plan.starts[race.ALWAYS + race.OPENING_SOURCES :]:
            say(
                "these sources rank last by foi-recommend's advice, and run only where they may be "
                f"the best: {', '.join(later)}"
            )
        try:
            if self._forecast.is_known:
                self._tell_forecast()
            else:
                self._runner.tell_after_first_steps(self._tell_forecast)
            decision = self._run_rounds()
        except OutOfBudgetError as error:
            say(str(error))
            decision = race.conclude(self._state(), race.BUDGET)
        return RaceResult(
            plan=self._plan,
            runs=self._runs,
            decision=decision,
            values=self._values(),
            outcomes=self._outcomes,
            metric=self._metric(),
            spent=self._ledger.spent,
            budget=self._ledger.budget,
            seconds_per_seed={
                name: self._forecast.seconds(self._runs.targets[name, 0])
                for name in self._plan.starts
            },
            first_seconds={
                name: self._forecast_start(name).first_seconds for name in self._plan.starts
            },
        )

    def _run_rounds(self) -> Decision:
        while True:
            decision = race.decide(self._state())
            if not decision.runs:
                return decision
            if not self._outcomes:
                self._take_round(decision.runs[:1])  # It tells how fast this machine is.
            elif missing := self._find_missing(decision.runs):
                self._take_before(missing)
            else:
                self._take_round(decision.runs, decision.ahead)

    def _state(self) -> RaceState:
        images = {name: _mean_images(own) for name, own in self._outcomes.items()}
        return RaceState(
            metric=self._metric() or "miou",
            starts=[self._forecast_start(name) for name in self._plan.starts],
            values=self._values() | {name: {0: math.nan} for name in self._failed},
            finished=self._find_finished(),
            seconds_left=self._ledger.left,
            confidence=self._plan.request.confidence,
            most_seeds=self._plan.request.seeds,
            images={name: found for name, found in images.items() if found is not None},
        )

    def _forecast_start(self, name: str) -> RacingStart:
        """Forecasts a start; before anything is measured, runs cost nothing."""
        before = sum(self._seconds(run) for run in self._runs.needed(name))
        own = self._seconds(self._runs.targets[name, 0])
        return RacingStart(
            name=name,
            first_seconds=before + own,
            seed_seconds=self._seconds(self._runs.targets[name, self._plan.request.seeds - 1]),
        )

    def _seconds(self, run: PlannedRun) -> float:
        seconds = self._runner.seconds(run)
        return 0.0 if math.isnan(seconds) else seconds

    def _find_finished(self) -> frozenset[tuple[str, int]]:
        return frozenset(
            place for place, run in self._runs.targets.items() if self._runner.is_finished(run)
        )

    def _values(self) -> dict[str, dict[int, float]]:
        return {
            name: {seed: one.value for seed, one in own.items()}
            for name, own in self._outcomes.items()
        }

    def _metric(self) -> str:
        for own in self._outcomes.values():
            for one in own.values():
                if one.finished is not None:
                    return one.finished.metric
        return ""

    def _find_missing(self, runs: Sequence[tuple[str, int]]) -> list[PlannedRun]:
        """Lists the models that have to be trained before some runs and can be trained now."""
        needed = dict.fromkeys(run for name, _ in runs for run in self._runs.needed(name))
        found = [run for run in needed if self._runner.key(run) not in self._trained]
        # Source models start from the pre-training.
        return [run for run in found if run.program == "pretrain"] or found

    def _take_before(self, missing: Sequence[PlannedRun]) -> None:
        """Trains one pre-training or source model, if it can one that no other worker trains."""
        for run in missing:
            try:
                self._take_model(run, f"1 of {len(missing)} models", wait=False)
                return
            except BusyError:
                continue
        self._take_model(missing[0], "that another worker trains", wait=True)

    def _take_model(self, run: PlannedRun, place: str, *, wait: bool) -> None:
        """Trains or reads a model; a start whose model diverged is lost."""
        outcome = self._runner.take(run, place, wait=wait)
        self._trained.add(self._runner.key(run))
        if outcome.finished is None:
            self._failed |= {
                start for start in self._plan.starts if run in self._runs.needed(start)
            }

    def _take_round(
        self, runs: Sequence[tuple[str, int]], ahead: Sequence[tuple[str, int]] = ()
    ) -> None:
        """Takes the runs of a round; those that other workers train come last.

        While others train all of them, one that may be next is trained. Its value counts once the
        race has come to it, so that all workers decide alike.
        """
        busy = []
        for place, (name, seed) in enumerate(runs, 1):
            try:
                self._take(name, seed, f"{place} of {len(runs)}", wait=False)
            except BusyError:
                busy.append((name, seed))
        if busy and len(busy) == len(runs):
            self._train_ahead(ahead)
        for place, (name, seed) in enumerate(busy, 1):
            self._take(name, seed, f"{place} of {len(busy)} that were busy", wait=True)

    def _train_ahead(self, runs: Sequence[tuple[str, int]]) -> None:
        """Trains the first of some runs that nobody else trains and whose models are there."""
        for name, seed in runs:
            run = self._runs.targets[name, seed]
            if self._runner.is_finished(run) or self._find_missing([(name, seed)]):
                continue
            try:
                self._runner.take(run, "that may be next", wait=False)
                return
            except BusyError:
                continue

    def _take(self, name: str, seed: int, place: str, *, wait: bool) -> None:
        outcome = self._runner.take(self._runs.targets[name, seed], place, wait=wait)
        self._outcomes.setdefault(name, {})[seed] = outcome

    def _tell_forecast(self) -> None:
        """Says how long first runs and further seeds take, and stops if the budget is too small."""
        starts = self._plan.starts[: race.ALWAYS + race.OPENING_SOURCES]
        first = {name: self._forecast_start(name).first_seconds for name in starts}
        whole, seed = sum(first.values()), self._seconds(self._runs.targets[SCRATCH, 0])
        further = self._forecast_start(SCRATCH).seed_seconds
        if not whole:  # All of them are finished.
            return
        say(
            f"forecast for this machine: {format_seconds(whole)} for one run of each of "
            f"{count_noun(len(first), 'start')} with the models that they need, then "
            f"{format_seconds(further)} for each further run"
        )
        left = max(self._ledger.left, 0.0)  # Without any, finished runs can still be read.
        if seed > left:
            raise OutOfBudgetError(
                f"the first run alone takes about {format_seconds(seed)}, and "
                f"{format_seconds(left)} of the budget of {format_seconds(self._ledger.budget)} "
                "is left; give a larger --budget, fewer steps by --set, or a smaller --backbone "
                "or --crop"
            )


def _learn_earlier_rows(forecast: Forecast, settings: Settings) -> None:
    """Learns the speed of this machine from its rows in the working directory.

    Where nothing is to run, the machine is not asked for, and rows of all machines count.
    """
    place = epath.Path(settings.workdir) / "results"
    if place.is_dir() and any(place.glob("*.json")):
        machine = "" if settings.strategy is None else describe_machine(settings.strategy)
        forecast.learn_rows(results.load(place), machine)


def _mean_images(own: dict[int, Outcome]) -> np.ndarray | None:
    """Returns the shares of images in the log metric of a start, the mean over its seeds."""
    found = [one.images for one in own.values() if one.finished is not None]
    if not found or any(one is None for one in found):
        return None
    return np.mean([one for one in found if one is not None], axis=0)
