"""Evaluates a linear classifier on a frozen backbone (Appendix B).

The backbone computes features of whole images once, with batch norm in inference mode. L-BFGS
fits a logistic regression to their averages, as SimCLR does for datasets other than that of
the pre-training (arXiv 2002.05709, Appendix B.8). The strength of the penalty is chosen on
held-out training images.

Datasets without a label for each image, as COCO, take the classes of their boxes: an image has all
classes of which it shows an object. Then each class has a regression of its own. The paper says
only "COCO image classification"; this reading is ours.
"""

import dataclasses
import warnings

import numpy as np
import sklearn.exceptions
import tensorflow as tf
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from foi_tf import __version__
from foi_tf.data.input import pipeline
from foi_tf.errors import FoiError
from foi_tf.inference import features
from foi_tf.progress import Progress
from foi_tf.study.choices import Fit
from foi_tf.study.dataset import Channels, Dataset
from foi_tf.study.grid import choose_subset
from foi_tf.tasks import feature_cells
from foi_tf.wording import count_noun

HOLDOUT = 0.2  # Share of the training images that the penalty is chosen on; ours.
PENALTIES = tuple(np.logspace(-4, 2, 7).tolist())  # scikit-learn's C. Ours: SimCLR tries 45.
_ITERATIONS = 500  # Largest number of iterations; ours.
_SINGLE, _MULTIPLE = "classification", "detection"  # Annotations with a label, or with boxes.


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """Holds the accuracy of a linear probe, and everything that it depends on.

    Attributes:
      dataset: id of the dataset.
      data: digest of the dataset's records.
      labels: task type of the annotations that the labels are from.
      top1: accuracy on the validation images, in [0, 1]. With labels from boxes it is the share
        of images whose likeliest class they show, of those that show an object.
      mean_ap: mean over the classes of the average precision of validation images; None where
        each image has one label.
      penalty: the chosen C of scikit-learn, the inverse of the penalty's strength.
      train, val: number of training and of validation images.
      size: (height, width) that whole images are scaled to fit into.
      backbone, chain, weights: the network; see `study.feature_files.Origin`.
      mean, std: mean and standard deviation of the channels that normalized the pixels.
      seed: random seed of the choice of images.
      fit: how images are fitted into that size, see `data.input.views.fit_whole_image`.
      version: version of foi_tf.
    """

    dataset: str
    data: str
    labels: str
    top1: float
    mean_ap: float | None
    penalty: float
    train: int
    val: int
    size: tuple[int, int]
    backbone: str
    chain: tuple[str, ...]
    weights: str
    mean: Channels
    std: Channels
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
    kind = find_label_type(prepared.dataset)
    ids = choose_subset(prepared.annotated_ids("train", kind), request.images, request.seed)
    held = frozenset(choose_subset(ids, max(1, round(HOLDOUT * len(ids))), request.seed + 1))
    seen = [name for name in ids if name not in held]
    fitting, choosing, testing = (
        _compute_vectors(request, kind, split, chosen, size, network, batch_size)
        for split, chosen in (
            ("train", seen),
            ("train", sorted(held)),
            ("val", prepared.annotated_ids("val", kind)),
        )
    )
    if len(np.unique(fitting[1], axis=0)) < 2:
        images = count_noun(len(seen), "training image")
        raise FoiError(f"{prepared.dataset.id}: {images} of a single class")
    quality = {p: _measure(_fit(*fitting, p), *choosing)[-1] for p in PENALTIES}
    mean, std = network.choose_statistics(request)
    best = max(PENALTIES, key=quality.get)
    every = [np.concatenate(parts) for parts in zip(fitting, choosing, strict=True)]
    top1, *precision = _measure(_fit(*every, best), *testing)
    return ProbeResult(
        dataset=prepared.dataset.id,
        data=prepared.fingerprint,
        labels=kind,
        top1=top1,
        mean_ap=precision[0] if precision else None,
        penalty=best,
        train=len(ids),
        val=len(testing[1]),
        size=size,
        backbone=network.backbone,
        chain=network.chain,
        weights=network.weights,
        mean=mean,
        std=std,
        seed=request.seed,
        fit=request.fit,
    )


def find_label_type(dataset: Dataset) -> str:
    """Finds the task type whose annotations label the images of a dataset.

    Raises:
      FoiError: the dataset has neither a label for each image nor boxes.
    """
    for kind in (_SINGLE, _MULTIPLE):
        if kind in dataset.classes:
            return kind
    raise FoiError(f"{dataset.id} has neither {_SINGLE} nor {_MULTIPLE} annotations")


def _fit(vectors: np.ndarray, labels: np.ndarray, penalty: float) -> Pipeline:
    """Fits a logistic regression to standardized vectors [N, C] and labels [N] or [N, classes]."""
    regression = LogisticRegression(C=penalty, max_iter=_ITERATIONS)
    if labels.ndim > 1:
        regression = OneVsRestClassifier(regression)
    model = make_pipeline(StandardScaler(), regression)
    with warnings.catch_warnings():
        # The weakest penalties, never the best ones, may stop before they converge.
        warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
        # Classes that no training image has, or all have, get a constant score.
        warnings.filterwarnings("ignore", "Label .* is present in")
        return model.fit(vectors, labels)


def _measure(model: Pipeline, vectors: np.ndarray, labels: np.ndarray) -> list[float]:
    """Returns top-1 accuracy and, for labels [N, classes], mean average precision."""
    if labels.ndim == 1:
        return [float(model.score(vectors, labels))]
    scores = model.decision_function(vectors).reshape(labels.shape)
    labeled, shown = labels.any(1), labels.any(0)
    hits = labels[np.arange(len(labels)), scores.argmax(1)]
    precision = average_precision_score(labels[:, shown], scores[:, shown], average="macro")
    return [float(hits[labeled].mean()), float(precision)]


def _compute_vectors(
    request: features.FeatureRequest,
    kind: str,
    split: str,
    ids,
    size,
    network: features.FeatureExtractor,
    batch_size: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Computes features float32 [N, C] and labels of images, in record order.

    Labels are int64 [N], or with labels from boxes bool [N, classes].
    """
    classes = request.prepared.dataset.classes[kind]

    def find_labels(example) -> tf.Tensor:
        if kind == _SINGLE:
            return example["label"]
        return tf.reduce_any(tf.one_hot(example["box_labels"], classes, True, False), axis=0)

    source = pipeline.Input(
        prepared=request.prepared,
        split=split,
        task_type=kind,
        encode=lambda example: {
            "label": find_labels(example),
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
