"""Computes LogME: the evidence of a Bayesian linear model from features to targets."""

import numpy as np

# These four numbers are ours.
_ITERATIONS = 100  # The most iterations.
_TOLERANCE = 1e-6  # Relative change of the ratio of the precisions at which iterations end.
_LIMIT = 1e12  # Largest ratio of the precisions, in units of the largest squared singular value.
_RANK = 1e-10  # Squared singular values below this share of the largest count as zero.


def logme(vectors: np.ndarray, targets: np.ndarray) -> float:
    """Computes the logarithm of the maximum evidence for each point (You et al., ICML 2021).

    The model is y = F w + noise with a Gaussian prior on w. The precisions of prior and noise are
    those with the largest evidence, by the fixed-point iteration of the authors' journal version
    (Ranking and tuning pre-trained models, JMLR 2022). For classes the result is the mean over
    one model for each class; for numbers there is one model.

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
    found = [
        _evidence(squares, z, float(y @ y), len(features))
        for z, y in zip(projected.T, columns.T, strict=True)
    ]
    return float(np.mean(found)) / len(features)


def _evidence(squares: np.ndarray, z: np.ndarray, total: float, count: int) -> float:
    """Maximizes the log evidence of one model.

    Args:
      squares: squared singular values of the features.
      z: squares of the targets' coordinates along the left singular vectors.
      total: squared length of the vector of targets.
      count: number of targets.
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
