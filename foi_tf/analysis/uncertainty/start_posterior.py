"""Estimates the true metric of each start of one target, and which start is the best.

A run's log metric is the start's true one, plus an effect of the seed that all starts share, plus
noise. Starts but random weights scatter around a common mean. How far they scatter, and how large
the noise is, is averaged over a grid by how likely each makes the runs. So the probabilities hold
whenever they are asked for: looking after each run does not flatter them.

A start that did not run is like one that did, within a part of the scatter, or, less probably the
more of them ran, like any. So a few poor sources do not make the next one look like the best.
"""

import dataclasses
import functools
import types
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import threadpoolctl
from scipy import special

from foi_tf.analysis.uncertainty import log_scale
from foi_tf.study import metrics
from foi_tf.study.results import SCRATCH

# Standard deviations of the true log metrics of starts that are tried, and their median under
# the half-Cauchy weights on the logarithmic grid; ours.
SPREADS = np.array([0.001, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32])
TYPICAL_SPREAD = 0.06
# The noise of a run is tried up to this factor below and above the usual one; ours.
NOISE_FACTORS = 2.0 ** np.linspace(-3.5, 3.5, 15)
SEED_EFFECT = 0.25  # Variance of a seed's effect as a multiple of the noise; ours, from studies/.
ALONE = 1.0  # Standard deviation of the log metric of random weights before it is run; ours.
CLOSE = float(np.log(1.02))  # Starts closer than 2 % make no practical difference (Section 6).
DRAWS = 4000  # Ours.
LEAST_WEIGHT = 1e-4  # A grid point with less does not count; ours.
# A start that did not run is like any start with the weight of so many that ran; else it is near
# one of those, with this share of the scatter as standard deviation; ours (benchmarks/race.py).
NEW_KIND, NEARNESS = 3.0, 0.6


@dataclasses.dataclass(frozen=True)
class NoisePrior:
    """Describes the noise of runs before any is repeated.

    Attributes:
      deviation: usual standard deviation of a run's log metric.
      df: degrees of freedom: how much that is worth against the runs at hand.
    """

    deviation: float
    df: float


# By metric: the scaled inverse chi-squared distribution that fits the targets of studies/; ours.
NOISE_PRIORS: Mapping[str, NoisePrior] = types.MappingProxyType(
    {
        "miou": NoisePrior(0.035, 2.0),
        "ap50": NoisePrior(0.1, 2.0),
        "map": NoisePrior(0.1, 2.0),
        "oks_ap50": NoisePrior(0.11, 2.0),
        "rmse": NoisePrior(0.016, 4.0),
    }
)
_OTHER_METRICS = NoisePrior(0.05, 2.0)


class StartPosterior:
    """Holds the distribution of the true metrics of starts, given their runs.

    Attributes:
      names: the starts, as given.
      draws: [draws, starts] true log metrics relative to `level`, positive where better.
      level: metric that the logarithms are relative to.
    """

    def __init__(
        self,
        names: Sequence[str],
        table: np.ndarray,
        metric: str,
        *,
        images: np.ndarray | None = None,
        prior: NoisePrior | None = None,
        apart: Collection[str] = (),
        seed: int = 0,
    ):
        """Computes the distribution.

        Args:
          names: one for each start: "scratch", the name of a pre-training, or a source task.
          table: [starts, seeds] values of the metric; NaN where a start lacks the seed.
          metric: one of `study.metrics.METRICS`.
          images: [starts, images] shares of the validation images in the log metric of each start,
            see `image_noise.ImageShares`; None leaves their finite number out.
          prior: noise of runs; by default the usual one of the metric.
          apart: names of starts that, like random weights, say nothing of the others' scatter.
          seed: fixes the draws.

        Raises:
          ValueError: no run has a value above 0.
        """
        self.names, self._metric = tuple(names), metric
        table = np.asarray(table, float)
        known = np.isfinite(table)
        self.level = float(np.median(table[known])) if known.any() else np.nan
        if not self.level > 0:
            self.level = float(table[known].mean()) if known.any() else np.nan
        if not self.level > 0:
            raise ValueError("no run has a value above 0")
        self._sign = 1.0 if metrics.higher_is_better(metric) else -1.0
        logs = self._sign * log_scale.to_log(table, self.level)
        prior = prior or NOISE_PRIORS.get(metric, _OTHER_METRICS)
        rng = np.random.default_rng(seed)
        with _find_thread_pools().limit(limits=1, user_api="blas"):
            self.draws, self.noise = self._draw(logs, prior, {SCRATCH, *apart}, rng)
        if images is not None:
            self.draws = self.draws + rng.standard_normal((DRAWS, images.shape[1])) @ images.T

    @functools.cached_property
    def p_best(self) -> np.ndarray:
        """Returns the probability of each start to have the best true metric, [starts]."""
        return np.bincount(self.draws.argmax(1), minlength=len(self.names)) / DRAWS

    @functools.cached_property
    def p_close(self) -> np.ndarray:
        """Returns the probability of each start to be at most 2 % worse than the best, [starts]."""
        return (self.draws >= self.draws.max(1, keepdims=True) - CLOSE).mean(0)

    @functools.cached_property
    def losses(self) -> np.ndarray:
        """Returns by how much each start is expected to be worse than the best, in %, [starts]."""
        behind = self.draws.max(1, keepdims=True) - self.draws
        return -log_scale.to_gain(-behind, 1.0).mean(0)

    @property
    def leader(self) -> int:
        """Returns the place of the start that is most probably the best."""
        return int(self.p_best.argmax())

    def estimates(self, confidence: float = 0.95) -> np.ndarray:
        """Returns the metric of each start, and the ends of its interval, [3, starts].

        The first row has the medians; lower and upper end follow, in units of the metric.
        """
        tail = (1 - confidence) / 2
        found = self._to_metric(np.quantile(self.draws, [0.5, tail, 1 - tail], axis=0))
        return np.stack([found[0], found[1:].min(0), found[1:].max(0)])

    def gain(self, start: int, over: int, confidence: float = 0.95) -> tuple[float, float, float]:
        """Returns the gain in % of one start over another, and the ends of its interval (Eq. 2)."""
        tail = (1 - confidence) / 2
        better = self.draws[:, start] - self.draws[:, over]
        middle, low, high = np.quantile(better, [0.5, tail, 1 - tail])
        return tuple(float(log_scale.to_gain(x, self._sign)) for x in (middle, low, high))

    def p_better(self, start: int, over: int, by: float = 0.0) -> float:
        """Returns the probability that a start is better than another by a log ratio."""
        return float((self.draws[:, start] - self.draws[:, over] > by).mean())

    def _to_metric(self, logs: np.ndarray) -> np.ndarray:
        return self.level * (1 + self._sign * log_scale.to_gain(logs, self._sign) / 100)

    def _draw(
        self, logs: np.ndarray, prior: NoisePrior, apart: set[str], rng: np.random.Generator
    ) -> tuple[np.ndarray, float]:
        """Draws true log metrics; also returns the mean standard deviation of the noise."""
        seen = _summarize(logs)
        basis = _find_basis(seen.crossed, np.array([name in apart for name in self.names]))
        variances = (prior.deviation * NOISE_FACTORS) ** 2
        # Axes: spreads, noises, starts. In the basis all precisions are diagonal.
        shares = basis.values[:, None] / variances[None, :, None]
        moved = (seen.moved @ basis.vectors)[:, None] / variances[None, :, None]
        means = moved / (1 + shares)
        evidence = 0.5 * (moved * means - np.log1p(shares)).sum(2)
        evidence -= 0.5 * (seen.squares / variances + seen.count * np.log(variances))
        evidence += _log_weights(SPREADS[:, None], np.sqrt(variances), prior)
        weights = special.softmax(evidence)
        weights = np.where(weights < LEAST_WEIGHT, 0.0, weights)
        weights /= weights.sum()
        points = np.sort(rng.choice(weights.size, DRAWS, p=weights.ravel()))
        spreads, noises = np.divmod(points, len(variances))
        normal = rng.standard_normal((DRAWS, len(self.names)))
        drawn = means[spreads, noises] + normal / np.sqrt(1 + shares[spreads, noises])
        for place in np.unique(spreads):
            drawn[spreads == place] = drawn[spreads == place] @ basis.vectors[place].T
        self._draw_fresh(drawn, np.isfinite(logs).any(1), SPREADS[spreads], rng)
        return drawn, float(weights.sum(0) @ np.sqrt(variances))

    def _draw_fresh(
        self, drawn: np.ndarray, ran: np.ndarray, spreads: np.ndarray, rng: np.random.Generator
    ) -> None:
        """Draws most of the starts that did not run near those that did, into `drawn`."""
        known = np.flatnonzero(ran & np.array([name != SCRATCH for name in self.names]))
        for place in np.flatnonzero(~ran) if len(known) else ():
            near = rng.random(DRAWS) < len(known) / (len(known) + NEW_KIND)
            whose = rng.choice(known, DRAWS)[near]
            off = NEARNESS * spreads[near] * rng.standard_normal(len(whose))
            drawn[near, place] = drawn[near, whose] + off


@dataclasses.dataclass(frozen=True, eq=False)
class _Runs:
    """Holds what the runs say of the true log metrics, in units of the noise.

    Attributes:
      crossed: [starts, starts] precision.
      moved: [starts] precision times runs.
      squares: sum of squares of the runs without effects of seeds.
      count: number of runs.
    """

    crossed: np.ndarray
    moved: np.ndarray
    squares: float
    count: int


def _summarize(logs: np.ndarray) -> _Runs:
    """Summarizes log metrics, [starts, seeds]."""
    known = np.isfinite(logs).astype(float)
    logs = np.where(known > 0, logs, 0.0)
    share = SEED_EFFECT / (1 + SEED_EFFECT * known.sum(0))  # [seeds]
    sums = logs.sum(0)
    return _Runs(
        crossed=np.diag(known.sum(1)) - (known * share) @ known.T,
        moved=logs.sum(1) - known @ (share * sums),
        squares=float((logs**2).sum() - (share * sums**2).sum()),
        count=int(known.sum()),
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _Basis:
    """Holds bases of true log metrics, one for each spread, in which they are independent.

    Attributes:
      vectors: [spreads, starts, directions]; before any run each direction has a variance of 1.
      values: [spreads, directions] precision of the runs, in units of the noise.
    """

    vectors: np.ndarray
    values: np.ndarray


def _find_basis(crossed: np.ndarray, alone: np.ndarray) -> _Basis:
    """Finds the bases for a precision of runs, [starts, starts]; some starts stand alone."""
    together = np.where(np.outer(~alone, ~alone), ALONE**2, 0.0)
    own = np.where(alone, ALONE, SPREADS[:, None]) ** 2  # [spreads, starts]
    roots = np.linalg.cholesky(together + own[:, :, None] * np.eye(len(alone)))
    values, turned = np.linalg.eigh(roots.transpose(0, 2, 1) @ crossed @ roots)
    return _Basis(roots @ turned, np.maximum(values, 0.0))


@functools.cache
def _find_thread_pools() -> threadpoolctl.ThreadpoolController:
    """Returns the thread pools of this process, which take milliseconds to find."""
    return threadpoolctl.ThreadpoolController()


def _log_weights(spread: np.ndarray, noise: np.ndarray, prior: NoisePrior) -> np.ndarray:
    """Returns the logarithms of the weights of grid points before any run."""
    of_spread = np.log(spread) - np.log1p((spread / TYPICAL_SPREAD) ** 2)
    ratio = prior.deviation / noise
    return of_spread + prior.df * (np.log(ratio) - ratio**2 / 2)
