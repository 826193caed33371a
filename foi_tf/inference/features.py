"""Computes features of images, for domain distances (Section 3.2) and transferability."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
from etils import epath

from foi_tf import __version__, tasks
from foi_tf.chains.initial_weights import Start
from foi_tf.data.input import pipeline
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.errors import FoiError
from foi_tf.models import backbones, transfer
from foi_tf.progress import Progress
from foi_tf.study import feature_files
from foi_tf.study.backbones import find_backbone
from foi_tf.study.choices import Fit
from foi_tf.study.dataset import Channels, Size, Task
from foi_tf.study.feature_files import Features, Origin, Points
from foi_tf.study.grid import choose_subset
from foi_tf.tasks import feature_cells
from foi_tf.tasks.base import TaskType
from foi_tf.training import strategies

_SPLIT = "train"


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeatureRequest:
    """Selects images of a dataset, and points in them.

    Attributes:
      prepared: the dataset.
      images: largest number of images; a seeded subset of the training images. With
        `task_type`, only images with its annotation are eligible.
      size: (height, width) of the network's input, into which whole images are scaled to fit;
        None takes the dataset's own training input size.
      task_type: task type of the annotation that points are drawn from; "" draws no points.
      points: largest number of points in each image.
      seed: random seed of the subset and the points.
      fit: how images are fitted into that size, see `data.input.views.fit_whole_image`.
    """

    prepared: PreparedDataset
    images: int = feature_files.MAX_IMAGES
    size: Size | None = None
    task_type: str = ""
    points: int = 0
    seed: int = 0
    fit: Fit = "inside"


class FeatureExtractor:
    """Computes features by a backbone; knows the pixel classifiers of its last link, if any.

    Pixels are normalized as those that the weights were trained on. Where that is not known,
    and for weights of several datasets, each dataset's own statistics normalize its images.

    Args:
      backbone: name of the backbone, as `study.backbones.find_backbone` takes it.
      begin: the weights.
      seed: random seed of random weights.

    Raises:
      FoiError: the weights are not for this backbone.
    """

    def __init__(self, backbone: str, begin: Start, seed: int):
        strategies.make_repeatable(seed)
        self.backbone, self.chain = backbone, begin.chain
        self.weights = begin.digest or f"seed {seed}"
        kept = begin.facts.statistics if begin.facts else None
        self.statistics = kept or find_backbone(backbone).statistics
        self.model = backbones.build_backbone(backbone)
        self.classifiers: list[tuple[np.ndarray, np.ndarray]] = []
        if begin.checkpoint is None:
            return
        transfer.load_backbone(self.model, begin.checkpoint)
        if begin.finished and tasks.TYPES[begin.finished.link.task.type].classifies_cells:
            names = [str(member.task) for member in begin.finished.link.members]
            found = [transfer.read_pixel_classifier(begin.checkpoint, name) for name in names]
            self.classifiers = [each for each in found if each is not None]

    def __call__(self, pixels: tf.Tensor, request: FeatureRequest) -> tf.Tensor:
        """Computes features float32 [B, ceil(H / 4), ceil(W / 4), C] of uint8 [B, H, W, 3]."""
        images = transfer.build_normalizer(*self.choose_statistics(request))(pixels)
        return tf.cast(self.model(images, training=False), tf.float32)

    def choose_statistics(self, request: FeatureRequest) -> tuple[Channels, Channels]:
        """Chooses mean and standard deviation that normalize the images of a request."""
        dataset = request.prepared.dataset
        return self.statistics or (dataset.mean, dataset.std)


def update_features(
    path: epath.PathLike,
    requests: Sequence[FeatureRequest],
    network: FeatureExtractor,
    batch_size: int,
) -> list[Features]:
    """Updates a file to hold exactly the features of the requests, and returns them.

    Features that the file holds already are kept. The file is written again after each
    dataset, so that an interrupted run can continue.

    Raises:
      FoiError: an input size is unknown, there are no images, or the file is broken or cannot
        be written.
    """
    feature_files.check_feature_path(path)
    origins = [_origin(request, network) for request in requests]
    have = _load_known(path, origins)
    if not epath.Path(path).exists():  # Fails before the work, not after it.
        feature_files.write_features(path, [])
    for origin, request in zip(origins, requests, strict=True):
        if origin.name not in have:
            have[origin.name] = _extract(origin, request, network, batch_size)
            feature_files.write_features(path, [have[o.name] for o in origins if o.name in have])
    return [have[origin.name] for origin in origins]


def _load_known(path: epath.PathLike, origins: Sequence[Origin]) -> dict[str, Features]:
    """Loads the wanted features that a file has already, by name of the dataset or task."""
    if not epath.Path(path).exists():
        return {}
    try:
        found = feature_files.load_features(path)
    except FoiError as error:
        raise FoiError(f"{error}, after removing it, or name another --out") from error
    # Those of version 0.1 may lack the geometry of their points.
    whole = [each for each in found if each.points is None or each.points.geometry is not None]
    return {each.origin.name: each for each in whole if each.origin in origins}


def _origin(request: FeatureRequest, network: FeatureExtractor) -> Origin:
    """Returns everything that the requested features depend on."""
    prepared = request.prepared
    dataset = prepared.dataset
    size = request.size or dataset.crop
    if size is None:
        raise FoiError(f"{dataset.id}: no input size is known; give --size=HEIGHTxWIDTH")
    ids = prepared.annotated_ids(_SPLIT, request.task_type or None)
    if not ids:
        what = f"{request.task_type} annotations" if request.task_type else "images"
        raise FoiError(f"{dataset.id}: no {what} in {_SPLIT}")
    return Origin(
        dataset=dataset.id,
        domain=dataset.domain,
        train={kind: dataset.size(kind, _SPLIT) for kind in dataset.classes},
        data=prepared.fingerprint,
        split=_SPLIT,
        ids=tuple(choose_subset(ids, request.images, request.seed)),
        backbone=network.backbone,
        chain=network.chain,
        weights=network.weights,
        size=size,
        fit=request.fit,
        task_type=request.task_type,
        points_per_image=request.points if request.task_type else 0,
        seed=request.seed,
        version=__version__,
        statistics=network.statistics,
    )


def _extract(
    origin: Origin, request: FeatureRequest, network: FeatureExtractor, batch_size: int
) -> Features:
    """Computes the features of one request."""
    drawn = origin.points_per_image
    task = _annotation(origin, request)

    def encode(example):
        found = {
            "id": example["id"],
            "inside": feature_cells.find_inside_cells(example, origin.size),
        }
        if task:
            target = task.cell_labels(example, origin.size)
            found["target"] = tf.where(found["inside"], target, np.nan)
            geometry = task.cell_geometry(example, origin.size)
            none = tf.zeros((*target.shape, 0))
            found["geometry"] = none if geometry is None else geometry
            # The seed depends on the image's id, so that points do not depend on the images' order.
            seed = [request.seed, tf.strings.to_hash_bucket_fast(example["id"], 2**31 - 1)]
            found["order"] = tf.random.stateless_uniform(target.shape, tf.cast(seed, tf.int64))
        return found

    source = pipeline.Input(
        prepared=request.prepared,
        split=origin.split,
        task_type=origin.task_type or None,
        encode=encode,
        crop=origin.size,
        chosen=origin.ids,
        fit=origin.fit,
    )

    @tf.function(autograph=False)
    def step(batch):
        targets = batch["targets"]
        features = network(batch["image"], request)
        features = tf.ensure_shape(features, [*targets["inside"].shape, features.shape[-1]])
        found = {"vectors": average_features(features, targets["inside"])}
        return found | _draw(features, targets, drawn) if drawn else found

    found: dict[str, list[np.ndarray]] = {}
    with Progress(f"{origin.name} features", len(origin.ids), unit="image") as progress:
        for batch in pipeline.make_evaluation_batches(source, batch_size):
            valid = batch["place"].numpy() >= 0
            arrays = {"id": batch["targets"]["id"]} | step(batch)
            for name, values in arrays.items():
                found.setdefault(name, []).append(values.numpy()[valid])
            progress.update(int(valid.sum()))
    arrays = {name: np.concatenate(parts) for name, parts in found.items()}
    return _collect(origin, network, task, arrays)


def _annotation(origin: Origin, request: FeatureRequest) -> TaskType | None:
    """Creates the task type whose annotation points are drawn from; None without points."""
    if not origin.points_per_image:
        return None
    dataset = request.prepared.dataset
    return tasks.create(Task(dataset.id, origin.task_type), dataset)


def average_features(features: tf.Tensor, inside: tf.Tensor) -> tf.Tensor:
    """Averages [B, h, w, C] to [B, C], over the cells `inside` (bool [B, h, w]) the image."""
    weights = tf.cast(inside, tf.float32)
    total = tf.einsum("bhwc,bhw->bc", features, weights)
    return total / tf.reduce_sum(weights, [1, 2])[:, None]


def _draw(features: tf.Tensor, targets, count: int) -> dict[str, tf.Tensor]:
    """Draws up to `count` annotated cells of each image: [B, count, ...], "target" NaN for none."""
    batch, height, width, channels = features.shape
    flat = tf.reshape(targets["target"], [batch, height * width])
    order = tf.where(tf.math.is_nan(flat), -1.0, tf.reshape(targets["order"], flat.shape))
    _, places = tf.math.top_k(order, min(count, height * width))
    vectors = tf.reshape(features, [batch, height * width, channels])
    numbers = targets["geometry"]
    numbers = tf.reshape(numbers, [batch, height * width, numbers.shape[-1]])
    return {
        "points": tf.gather(vectors, places, batch_dims=1),
        "target": tf.gather(flat, places, batch_dims=1),
        "geometry": tf.gather(numbers, places, batch_dims=1),
    }


def _collect(
    origin: Origin,
    network: FeatureExtractor,
    task: TaskType | None,
    found: Mapping[str, np.ndarray],
) -> Features:
    """Sorts arrays of all images by the ids of `origin`, and selects the points."""
    place = {name.decode(): i for i, name in enumerate(found["id"])}
    order = [place[name] for name in origin.ids]
    vectors = found["vectors"][order]
    if task is None:
        return Features(origin=origin, vectors=vectors)
    targets = found["target"][order]
    image, point = np.nonzero(~np.isnan(targets))
    chosen, probabilities = found["points"][order][image, point], None
    if network.classifiers:
        # With several sources, the classes of all of them count, and each source is equally likely.
        each = [tf.nn.softmax(chosen @ kernel + bias) for kernel, bias in network.classifiers]
        probabilities = (tf.concat(each, axis=1) / len(each)).numpy()
    points = Points(
        vectors=chosen,
        targets=targets[image, point].astype(task.cell_dtype),
        images=image,
        geometry=found["geometry"][order][image, point],
        probabilities=probabilities,
    )
    return Features(origin=origin, vectors=vectors, points=points)
