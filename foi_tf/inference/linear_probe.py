"""Evaluates a linear classifier on a frozen backbone (Appendix B).

The backbone computes features of whole images once, with batch norm in inference mode. L-BFGS
fits a logistic regression to their averages, as SimCLR does for datasets other than that of
the pre-training (arXiv 2002.05709, Appendix B.8). The strength of the penalty is chosen on
held-out training images.
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
from foi_tf.study.choices import Fit
from foi_tf.study.grid import choose_subset
from foi_tf.tasks import feature_cells
from foi_tf.wording import count_noun

HOLDOUT = 0.2  # Share of the training images that the penalty is chosen on; ours.
PENALTIES = tuple(np.logspace(-4, 2, 7).tolist())  # scikit-learn's C. Ours: SimCLR tries 45.
_ITERATIONS = 500  # Largest number of iterations; ours.
_TYPE = "classification"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """Holds the accuracy of a linear probe, and everything that it depends on.

    Attributes:
      dataset: id of the dataset.
      data: digest of the dataset's records.
      top1: accuracy on the validation images, in [0, 1].
      penalty: the chosen C of scikit-learn, the inverse of the penalty's strength.
      train, val: number of training and of validation images.
      size: (height, width) that whole images are scaled to fit into.
      backbone, chain, weights: the network; see `study.feature_files.Origin`.
      seed: random seed of the choice of images.
      fit: how images are fitted into that size, see `data.input.views.fit_whole_image`.
      version: version of foi_tf.
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
    fit: Fit = "inside"
    version: str = __version__


def evaluate_probe(
    request: features.FeatureRequest, network: features.FeatureExtractor, batch_size: int
) -> ProbeResult:
    """Fits a classifier to the training images of a request, and tests it on all validation images.

    Raises:
      FoiError: the input size is unknown, or the training images have a single class.
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
        images = count_noun(len(seen), "training image")
        raise FoiError(f"{prepared.dataset.id}: {images} of a single class")
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
        fit=request.fit,
    )


def _fit(vectors: np.ndarray, labels: np.ndarray, penalty: float) -> Pipeline:
    """Fits a logistic regression to standardized vectors [N, C] and labels [N]."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=_ITERATIONS))
    with warnings.catch_warnings():
        # The weakest penalties, never the best ones, may stop before they converge.
        warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
        return model.fit(vectors, labels)


def _compute_vectors(
    request: features.FeatureRequest,
    split: str,
    ids,
    size,
    network: features.FeatureExtractor,
    batch_size: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Computes features float32 [N, C] and labels int64 [N] of images, in record order."""
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
        fit=request.fit,
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
