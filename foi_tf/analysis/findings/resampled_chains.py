"""Holds chains with many draws of their targets, their sources and their true gains.

Targets and sources are drawn again independently of each other (the pigeonhole bootstrap of Owen,
2007): a chain counts as often as its target was drawn, times as often as its source was. The
first sample of each array is the study as it is.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from foi_tf.analysis.measures import kendall, two_way
from foi_tf.analysis.measures.gains import NEGATIVE, POSITIVE, VERY_POSITIVE
from foi_tf.analysis.measures.summary import TARGET
from foi_tf.study.results import MULTI_SOURCE

DRAWS = 1000  # Ours.
EFFECTS = ("gain", "gain_size", "positive", "very_positive", "negative")


class ResampledChains:
    """Computes statistics of chosen chains, in the study as it is and in each draw.

    Chains are chosen by their places. All statistics are [1 + draws], the study's own first.

    Attributes:
      frame: the chains.
      targets: [N] code of each chain's target.
      sources_drawn, targets_drawn: [1 + draws, N] how often source and target of each chain count.
    """

    def __init__(
        self,
        chains: pd.DataFrame,
        gain_draws: np.ndarray | None = None,
        *,
        draws: int = DRAWS,
        seed: int = 0,
    ):
        """Draws targets and sources.

        Args:
          chains: as `gains.mean_gains` returns them.
          gain_draws: [draws, N] draws of the true gain of each chain; without them, gains are
            taken as they are.
          draws: number of draws if there are none of gains.
          seed: random seed.
        """
        self.frame = chains.reset_index(drop=True)
        count = draws if gain_draws is None else len(gain_draws)
        rng = np.random.default_rng(seed)
        self.targets = pd.factorize(pd.MultiIndex.from_frame(chains[TARGET]))[0]
        sources = pd.factorize(pd.MultiIndex.from_frame(chains[["source", "source_type"]]))[0]
        self.targets_drawn = _draw(self.targets, count, rng)
        self.sources_drawn = _draw(sources, count, rng)
        # Claims name these sources; no others of their kind could have been drawn instead.
        fixed = (chains.source_type == "") | (chains.source == MULTI_SOURCE)
        self.sources_drawn[:, fixed.to_numpy()] = 1
        self._effects = _effects_of(chains, gain_draws, count)

    def effect(self, name: str, places: np.ndarray) -> np.ndarray:
        """Returns one of `EFFECTS` of some chains, [1 + draws, places]."""
        found = self._effects[name]
        return np.broadcast_to(found, (len(self.targets_drawn), found.shape[1]))[:, places]

    def weights(self, places: np.ndarray) -> np.ndarray:
        """Returns how often some chains count, [1 + draws, places]."""
        return self.targets_drawn[:, places] * self.sources_drawn[:, places]

    def mean(self, name: str, places: np.ndarray) -> np.ndarray:
        """Returns the mean of one of `EFFECTS` over some chains; NaN over none."""
        return weighted_mean(self.effect(name, places), self.weights(places))

    def percentages(self, places: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the percentages `P` (VP included) and `VP` of some chains."""
        names = {"P": "positive", "VP": "very_positive"}
        return {short: 100 * self.mean(name, places) for short, name in names.items()}

    def best_percentages(self, places: np.ndarray) -> dict[str, np.ndarray]:
        """Returns `percentages` over targets, each by its drawn source with the largest gain."""
        picked = self.pick(places, self.effect("gain", places))
        return {
            short: 100 * weighted_mean(picked.take(self.effect(name, places)), picked.weights)
            for short, name in {"P": "positive", "VP": "very_positive"}.items()
        }

    def pick(self, places: np.ndarray, order: np.ndarray) -> "PickedChains":
        """Picks for each target the drawn source that comes first.

        Args:
          places: the chains to pick from.
          order: [1 + draws, places] or [places]; the largest comes first.
        """
        codes = self.targets[places]
        drawn = np.where(self.sources_drawn[:, places] > 0, order, -np.inf)
        columns, weights = [], []
        for code in np.unique(codes):
            own = np.flatnonzero(codes == code)
            first = own[drawn[:, own].argmax(1)]
            known = np.take_along_axis(drawn, first[:, None], 1)[:, 0] > -np.inf
            columns.append(first)
            weights.append(self.targets_drawn[:, places[own[0]]] * known)
        empty = np.zeros((len(drawn), 0), int)
        return PickedChains(
            np.unique(codes),
            np.stack(columns, 1) if columns else empty,
            np.stack(weights, 1) if weights else empty,
        )

    def tau(self, places: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """Returns Kendall's tau of gain with each of [places, K] factors, [1 + draws, K]."""
        return kendall.tau_of_samples(self.effect("gain", places), factors, self.weights(places))


class PickedChains:
    """Holds one chain of each target in each draw.

    Attributes:
      targets: [T] codes of the targets.
      columns: [1 + draws, T] which of the places that were picked from.
      weights: [1 + draws, T] how often each counts; 0 where no source of the target was drawn.
    """

    def __init__(self, targets: np.ndarray, columns: np.ndarray, weights: np.ndarray):
        self.targets, self.columns, self.weights = targets, columns, weights

    def take(self, values: np.ndarray) -> np.ndarray:
        """Returns the values of the picked chains, [1 + draws, T], from [1 + draws, places]."""
        return np.take_along_axis(values, self.columns, 1)


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Returns the mean of each row of [samples, N]; NaN where nothing counts."""
    total = weights.sum(1)
    sums = (np.where(weights > 0, values, 0.0) * weights).sum(1)
    return np.divide(sums, total, out=np.full(len(total), np.nan), where=total > 0)


def _draw(codes: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Returns [1 + draws, N], how often the unit of each chain is drawn; first, once each."""
    drawn = two_way.draw_weights(codes.max(initial=-1) + 1, draws, rng)
    return np.concatenate([np.ones((1, drawn.shape[1]), np.float32), drawn])[:, codes]


def _effects_of(
    chains: pd.DataFrame, gain_draws: np.ndarray | None, draws: int
) -> Mapping[str, np.ndarray]:
    """Returns the `EFFECTS` of each chain in each sample, [1 + draws, N], or [1, N] if all agree.

    In the study as it is, shares of seeds count; in a draw, the level of the drawn gain.
    """
    observed = {name: chains[name].to_numpy(float)[None] for name in EFFECTS}
    if gain_draws is None:
        return observed
    drawn = {
        "gain": gain_draws,
        "gain_size": np.abs(gain_draws),
        "positive": gain_draws > POSITIVE,
        "very_positive": gain_draws > VERY_POSITIVE,
        "negative": gain_draws < NEGATIVE,
    }
    return {name: np.concatenate([observed[name], drawn[name]]) for name in EFFECTS}
