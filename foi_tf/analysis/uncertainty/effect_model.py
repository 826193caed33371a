"""Shrinks gains toward those of the same target and of the same source.

A gain is a sum of effects of the study, of the target, of the source and of the pair. A gain
that stands out from noisy ones is mostly luck; effects say how much of it is not. Standard
deviations of effects are averaged over a grid, by how likely each makes the observed gains.
"""

import dataclasses

import numpy as np
import threadpoolctl
from scipy import special

# Standard deviations of effects of target, source and pair, as log ratios; ours. Half-Cauchy
# weights with a median of 3 %, on a logarithmic grid.
DEVIATIONS = np.array([0.0, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32])
TYPICAL = 0.03
# Standard deviations of the mean effect of a study beyond what its effects suggest; ours.
MEANS = np.array([0.0, 0.05])
LEAST_WEIGHT = 1e-3  # A grid point with less does not count; ours.
TINY = 1e-12


@dataclasses.dataclass(frozen=True, eq=False)
class ObservedEffects:
    """Holds noisy log ratios of chains to their baselines, positive where the chain is better.

    Attributes:
      ratio: [chains] log ratios.
      own: [chains] variances of their errors that chains do not share.
      typical: [chains] as `own`, if all runs of a target had the same noise.
      shared: [targets] variances of the errors of the baselines.
      target, source: [chains] indices.
      df: [chains] degrees of freedom of the variances.
    """

    ratio: np.ndarray
    own: np.ndarray
    typical: np.ndarray
    shared: np.ndarray
    target: np.ndarray
    source: np.ndarray
    df: np.ndarray


class EffectPosterior:
    """Holds the distribution of true log ratios given observed ones.

    Attributes:
      weights: [points] probabilities of the grid points that count.
      means, deviations: [points, chains] of the normal distribution at each point.
    """

    def __init__(self, seen: ObservedEffects):
        self._seen = seen
        # Threads wait for each other longer than such small matrices take.
        with threadpoolctl.threadpool_limits(1, "blas"):
            self._fit()

    def _fit(self) -> None:
        """Computes the distribution at each grid point, and how likely the point is."""
        seen = self._seen
        grid = _grid(seen)
        self._design = _design(seen)
        own = np.maximum(seen.own, TINY)
        precision = {one: 1 / (one**2 + own) for one in set(grid[:, 2])}
        crossed = {
            one: self._design.T @ (w[:, None] * self._design) for one, w in precision.items()
        }
        moved = {one: self._design.T @ (w * seen.ratio) for one, w in precision.items()}
        fixed = {one: np.log(w).sum() - w @ seen.ratio**2 for one, w in precision.items()}
        scale = np.sqrt(np.stack([_prior_variances(seen, point) for point in grid]))
        matrix = np.stack([crossed[x] for x in grid[:, 2]]) * scale[:, :, None] * scale[:, None]
        matrix += np.eye(matrix.shape[-1])
        side = np.stack([moved[x] for x in grid[:, 2]]) * scale
        factor = np.linalg.cholesky(matrix)
        half = np.linalg.solve(factor, side[..., None])[..., 0]
        determinant = np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(1)
        evidence = 0.5 * np.array([fixed[x] for x in grid[:, 2]]) - determinant
        evidence += 0.5 * (half**2).sum(1) + np.log(_grid_weights(grid)).sum(1)
        weights = special.softmax(evidence)
        kept = weights >= LEAST_WEIGHT
        self.weights = weights[kept] / weights[kept].sum()
        self._grid = grid[kept]
        inverse = np.linalg.inv(factor[kept])
        # Effects are `center + root @ standard normal`.
        self._root = scale[kept][:, :, None] * np.swapaxes(inverse, 1, 2)
        self._center = (self._root @ half[kept][..., None])[..., 0]
        parts = [self._combine(point) for point in self._grid]
        self._own_share, self._loads, self._left = map(np.stack, zip(*parts, strict=True))
        from_effects = (self._loads @ self._center[..., None])[..., 0]
        self.means = self._own_share * seen.ratio + from_effects
        spread = self._loads @ self._root
        self.deviations = np.sqrt((spread**2).sum(-1) + self._left)

    @property
    def mean(self) -> np.ndarray:
        """Returns the mean of each true log ratio, [chains]."""
        return self.weights @ self.means

    def probability_above(self, limit: float) -> np.ndarray:
        """Returns the probability that each true log ratio is above a limit, [chains]."""
        deviations = np.maximum(self.deviations, TINY)
        return self.weights @ special.stdtr(self._seen.df, (self.means - limit) / deviations)

    def draw(self, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Draws true log ratios, [draws, chains]; chains are drawn together."""
        seen = self._seen
        found = np.empty((draws, len(seen.ratio)))
        points = rng.choice(len(self.weights), draws, p=self.weights)
        for point in np.unique(points):
            chosen = points == point
            normal = rng.standard_normal((chosen.sum(), self._root.shape[-1]))
            effects = normal @ (self._loads[point] @ self._root[point]).T
            left = rng.standard_normal(effects.shape) * np.sqrt(self._pair_left(point))
            target = rng.standard_normal((len(effects), len(seen.shared)))
            target = target * np.sqrt(self._target_left(point))
            # Errors of variances widen all deviations of a draw alike.
            df = float(np.median(seen.df))
            wide = np.sqrt(df / rng.chisquare(df, (len(effects), 1)).clip(TINY))
            found[chosen] = self.means[point] + wide * (effects + left + target[:, seen.target])
        return found

    def _combine(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns a true log ratio as a sum: its share of the observed one, loads of effects
        and the variance that is left.
        """
        seen = self._seen
        of_target, _, of_pair, _ = point**2
        kept = of_target / (of_target + seen.shared + TINY)  # The rest is of the baseline.
        share = of_pair / (of_pair + np.maximum(seen.own, TINY))
        loads = self._design * (1 - share)[:, None]
        row = np.arange(len(share))
        loads[row, 1 + seen.target] = kept[seen.target] - share
        left = (kept * seen.shared)[seen.target] + share * seen.own
        return share, loads, left

    def _pair_left(self, point: int) -> np.ndarray:
        """Returns the variance of each pair's effect given all others."""
        return self._own_share[point] * self._seen.own

    def _target_left(self, point: int) -> np.ndarray:
        """Returns the variance of each target's effect given its sum with the baseline's error."""
        of_target = self._grid[point, 0] ** 2
        return of_target * self._seen.shared / (of_target + self._seen.shared + TINY)


def _design(seen: ObservedEffects) -> np.ndarray:
    """Returns which effects each chain has: of the study, of its target and of its source."""
    row = np.arange(len(seen.ratio))
    targets = len(seen.shared)
    design = np.zeros((len(row), 1 + targets + seen.source.max() + 1))
    design[:, 0] = 1
    design[row, 1 + seen.target] = 1
    design[row, 1 + targets + seen.source] = 1
    return design


def _grid(seen: ObservedEffects) -> np.ndarray:
    """Returns the standard deviations that are tried: [points, (target, source, pair, study)].

    Effects that cannot be told from others are 0.
    """
    nothing = np.zeros(1)
    targets = DEVIATIONS
    sources = DEVIATIONS if len(seen.shared) > 1 and seen.source.max() else nothing
    axes = np.meshgrid(targets, sources, DEVIATIONS, MEANS, indexing="ij")
    return np.stack([axis.ravel() for axis in axes], axis=1)


def _grid_weights(grid: np.ndarray) -> np.ndarray:
    """Returns the weights of standard deviations before anything is observed."""
    effects = grid[:, :3]
    at = np.where(effects > 0, effects, DEVIATIONS[1])
    return at / (1 + (at / TYPICAL) ** 2)


def _prior_variances(seen: ObservedEffects, point: np.ndarray) -> np.ndarray:
    """Returns the variances of all effects at a grid point, baselines' errors with the targets'."""
    of_target, of_source, of_pair, of_study = point**2
    # A study whose effects differ by much has a mean of the same size.
    return np.concatenate(
        [
            [of_target + of_source + of_pair + of_study],
            of_target + seen.shared,
            np.full(seen.source.max() + 1, of_source),
        ]
    )
