"""LogME: the evidence of a Bayesian linear model from features to targets."""

import numpy as np

_ITERATIONS = 100  # At most; ours.
_TOLERANCE = 1e-6  # Of the ratio of the precisions, relative; ours.
_LIMIT = 1e12  # Of that ratio, in units of the largest squared singular value; ours.
_RANK = 1e-10  # Squared singular values below it, relative to the largest, are zero; ours.


def logme(vectors: np.ndarray, targets: np.ndarray) -> float:
    """The logarithm of the maximum evidence, a point (You et al., ICML 2021).

    For the linear model y = F w + noise with Gaussian prior on w, both precisions chosen for
    the largest evidence, by the fixed-point iteration of the authors' journal version
    (Ranking and tuning pre-trained models, JMLR 2022). Of classes the mean over one model
    for each class, of numbers one model.

    Args:
      vectors: [n, C].
      targets: [n], integers for class ids, else real numbers.
    """
    features = np.asarray(vectors, np.float64)
    if np.issubdtype(np.asarray(targets).dtype, np.integer):
        columns = (targets[:, None] == np.unique(targets)).astype(np.float64)
    else:
        columns = np.asarray(targets, np.float64)[:, None]
    # Of the singular value decomposition only the smaller side is needed, whatever n is.
    squares, right = np.linalg.eigh(features.T @ features)
    kept = squares > _RANK * max(squares[-1], np.finfo(float).tiny)
    squares, right = squares[kept], right[:, kept]
    projected = (right.T @ (features.T @ columns)) ** 2 / squares[:, None]
    found = [
        _evidence(squares, z, float(y @ y), len(features))
        for z, y in zip(projected.T, columns.T, strict=True)
    ]
    return float(np.mean(found)) / len(features)


def _evidence(squares: np.ndarray, z: np.ndarray, total: float, count: int) -> float:
    """The log evidence at its maximum.

    Args:
      squares: the squared singular values of the features.
      z: the squares of the targets' coordinates along the left singular vectors.
      total: the squared length of the targets.
      count: how many there are.
    """
    tiny = np.finfo(float).eps * total
    outside = max(total - z.sum(), 0.0)
    limits = squares[-1] / _LIMIT, squares[-1] * _LIMIT
    ratio = float(squares.mean())  # alpha / beta.
    for _ in range(_ITERATIONS):
        shrunk = ratio + squares
        used = float((squares / shrunk).sum())
        weights = max(float((squares * z / shrunk**2).sum()), tiny / limits[1])
        residual = max(float((z * (ratio / shrunk) ** 2).sum()) + outside, tiny)
        alpha, beta = used / weights, max(count - used, np.finfo(float).eps) / residual
        before, ratio = ratio, float(np.clip(alpha / beta, *limits))
        if abs(ratio / before - 1) < _TOLERANCE:
            break
    return float(
        count / 2 * (np.log(beta) - np.log(2 * np.pi))
        + len(squares) / 2 * np.log(alpha)
        - beta / 2 * residual
        - alpha / 2 * weights
        - np.log(alpha + beta * squares).sum() / 2
    )
