"""Resamples and permutes targets and sources, which act on many pairs at once (ours).

Pairs of one target share its effect, and pairs of one source share that source's, so pairs are no
independent samples. Whole targets and whole sources are left out, drawn again, or exchanged: the
two-way jackknife of Cameron, Gelbach and Miller (2011), the pigeonhole bootstrap of Owen (2007),
and the permutation of rows and columns of Mantel (1967).
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from foi_tf.analysis.uncertainty.verdicts import LEVEL

# Targets or sources below which there is no interval; ours. Two say next to nothing of a spread.
LEAST_UNITS = 3
_DIGITS = 9  # Decimal places of what effects leave: below are rounding errors.


@dataclasses.dataclass(frozen=True)
class TwoWay:
    """Holds which target and which source each pair belongs to.

    Attributes:
      targets, sources: [N] codes of each pair, from 0 on.
      target_names, source_names: the name of each code.
    """

    targets: np.ndarray
    sources: np.ndarray
    target_names: tuple
    source_names: tuple

    @classmethod
    def of_pairs(cls, pairs: pd.DataFrame) -> "TwoWay":
        """Reads the columns `target`, `target_type`, `source` and, if it is there, `source_type`.

        Without `source_type`, the source's type is the target's.
        """
        codes, names = [], []
        for end in ("target", "source"):
            kind = f"{end}_type" if f"{end}_type" in pairs else "target_type"
            tasks = list(zip(pairs[end], pairs[kind], strict=True))
            names.append(tuple(sorted(set(tasks))))
            places = {name: i for i, name in enumerate(names[-1])}
            codes.append(np.array([places[task] for task in tasks]))
        return cls(codes[0], codes[1], names[0], names[1])

    def leave_of_both(self, values: np.ndarray) -> np.ndarray:
        """Returns what additive effects of targets and of sources leave of [N] values."""
        return self._leave(values, self.targets, self.sources)

    def leave_of_targets(self, values: np.ndarray) -> np.ndarray:
        """Returns what effects of targets leave of [N] values."""
        return self._leave(values, self.targets)

    def leave_of_sources(self, values: np.ndarray) -> np.ndarray:
        """Returns what effects of sources leave of [N] values."""
        return self._leave(values, self.sources)

    def exchange_targets(self, values: np.ndarray, draws: int, rng: np.random.Generator):
        """Returns [draws, N]: [N] values of targets, permuted among them."""
        return _exchange(values, self.targets, draws, rng)

    def exchange_sources(self, values: np.ndarray, draws: int, rng: np.random.Generator):
        """Returns [draws, N]: [N] values of sources, permuted among them."""
        return _exchange(values, self.sources, draws, rng)

    def exchange_both(self, values: np.ndarray, draws: int, rng: np.random.Generator):
        """Permutes targets and sources of [N] values of pairs.

        A task that is both a target and a source keeps one role as it takes the other: both are
        exchanged together.

        Returns:
          [draws, N]; NaN where the pair that is put in the place of another was not run.
        """
        table = np.full((len(self.target_names), len(self.source_names)), np.nan)
        table[self.targets, self.sources] = values
        places = {name: i for i, name in enumerate(self.source_names)}
        shared = [name in places for name in self.target_names]
        both = np.flatnonzero(shared)
        as_source = np.array([places[self.target_names[i]] for i in both], int)
        only_target = np.flatnonzero(~np.array(shared))
        only_source = np.setdiff1d(np.arange(len(self.source_names)), as_source)
        found = np.empty((draws, len(values)))
        rows, columns = np.arange(table.shape[0]), np.arange(table.shape[1])
        for i in range(draws):
            order = rng.permutation(len(both))
            rows[both], columns[as_source] = both[order], as_source[order]
            rows[only_target] = rng.permutation(only_target)
            columns[only_source] = rng.permutation(only_source)
            found[i] = table[rows[self.targets], columns[self.sources]]
        return found

    def exchange_in_targets(
        self, values: np.ndarray, draws: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Permutes what effects leave of [N] values among the sources of each target.

        The effects that they have by chance after that are taken off again. It needs no pair that
        was not run, but takes pairs of a target for independent.

        Returns:
          [draws, N].
        """
        found = np.empty((len(values), draws))
        for code in range(len(self.target_names)):
            own = np.flatnonzero(self.targets == code)
            found[own] = rng.permuted(np.tile(values[own], (draws, 1)), axis=1).T
        return self._leave(found, self.targets, self.sources).T

    def _leave(self, values: np.ndarray, *codes: np.ndarray) -> np.ndarray:
        """Returns what a least-squares fit of effects leaves, without rounding errors.

        Args:
          values: [N] or [N, draws].
          *codes: the units that have effects.
        """
        design = np.hstack([np.eye(own.max() + 1)[own] for own in codes])
        fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
        scale = np.std(values) or 1.0
        return np.round((values - fitted) / scale, _DIGITS)


def draw_weights(count: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draws units with replacement: returns [draws, count], how often each is drawn."""
    shares = np.full(count, 1 / count)
    return rng.multinomial(count, shares, size=draws).astype(np.float32)


def jackknife_interval(
    value: float,
    by_target: np.ndarray,
    by_source: np.ndarray,
    by_pair: np.ndarray | None = None,
    *,
    scale: "Scale",
) -> tuple[float, float]:
    """Computes the interval of a number over targets and over sources.

    The variance is that over targets, plus that over sources, minus that over pairs, which both
    contain, if it is known; but at least the larger of the two. The interval is one of Student's
    t, with one degree of freedom less than there are targets or sources, whichever are fewer. A
    single target, or source, is taken as given.

    Args:
      value: of all pairs.
      by_target, by_source, by_pair: the values without each target, source and pair.
      scale: `CORRELATION` or `POSITIVE`.

    Returns:
      The ends of the interval; the bounds of the scale where the number hangs on a single target
      or source, so that it is unknown without that one; NaN with fewer than `LEAST_UNITS` of
      either, or for a value at a bound of its scale, whose spread says nothing.
    """
    units = [own for own in (by_target, by_source) if len(own) > 1]
    inside = scale.low < value < scale.high
    if not units or min(map(len, units)) < LEAST_UNITS or not inside:
        return float("nan"), float("nan")
    if any(np.isnan(own).any() for own in units):
        return scale.low, scale.high
    variances = [_jackknife_variance(own) for own in units]
    shared = _jackknife_variance(by_pair) if by_pair is not None and len(units) > 1 else 0.0
    deviation = max(sum(variances) - shared, *variances) ** 0.5
    half = stats.t.ppf((1 + LEVEL) / 2, min(map(len, units)) - 1) * deviation * scale.slope(value)
    middle = scale.stretch(value)
    return float(scale.shrink(middle - half)), float(scale.shrink(middle + half))


@dataclasses.dataclass(frozen=True)
class Scale:
    """Holds a scale on which errors of a number between two bounds are about normal.

    Attributes:
      low, high: the bounds.
      stretch, shrink: the function to that scale, and the one back, which stays in bounds.
      slope: derivative of `stretch`.
    """

    low: float
    high: float
    stretch: Callable[[float], float]
    shrink: Callable[[float], float]
    slope: Callable[[float], float]


CORRELATION = Scale(-1.0, 1.0, np.arctanh, np.tanh, lambda x: 1 / (1 - x**2))  # Fisher's z.
POSITIVE = Scale(0.0, math.inf, float, lambda x: max(x, 0.0), lambda _: 1.0)


def _jackknife_variance(left_out: np.ndarray) -> float:
    """Returns the variance of a value from those with each unit left out; unknown ones drop out."""
    known = left_out[~np.isnan(left_out)]
    return (len(known) - 1) * float(known.var()) if len(known) else 0.0


def _exchange(
    values: np.ndarray, codes: np.ndarray, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Permutes among units the value that all pairs of a unit share."""
    own = np.empty(codes.max() + 1)
    own[codes] = values
    return rng.permuted(np.tile(own, (draws, 1)), axis=1)[:, codes]
