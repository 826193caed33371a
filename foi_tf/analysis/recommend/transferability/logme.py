"""Computes LogME: the evidence of a Bayesian linear model from features to targets."""

import numpy as np

# These five numbers are ours.
_LIMIT = 12  # Decades of the ratio of the precisions, either side of the largest squared value.
_STEP = 0.05  # Decades between the ratios that are tried first.
_PEAKS = 3  # Highest maxima among these that are refined.
_ZOOMS = 4  # Refinements, each of a tenth of the distance.
_RANK = 1e-10  # Squared singular values below this share of the largest count as zero.


def logme(vectors: np.ndarray, targets: np.ndarray) -> float:
    """Computes the logarithm of the maximum evidence for each point (You et al., ICML 2021).

    The model is y = F w + noise with a Gaussian prior on w. The precisions of prior and noise are
    those with the largest evidence. For classes the result is the mean over one model for each
    class; for numbers there is one model.

    The authors' code iterates to a fixed point. Where one direction of the features dominates,
    there can be several, and the start decides which is found. So this function searches all
    ratios of the two precisions, of which the evidence is a function once the noise has its
    best precision.

    Args:
      vectors: [n, C] features.
      targets: [n] class ids (integers) or real numbers.
    """
    features = np.asarray(vectors, np.float64)
    if np.issubdtype(np.asarray(targets).dtype, np.integer):
        columns = (targets[:, None] == np.unique(targets)).astype(np.float64)
    else:
        columns = np.asarray(targets, np.float64)[:, None]
    # The right side of the singular value decomposition suffices, whose size does not depend on n.
    squares, right = np.linalg.eigh(features.T @ features)
    kept = squares > _RANK * max(squares[-1], np.finfo(float).tiny)
    squares, right = squares[kept], right[:, kept]
    projected = (right.T @ (features.T @ columns)) ** 2 / squares[:, None]
    totals = (columns**2).sum(axis=0)
    found = _maximize_evidence(squares, projected, totals, len(features))
    return float(np.mean(found)) / len(features)


def _maximize_evidence(
    squares: np.ndarray, projected: np.ndarray, totals: np.ndarray, count: int
) -> list[float]:
    """Returns the maximum log evidence of each model over all ratios of the precisions.

    Args:
      squares: [C] squared singular values of the features.
      projected: [C, K] squares of the targets' coordinates along the left singular vectors.
      totals: [K] squared lengths of the vectors of targets.
      count: number of targets.
    """
    middle = np.log10(squares[-1]) if len(squares) else 0.0
    ratios = np.arange(-_LIMIT, _LIMIT + _STEP / 2, _STEP) + middle
    curves = _log_evidence(ratios, squares, projected, totals, count)
    found = []
    for k in range(len(totals)):
        own = squares, projected[:, [k]], totals[[k]], count
        padded = np.pad(curves[:, k], 1, constant_values=-np.inf)
        peaks = np.flatnonzero((curves[:, k] >= padded[:-2]) & (curves[:, k] >= padded[2:]))
        highest = peaks[np.argsort(curves[peaks, k])[-_PEAKS:]]
        found.append(max(_refine(ratios[peak], *own) for peak in highest))
    return found


def _refine(place: float, *model) -> float:
    """Returns the maximum log evidence of one model near a ratio of the precisions.

    Args:
      place: common logarithm of the ratio.
      *model: further arguments of `_log_evidence`.
    """
    step = _STEP
    for _ in range(_ZOOMS):
        near = place + step * np.linspace(-1, 1, 21)
        curve = _log_evidence(near, *model)[:, 0]
        place, step = near[curve.argmax()], step / 10
    return float(curve.max())


def _log_evidence(
    ratios: np.ndarray,
    squares: np.ndarray,
    projected: np.ndarray,
    totals: np.ndarray,
    count: int,
) -> np.ndarray:
    """Computes [R, K] log evidences; the precision of the noise is the best one at each ratio.

    At a ratio r = alpha / beta the targets have the covariance (I + F F^T / r) / beta, whose
    likelihood is largest at beta = count / (y^T (I + F F^T / r)^-1 y).

    Args:
      ratios: [R] common logarithms of alpha / beta.
      squares: see `_maximize_evidence`, and so are the other arguments.
    """
    scaled = 10.0 ** ratios[:, None]
    outside = np.maximum(totals - projected.sum(axis=0), 0.0)
    unexplained = outside + (scaled / (scaled + squares)) @ projected
    unexplained = np.maximum(unexplained, np.finfo(float).eps * totals)
    volumes = np.log1p(squares / scaled).sum(axis=1, keepdims=True)
    return count / 2 * (np.log(count) - np.log(unexplained) - np.log(2 * np.pi) - 1) - volumes / 2
