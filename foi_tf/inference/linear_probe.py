"""Linear evaluation: how well a linear classifier does on a frozen backbone (Appendix B).

The backbone computes features of whole images once, batch norm in inference mode; a logistic
regression is fitted to their averages by L-BFGS, as SimCLR does for datasets other than the
pre-training's (arXiv 2002.05709, Appendix B.8). The strength of its penalty is chosen on a part
of the training images that the candidates do not see.
"""

import dataclasses
import warnings

import numpy as np
import sklearn.exceptions
import tensorflow as tf
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from foi_tf import __version__
from foi_tf.data.input import pipeline
from foi_tf.errors import FoiError
from foi_tf.inference import features
from foi_tf.progress import Progress
from foi_tf.study.grid import choose_subset
from foi_tf.tasks import feature_cells

HOLDOUT = 0.2  # Share of the training images to choose the penalty on; ours.
PENALTIES = tuple(np.logspace(-4, 2, 7).tolist())  # scikit-learn's C; ours, SimCLR tries 45.
_ITERATIONS = 500  # At most; ours.
_TYPE = "classification"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """What was found, and all that it depends on.

    Attributes:
      top1: accuracy on the validation images.
      penalty: scikit-learn's C, the inverse of its strength, that was chosen.
      train, val: images of each.
      size: (height, width) that whole images are fitted into.
      chain, weights, backbone: of the network; see `study.feature_files.Origin`.
    """

    dataset: str
    data: str
    top1: float
    penalty: float
    train: int
    val: int
    size: tuple[int, int]
    backbone: str
    chain: tuple[str, ...]
    weights: str
    seed: int
    version: str = __version__


def evaluate_probe(
    request: features.FeatureRequest, network: features.FeatureExtractor, batch_size: int
) -> ProbeResult:
    """Fits a classifier to the training images that `request` allows, and tests it.

    Raises:
      FoiError: an input size is not known, or images of less than two classes.
    """
    prepared = request.prepared
    size = request.size or prepared.dataset.crop
    if size is None:
        raise FoiError(f"{prepared.dataset.id}: no input size is known; give --size=HEIGHTxWIDTH")
    ids = choose_subset(prepared.annotated_ids("train", _TYPE), request.images, request.seed)
    held = frozenset(choose_subset(ids, max(1, round(HOLDOUT * len(ids))), request.seed + 1))
    seen = [name for name in ids if name not in held]
    fitting, choosing, testing = (
        _compute_vectors(request, split, chosen, size, network, batch_size)
        for split, chosen in (
            ("train", seen),
            ("train", sorted(held)),
            ("val", prepared.annotated_ids("val", _TYPE)),
        )
    )
    if len(set(fitting[1])) < 2:
        raise FoiError(f"{prepared.dataset.id}: {len(seen)} training images of a single class")
    quality = {penalty: _fit(*fitting, penalty).score(*choosing) for penalty in PENALTIES}
    best = max(PENALTIES, key=quality.get)
    every = [np.concatenate(parts) for parts in zip(fitting, choosing, strict=True)]
    return ProbeResult(
        dataset=prepared.dataset.id,
        data=prepared.fingerprint,
        top1=float(_fit(*every, best).score(*testing)),
        penalty=best,
        train=len(ids),
        val=len(testing[1]),
        size=size,
        backbone=network.backbone,
        chain=network.chain,
        weights=network.weights,
        seed=request.seed,
    )


def _fit(vectors: np.ndarray, labels: np.ndarray, penalty: float) -> Pipeline:
    made = make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=_ITERATIONS))
    with warnings.catch_warnings():
        # Short of convergence at the weakest penalties, which are then not the best ones.
        warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
        return made.fit(vectors, labels)


def _compute_vectors(
    request: features.FeatureRequest,
    split: str,
    ids,
    size,
    network: features.FeatureExtractor,
    batch_size: int,
) -> tuple[np.ndarray, np.ndarray]:
    """float32 [N, C] features and int64 [N] labels, in record order."""
    source = pipeline.Input(
        prepared=request.prepared,
        split=split,
        task_type=_TYPE,
        encode=lambda example: {
            "label": example["label"],
            "inside": feature_cells.find_inside_cells(example, size),
        },
        crop=size,
        chosen=tuple(ids),
    )
    step = tf.function(
        lambda pixels, inside: features.average_features(network(pixels, request), inside),
        autograph=False,
    )
    vectors, labels = [], []
    label = f"{request.prepared.dataset.id} {split}"
    with Progress(label, len(ids), unit="image") as progress:
        for batch in pipeline.make_evaluation_batches(source, batch_size):
            valid = batch["place"].numpy() >= 0
            targets = batch["targets"]
            vectors.append(step(batch["image"], targets["inside"]).numpy()[valid])
            labels.append(targets["label"].numpy()[valid])
            progress.update(int(valid.sum()))
    return np.concatenate(vectors), np.concatenate(labels)
