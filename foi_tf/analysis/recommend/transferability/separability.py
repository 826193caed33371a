"""Computes H-score and GBC: how far apart the target's classes lie in the features."""

import itertools

import numpy as np
from sklearn.decomposition import PCA

_RANK = 1e-10  # Directions below this share of the largest variance count as constant; ours.
_DIMENSIONS = 64  # Dimensions after PCA (Pándy et al., Section 4).
_LEAST_VARIANCE = 1e-4  # Least variance of a class, from the published code.


def h_score(vectors: np.ndarray, targets: np.ndarray) -> float:
    """Computes the trace of cov(f)^-1 cov(E[f | y]) (Bao et al., ICIP 2019, Definition 2).

    Args:
      vectors: [n, C] features; with fewer points than channels the score says little.
      targets: [n] class ids.

    Returns:
      A number from 0 to the number of classes minus 1.
    """
    features = np.asarray(vectors, np.float64)
    features = features - features.mean(0)
    _, labels, counts = np.unique(targets, return_inverse=True, return_counts=True)
    means = np.zeros((len(counts), features.shape[1]))
    np.add.at(means, labels, features)
    means /= counts[:, None]
    inverse = np.linalg.pinv(features.T @ features, rcond=_RANK, hermitian=True)
    return float(np.einsum("kc,cd,kd,k->", means, inverse, means, counts))


def gbc(vectors: np.ndarray, targets: np.ndarray) -> float:
    """Computes minus the sum of Bhattacharyya coefficients over all ordered pairs of classes.

    See Pándy et al., Transferability estimation using Bhattacharyya class separability, CVPR
    2022. Each class is a Gaussian with diagonal covariance, after PCA to 64 dimensions.

    Args:
      vectors: [n, C] features.
      targets: [n] class ids.

    Returns:
      A number that is at most 0, and 0 for classes that do not overlap.
    """
    features = np.asarray(vectors, np.float64)
    dimensions = min(_DIMENSIONS, *features.shape)
    reduced = PCA(dimensions, svd_solver="covariance_eigh").fit_transform(features)
    groups = [reduced[targets == label] for label in np.unique(targets)]
    means = [group.mean(0) for group in groups]
    variances = [np.maximum(group.var(0), _LEAST_VARIANCE) for group in groups]
    overlap = 0.0
    for i, j in itertools.combinations(range(len(groups)), 2):
        middle = (variances[i] + variances[j]) / 2
        far = ((means[i] - means[j]) ** 2 / middle).sum() / 8
        wide = np.log(middle / np.sqrt(variances[i] * variances[j])).sum() / 2
        overlap += np.exp(-far - wide)
    return float(-2 * overlap)
