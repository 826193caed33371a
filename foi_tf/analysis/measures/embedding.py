"""Embeds images in the plane with t-SNE, by features of one or several networks (Figure 3)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from foi_tf.errors import FoiError
from foi_tf.wording import count_noun

IMAGES = 150  # In each group, Section 6.
METRICS = ("euclidean", "cosine")  # Figures 3a and 3b, c.
_PERPLEXITY = 30.0  # The paper does not print it; the library's default.
_DIMENSIONS = 50  # PCA comes first, for speed, as van der Maaten and Hinton advise.


def embed(
    groups: Mapping[str, np.ndarray],
    *,
    metric: str = "euclidean",
    images: int = IMAGES,
    seed: int = 0,
) -> pd.DataFrame:
    """Places images in the plane so that images with similar features are near each other.

    Args:
      groups: by name, [N, C]: datasets by one network (Figure 3a), or the same images by
        several networks (3b, c).
      metric: one of `METRICS`. Cosine removes the scale of features, which differs between
        networks.
      images: maximum number of each group. Groups of the same size keep the same places, so that
        the same images are shown for each network.
      seed: random seed of the choice of images and of the embedding.

    Returns:
      One row an image: `group`, `image` (its place in the group), `x`, `y`.

    Raises:
      FoiError: the metric is unknown, there are too few images, or features are of
        different lengths or not finite.
    """
    if metric not in METRICS:
        raise FoiError(f"unknown metric '{metric}'; known: {', '.join(METRICS)}")
    if len({vectors.shape[1] for vectors in groups.values()}) > 1:
        raise FoiError("features of different lengths cannot be shown together; see --backbone")
    chosen = {name: _choose(len(vectors), images, seed) for name, vectors in groups.items()}
    vectors = np.concatenate([groups[name][places] for name, places in chosen.items()])
    if len(vectors) < 4:
        raise FoiError(f"{count_noun(len(vectors), 'image')}: too few for an embedding")
    if not np.isfinite(vectors).all():
        raise FoiError("features that are not finite (NaN); make them anew")
    vectors = vectors.astype(np.float64)
    if metric == "cosine":
        # Vectors of length 1 have Euclidean distances in the order of their cosine distances;
        # PCA keeps only Euclidean ones.
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    vectors = PCA(min(_DIMENSIONS, *vectors.shape), random_state=seed).fit_transform(vectors)
    perplexity = min(_PERPLEXITY, (len(vectors) - 1) / 3)
    tsne = TSNE(perplexity=perplexity, init="pca", random_state=seed)
    # The initial places by PCA need scaling to be in proportion; the axes have no unit anyway.
    # One thread makes the order of sums, and thus the result, repeatable.
    with threadpool_limits(1):
        places = tsne.fit_transform(vectors / max(float(vectors.std()), 1e-12))
    names = [name for name, own in chosen.items() for _ in own]
    return pd.DataFrame(
        {
            "group": names,
            "image": np.concatenate(list(chosen.values())),
            "x": places[:, 0],
            "y": places[:, 1],
        }
    )


def _choose(count: int, images: int, seed: int) -> np.ndarray:
    """Returns the sorted places of at most `images` of `count` images, drawn at random."""
    if count <= images:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).permutation(count)[:images])
