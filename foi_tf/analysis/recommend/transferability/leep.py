"""Computes LEEP and NLEEP: how likely the target's classes are, given a model's own classes."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

# Share of the variance that PCA keeps, as in the configuration of the ECCV 2022 study.
_ENERGY = 0.8
_COMPONENTS = 5  # Gaussians for each target class (Li et al., Section 4).


def leep(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """Computes the log expected empirical prediction (Nguyen et al., ICML 2020, Eq. 1 and 2).

    Args:
      probabilities: [n, Z] probabilities of the Z source classes at each target point; each row
        sums to 1.
      targets: [n] class ids.

    Returns:
      The mean of log sum_z P(y | z) p(z | x), at most 0; P(y | z) is the empirical
      conditional distribution of target classes given source classes.
    """
    theta = np.asarray(probabilities, np.float64)
    classes, labels = np.unique(targets, return_inverse=True)
    joint = np.zeros((len(classes), theta.shape[1]))
    np.add.at(joint, labels, theta)
    of_source = joint.sum(0)
    conditional = np.divide(joint, of_source, out=np.zeros_like(joint), where=of_source > 0)
    expected = np.einsum("nz,nz->n", conditional[labels], theta)
    return float(np.log(np.maximum(expected, np.finfo(float).tiny)).mean())


def nleep(vectors: np.ndarray, targets: np.ndarray, *, seed: int = 0) -> float:
    """Computes LEEP with the components of a Gaussian mixture in place of source classes.

    See Li et al., Ranking neural checkpoints, CVPR 2021. PCA reduces the features first.

    Args:
      vectors: [n, C] features.
      targets: [n] class ids.
      seed: random seed of the mixture's initial components.
    """
    vectors = np.asarray(vectors, np.float64)
    reduced = PCA(_ENERGY, svd_solver="covariance_eigh").fit_transform(vectors)
    count = min(_COMPONENTS * len(np.unique(targets)), len(vectors))
    # One thread keeps the order of sums, so that results repeat.
    with threadpool_limits(1):
        mixture = GaussianMixture(count, random_state=seed).fit(reduced)
        return leep(mixture.predict_proba(reduced), targets)
