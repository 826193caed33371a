"""Makes features like those of `foi-features`, from random numbers."""

import numpy as np

from foi_tf.study.feature_files import Features, Origin
from foi_tf.study.registry import DATASETS


def make_features(dataset, *, vectors=None, images=3, width=4, points=None, seed=0, **changes):
    """Makes `Features` of a dataset of the paper; `changes` are fields of its `Origin`."""
    row = DATASETS[dataset]
    if vectors is None:
        vectors = np.random.default_rng(seed).normal(size=(images, width))
    fields = {
        "dataset": dataset,
        "domain": row.domain,
        "train": {kind: row.size(kind, "train") for kind in row.classes},
        "data": "feed",
        "split": "train",
        "ids": tuple(f"{dataset}{i}" for i in range(len(vectors))),
        "backbone": "hrnet_w48",
        "chain": ("ilsvrc",),
        "weights": "c0ffee",
        "size": (512, 512),
        "task_type": "segmentation" if points is not None else "",
        "points_per_image": 2 if points is not None else 0,
        "seed": 0,
        "version": "0",
    }
    origin = Origin(**fields | changes)
    return Features(origin=origin, vectors=np.asarray(vectors, np.float32), points=points)
