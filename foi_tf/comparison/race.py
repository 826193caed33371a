"""Decides which runs a race of starts takes next, or that it ends, and why.

A start is what a target may begin from: random weights, a pre-training, a source model. Starts
without a source and the sources that rank first run once, as far as the budget goes. Then comes,
one after the other, the run that is expected to better the choice most: one more seed of a start,
or the first run of a source that ranks behind. The decision is a function of the values so far and
of forecasts alone, so that a race that was killed goes on as it would have, and races can be
simulated.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence, Set

import numpy as np

from foi_tf.analysis.uncertainty.start_posterior import StartPosterior
from foi_tf.comparison import run_value
from foi_tf.study import metrics
from foi_tf.study.results import SCRATCH

CONFIDENCE = 0.9
OPENING_SOURCES = 8  # Sources that run once; ours, as all numbers here (benchmarks/race.py).
WIDTH = 3  # Runs of a round: the next one, and two that other workers may take meanwhile.
LEAST_LOSS = 2.0  # Expected loss in % up to which the choice makes no practical difference.
LEAST_WORTH = 1.0  # Expected gain in % below which a seed of all is not worth its time.
APART_BELOW = 0.05  # A start so improbably near the best says nothing of the others' scatter.
DROPPED_BELOW = 0.1  # A start is called behind if it is within 2 % of the best so improbably.
LEAST_SEEDS = 2  # Seeds of the chosen start before a race ends by itself; ours.
MOST_SEEDS = 10  # Seeds of a start at most; ours.
OPENING_SHARE = 0.8  # Share of the budget that first runs of all starts may take; ours.
ALWAYS = 2  # Starts at the front, the two without a source, which may take all of the budget.

# Why a race ended.
SURE, ALIKE, BUDGET, IMAGES, SEEDS, FLOOR = "sure", "alike", "budget", "images", "seeds", "floor"
NOISE = "noise"
REASONS = (SURE, ALIKE, BUDGET, IMAGES, NOISE, SEEDS, FLOOR)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RacingStart:
    """Describes a start of the race.

    Attributes:
      name: "scratch", the name of a pre-training, or a source task.
      first_seconds: forecast for its first run, with all that has to be trained before.
      seed_seconds: forecast for each further run.
    """

    name: str
    first_seconds: float
    seed_seconds: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class RaceState:
    """Holds what is known during a race.

    Attributes:
      metric: one of `study.metrics.METRICS`.
      starts: in the order in which they run first: those without a source, then sources by rank.
      values: metric by start and seed; NaN where a run diverged.
      finished: runs that are finished, as (start, seed), though they may not be among the values
        yet; they cost nothing.
      seconds_left: what is left of the budget; infinite without one.
      confidence: probability from which the choice is sure.
      most_seeds: seeds of a start at most.
      opening_sources: sources that run once in any case.
      images: shares of the validation images in the log metric by start, [images] each (see
        `image_noise.ImageShares`); empty where they are not known.
    """

    metric: str
    starts: Sequence[RacingStart]
    values: Mapping[str, Mapping[int, float]]
    finished: Set[tuple[str, int]] = frozenset()
    seconds_left: float = math.inf
    confidence: float = CONFIDENCE
    most_seeds: int = MOST_SEEDS
    opening_sources: int = OPENING_SOURCES
    images: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)

    @property
    def opening(self) -> Sequence[RacingStart]:
        """Returns the starts that run once as far as the budget goes."""
        return self.starts[: ALWAYS + self.opening_sources]

    @property
    def diverged(self) -> set[str]:
        """Returns the starts of which a run has no value."""
        return {
            name
            for name, own in self.values.items()
            if any(not math.isfinite(value) for value in own.values())
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decision:
    """Says what happens next in a race.

    Attributes:
      runs: runs to take now, as (start, seed); empty where the race has ended.
      ahead: runs that may be next, for workers that find all of `runs` taken.
      reason: why it has ended, one of the constants of this module; "" where it goes on.
      best: the start that is chosen; "" where none can be.
      posterior: distribution of the true metrics of the starts that ran; None before.
      loss: by how much the best start is expected to be better than the chosen one, in %.
      dropped: starts that are clearly behind, with the probability to be within 2 % of the best.
      untried: starts that did not run.
    """

    runs: tuple[tuple[str, int], ...] = ()
    ahead: tuple[tuple[str, int], ...] = ()
    reason: str = ""
    best: str = ""
    posterior: StartPosterior | None = None
    loss: float = math.nan
    dropped: Mapping[str, float] = dataclasses.field(default_factory=dict)
    untried: tuple[str, ...] = ()


def decide(state: RaceState) -> Decision:
    """Decides how a race goes on."""
    tried, fresh = _split_starts(state)
    opening = _open_race(state, fresh)
    if opening:
        return Decision(runs=tuple((one.name, 0) for one in opening))
    open_starts = [one for one in fresh if _fits(one, state)]
    found = _judge(state, tried, open_starts)
    if found.reason or found.posterior is None:
        return found
    posterior = found.posterior
    chosen = posterior.names.index(found.best)
    ends = _find_end(state, found, chosen, open_starts)
    confirmed = len(state.values[found.best]) >= LEAST_SEEDS or len(posterior.names) == 1
    if ends and confirmed:
        return dataclasses.replace(found, reason=ends)
    if ends and len(state.values[found.best]) >= state.most_seeds:
        return dataclasses.replace(found, reason=SEEDS)
    runs, reason = _take_next(state, posterior, [chosen] if ends in (SURE, ALIKE) else [])
    return dataclasses.replace(found, runs=runs[:1], ahead=runs[1:], reason=reason)


def _find_end(
    state: RaceState, found: Decision, chosen: int, open_starts: Sequence[RacingStart]
) -> str:
    """Returns why a race ends by itself once its choice has seeds enough, "" if it does not."""
    posterior = found.posterior
    assert posterior is not None
    if posterior.p_best[chosen] >= state.confidence:
        return SURE
    if found.loss <= LEAST_LOSS:
        return ALIKE
    if not open_starts and _images_decide(state, posterior):
        return IMAGES
    racing = posterior.p_close >= DROPPED_BELOW
    racing[chosen] = True
    for place, name in enumerate(posterior.names):
        racing[place] &= len(state.values.get(name, ())) < state.most_seeds
    worth = run_value.value_seed(posterior, chosen, racing)
    return NOISE if racing.any() and worth < LEAST_WORTH else ""


def conclude(state: RaceState, reason: str) -> Decision:
    """Says what is known, for a race that ends here.

    Args:
      reason: why it ends, unless nothing can be said for another reason.
    """
    found = _judge(state, _split_starts(state)[0], [])
    return found if found.reason else dataclasses.replace(found, reason=reason)


def _judge(
    state: RaceState, tried: Sequence[RacingStart], fresh: Sequence[RacingStart]
) -> Decision:
    """Judges starts that ran, and those that may run yet; leaves the reason open."""
    untried = tuple(one.name for one in state.starts if not state.values.get(one.name))
    racing = [one for one in tried if one.name not in state.diverged]
    if not racing or _is_at_floor(state, racing):
        return Decision(reason=FLOOR if tried else BUDGET, untried=untried)
    posterior = compute_posterior(state, [*racing, *fresh])
    chosen = int(posterior.draws[:, : len(racing)].mean(0).argmax())  # As `answers` order starts.
    return Decision(
        best=racing[chosen].name,
        posterior=posterior,
        loss=float(posterior.losses[chosen]),
        dropped={
            one.name: float(p)
            for one, p in zip(racing, posterior.p_close, strict=False)
            if p < DROPPED_BELOW
        },
        untried=untried,
    )


def compute_posterior(state: RaceState, racing: Sequence[RacingStart]) -> StartPosterior:
    """Returns the distribution of the true metrics of starts; some need not have run.

    Those that are far behind are then taken to stand apart: how far a poor source falls does not
    tell how far good ones scatter.
    """
    names = [one.name for one in racing]
    seeds = sorted({seed for name in names for seed in state.values.get(name, ())})
    table = [[state.values.get(name, {}).get(seed, np.nan) for seed in seeds] for name in names]
    images = _stack_images(state, names)
    found = StartPosterior(names, np.array(table), state.metric, images=images)
    ran = np.isfinite(table).any(1)
    apart = {name for name, p in zip(names, found.p_close, strict=True) if p < APART_BELOW}
    near = {name for name, own in zip(names, ran, strict=True) if own} - apart - {SCRATCH}
    apart &= {name for name, own in zip(names, ran, strict=True) if own}
    if len(near) < 2 or apart <= {SCRATCH}:
        return found
    return StartPosterior(names, np.array(table), state.metric, images=images, apart=apart)


def _split_starts(state: RaceState) -> tuple[list[RacingStart], list[RacingStart]]:
    """Returns the starts that ran, and those that did not."""
    tried = [one for one in state.starts if state.values.get(one.name)]
    return tried, [one for one in state.starts if not state.values.get(one.name)]


def _open_race(state: RaceState, fresh: Sequence[RacingStart]) -> list[RacingStart]:
    """Chooses the first runs of starts, in their order, as far as the budget goes."""
    chosen: list[RacingStart] = []
    for one in (one for one in fresh if one in state.opening):
        limit = state.seconds_left * (1.0 if one in state.starts[:ALWAYS] else OPENING_SHARE)
        spent = sum(other.first_seconds for other in chosen) + one.first_seconds
        if not one.first_seconds or spent <= limit:
            chosen.append(one)
    return chosen


def _fits(one: RacingStart, state: RaceState) -> bool:
    """Tells whether there is time for the first run of a start, and for a second one."""
    if one in state.opening:  # It had no time in the opening.
        return False
    return not one.first_seconds or one.first_seconds + one.seed_seconds <= state.seconds_left


def _is_at_floor(state: RaceState, racing: Sequence[RacingStart]) -> bool:
    """Tells whether no run of any start learned anything that a ratio could be made of."""
    least = metrics.get_metric(state.metric).least
    values = [value for one in racing for value in state.values[one.name].values()]
    return not max(values) > least


def _images_decide(state: RaceState, posterior: StartPosterior) -> bool:
    """Tells whether the choice would cost too much even after many seeds, for want of images."""
    images = _stack_images(state, posterior.names)
    if images is None:
        return False
    mean = posterior.draws.mean(0)
    drawn = mean + np.random.default_rng(1).standard_normal((1000, images.shape[1])) @ images.T
    sure = np.bincount(drawn.argmax(1)).max() / len(drawn) >= state.confidence
    return not sure and 100 * (drawn.max(1) - drawn[:, mean.argmax()]).mean() > LEAST_LOSS


def _stack_images(state: RaceState, names: Sequence[str]) -> np.ndarray | None:
    if not all(name in state.images for name in names):
        return None
    return np.stack([state.images[name] for name in names])


def _take_next(
    state: RaceState, posterior: StartPosterior, first: Sequence[int]
) -> tuple[tuple[tuple[str, int], ...], str]:
    """Returns the runs that are worth most, some starts first, or why there is none."""
    starts = {one.name: one for one in state.starts}
    ran = np.array([bool(state.values.get(name)) for name in posterior.names])
    order = np.argsort(-run_value.value_next(posterior, ran), kind="stable")
    runs: list[tuple[str, int]] = []
    spent, short = 0.0, False
    for place in [*first, *(place for place in order if place not in first)]:
        one, own = starts[posterior.names[place]], state.values.get(posterior.names[place], {})
        seed = next(i for i in range(state.most_seeds + 1) if i not in own)
        if seed == state.most_seeds or len(runs) == WIDTH:
            continue
        if posterior.p_close[place] < DROPPED_BELOW and runs:
            continue
        cost = one.seed_seconds if own else one.first_seconds
        if (one.name, seed) in state.finished:
            cost = 0.0
        if not cost or spent + cost <= state.seconds_left:
            spent += cost
            runs.append((one.name, seed))
        else:
            short = True
    return tuple(runs), "" if runs else BUDGET if short else SEEDS
