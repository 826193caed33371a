"""Computes metrics that take what a head regresses, too: sizes of objects, ways, depth.

Points have classes, numbers, or both. Where all points have one class, the numbers count alone.
"""

import numpy as np
from scipy.special import logsumexp
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from foi_tf.analysis.recommend.transferability.logme import logme

_ENERGY = 0.8  # Share of the squared singular values that regression keeps (Gholami et al., 3.4).
_LOWEST = 0.005  # Share of the points that give the energy, from the published code.


def geometric_logme(vectors: np.ndarray, targets: np.ndarray, geometry: np.ndarray) -> float:
    """Computes the mean LogME of the classes and of each number (You et al., ICML 2021).

    The mean of classes and numbers is ours. Each number is standardized, so that its unit does
    not matter.

    Args:
      vectors: [n, C] features.
      targets: [n] class ids; real numbers do not count, since `geometry` has them.
      geometry: [n, G] numbers.

    Returns:
      The mean over the classes' LogME, if there are several, and that of each number.
    """
    found = [logme(vectors, column) for column in _standardize(geometry).T]
    if _has_classes(targets):
        found.append(logme(vectors, targets))
    return float(np.mean(found))


def etran(vectors: np.ndarray, targets: np.ndarray, geometry: np.ndarray) -> float:
    """Computes the classification and the regression score of ETran (Gholami et al., ICCV 2023).

    The first is the mean posterior of the right class by linear discriminant analysis. The
    second is minus the mean squared error of a linear regression on the features' main
    directions. Ours: features are centered and numbers standardized, and the analysis
    shrinks covariances by Ledoit and Wolf's rule. `energy` is ETran's third score, which has
    another scale.

    Args:
      vectors, targets, geometry: as for `geometric_logme`.

    Returns:
      The sum of the scores, from -1 to 1 or a part of it.
    """
    features, found = np.asarray(vectors, np.float64), 0.0
    features = features - features.mean(axis=0)
    if _has_classes(targets):
        found += _score_classes(features, targets)
    if geometry.shape[1]:
        left, values, _ = np.linalg.svd(features, full_matrices=False)
        share = np.cumsum(values**2) / np.sum(values**2)
        left = left[:, : int(np.searchsorted(share, _ENERGY)) + 1]
        numbers = _standardize(geometry)
        found -= float(np.mean((numbers - left @ (left.T @ numbers)) ** 2))
    return found


def energy(vectors: np.ndarray, targets: np.ndarray) -> float:
    """Computes the energy score of ETran: how far the points are from what the network knows.

    Args:
      vectors: [n, C] features.
      targets: [n] annotations, which do not count.

    Returns:
      The mean log sum exp of the features of those points where it is lowest.
    """
    del targets
    found = np.sort(logsumexp(np.asarray(vectors, np.float64), axis=1))
    return float(found[: max(1, round(_LOWEST * len(found)))].mean())


def _score_classes(features: np.ndarray, targets: np.ndarray) -> float:
    """Returns the mean posterior of the right class; a class of a single point does not count."""
    _, labels, counts = np.unique(targets, return_inverse=True, return_counts=True)
    several = counts[labels] > 1
    kinds, labels = np.unique(labels[several], return_inverse=True)
    if len(kinds) < 2:
        return 0.0
    analysis = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    chances = analysis.fit(features[several], labels).predict_proba(features[several])
    return float(chances[np.arange(len(labels)), labels].mean())


def _has_classes(targets: np.ndarray) -> bool:
    return np.issubdtype(targets.dtype, np.integer) and len(np.unique(targets)) > 1


def _standardize(numbers: np.ndarray) -> np.ndarray:
    """Gives each column mean 0 and standard deviation 1; constant columns become 0."""
    numbers = np.asarray(numbers, np.float64)
    spread = numbers.std(axis=0)
    return (numbers - numbers.mean(axis=0)) / np.where(spread > 0, spread, 1)
