"""Writes and reads the files of image features that `foi-features` makes for the analysis.

One .npz file holds the features of several datasets, or of several tasks where they have
points. Its arrays are named DATASET/vectors or DATASET:TYPE/vectors and the like. The array
"origins" is a JSON text that names, for each of them, the images and the network.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pydantic
from etils import epath

from foi_tf import array_files, files
from foi_tf.errors import FoiError
from foi_tf.study.choices import Fit
from foi_tf.study.dataset import Channels
from foi_tf.wording import count_noun

MAX_IMAGES = 1000  # Images of a dataset that get features, at most (Section 3.2).

_ORIGINS = "origins"
_SUFFIX = ".npz"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Origin:
    """Identifies the images and the network of features; equal origins mean equal features.

    Attributes:
      dataset: id of the images' dataset.
      domain: image domain of the dataset.
      train: number of training images of the dataset, by task type.
      data: digest of the dataset's records.
      split: split of the images, "train" or "val".
      ids: ids of the images, in the order of the vectors.
      backbone: name of the backbone, such as "hrnet_w48".
      chain: tasks that the weights were trained on, such as ("ilsvrc", "coco:segmentation").
      weights: digest of the weights.
      size: (height, width) of the network's input in pixels; images were scaled to fit into it.
      task_type: task type of the annotation that points were drawn from; "" without points.
      points_per_image: the most points that were drawn from an image.
      seed: random seed that chose the points (and the images that `ids` names).
      version: version of foi_tf.
      statistics: mean and standard deviation of the channels that normalized the pixels, those
        that the weights were trained with; None for the dataset's own.
      fit: how images were fitted into the input, see `data.input.views.fit_whole_image`.
    """

    dataset: str
    domain: str
    train: dict[str, int]
    data: str
    split: str
    ids: tuple[str, ...]
    backbone: str
    chain: tuple[str, ...]
    weights: str
    size: tuple[int, int]
    task_type: str
    points_per_image: int
    seed: int
    version: str
    statistics: tuple[Channels, Channels] | None = None
    fit: Fit = "inside"

    @property
    def name(self) -> str:
        """Names the dataset of the features, or with points their task."""
        return f"{self.dataset}:{self.task_type}" if self.task_type else self.dataset

    @property
    def network(self) -> str:
        """Describes the network that made the features."""
        own = "" if self.statistics is None else f", pixels as in training {self.statistics}"
        return f"{self.backbone} of {' -> '.join(self.chain)} ({self.weights}{own})"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Points:
    """Holds single cells of feature maps (stride 4) with the annotation at their centers.

    Attributes:
      vectors: float32 [M, C] features.
      targets: [M] annotations: int64 class ids (segmentation, and detection at the centers of
        boxes), int64 indices of keypoints, or float32 depth in meters.
      images: int64 [M] positions of the points' images in `Origin.ids`.
      geometry: float32 [M, G] numbers that a head regresses there, see
        `tasks.base.TaskType.cell_geometry`; G is 0 for segmentation. None in files of version
        0.1 that were made without.
      probabilities: float32 [M, Z] probabilities of the Z source classes by the network's own
        segmentation heads, over the classes of all sources if it had several; None if the
        network has no such head.
    """

    vectors: np.ndarray
    targets: np.ndarray
    images: np.ndarray
    geometry: np.ndarray | None = None
    probabilities: np.ndarray | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Features:
    """Holds the features of some images of one dataset, by one network.

    Attributes:
      origin: see `Origin`.
      vectors: float32 [N, C] features, averaged over each image (Section 3.2).
      points: see `Points`; None where no points were drawn.
    """

    origin: Origin
    vectors: np.ndarray
    points: Points | None = None


def write_features(path: epath.PathLike, features: Sequence[Features]) -> None:
    """Writes a file of features; readers see the whole file or none.

    Raises:
      FoiError: the path does not end in .npz, or cannot be written.
    """
    path = epath.Path(path)
    check_feature_path(path)
    arrays = {}
    for each in features:
        name = each.origin.name
        arrays[f"{name}/vectors"] = each.vectors
        if each.points is not None:
            for field in dataclasses.fields(Points):
                if (value := getattr(each.points, field.name)) is not None:
                    arrays[f"{name}/points/{field.name}"] = value
    origins = json.dumps([dataclasses.asdict(each.origin) for each in features])
    with files.atomic_write(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **{_ORIGINS: np.array(origins)}, **arrays)


def check_feature_path(path: epath.PathLike) -> None:
    """Raises FoiError unless a path has the suffix by which `load_all_features` finds files."""
    if epath.Path(path).suffix != _SUFFIX:
        raise FoiError(f"{path}: features are kept in {_SUFFIX} files; choose a name that ends so")


def load_features(path: epath.PathLike) -> list[Features]:
    """Reads one file of features.

    Raises:
      FoiError: the file does not exist, is cut short or does not hold features; or its
        features are empty, not finite or do not match their images in shape.
    """
    path = epath.Path(path)
    try:
        arrays = array_files.read_arrays(path)
        origins = pydantic.TypeAdapter(list[Origin]).validate_json(str(arrays[_ORIGINS]))
        found = [_features_from_arrays(origin, arrays) for origin in origins]
    except OSError as error:
        reason = files.describe_error(error)
        raise FoiError(f"{path}: {reason}; make the file with foi-features") from error
    except (ValueError, KeyError) as error:
        reason = files.describe_error(error)
        raise FoiError(
            f"{path}: not a whole file of features ({reason}); make it again with foi-features"
        ) from error
    for each in found:
        if problem := _find_problem(each):
            raise FoiError(f"{path}: {each.origin.dataset}: {problem}")
    return found


def load_all_features(paths: Iterable[epath.PathLike]) -> list[Features]:
    """Reads files of features, and all such files of directories in the order of their names.

    Raises:
      FoiError: as `load_features`; or a directory holds no file of features.
    """
    found = []
    for path in map(epath.Path, paths):
        inside = sorted(path.glob(f"*{_SUFFIX}")) if path.is_dir() else [path]
        inside = [each for each in inside if not each.name.startswith(".")]  # Being written.
        if not inside:
            raise FoiError(f"{path}: no features (*{_SUFFIX}) in it; make them with foi-features")
        for each in inside:
            found.extend(load_features(each))
    return found


def comparable_features(features: Iterable[Features]) -> dict[str, Features]:
    """Returns features by dataset, after a check that they can be compared with each other.

    Raises:
      FoiError: features are by different networks or have different lengths, or a dataset
        appears twice with different images.
    """
    found: dict[str, Features] = {}
    for each in features:
        first = next(iter(found.values()), each)
        pair = f"{first.origin.dataset} and {each.origin.dataset}"
        if each.origin.network != first.origin.network:
            raise FoiError(
                f"features of {pair} are by different networks, {first.origin.network} and "
                f"{each.origin.network}; distances need the same network"
            )
        if each.vectors.shape[1] != first.vectors.shape[1]:
            raise FoiError(
                f"features of {pair} have {first.vectors.shape[1]} and {each.vectors.shape[1]} "
                "numbers an image; distances need the same backbone"
            )
        same = found.setdefault(each.origin.dataset, each)
        if same.origin.ids != each.origin.ids or same.origin.size != each.origin.size:
            raise FoiError(
                f"features of {each.origin.dataset} were given twice, with different images; "
                "name only one of the files"
            )
    return found


def _features_from_arrays(origin: Origin, arrays: Mapping[str, np.ndarray]) -> Features:
    """Collects the features of one origin from the arrays of a file."""
    points = None
    if origin.task_type:
        fields = [field.name for field in dataclasses.fields(Points)]
        stored = {field: f"{origin.name}/points/{field}" for field in fields}
        points = Points(**{f: arrays[key] for f, key in stored.items() if key in arrays})
    return Features(origin=origin, vectors=arrays[f"{origin.name}/vectors"], points=points)


def _find_problem(features: Features) -> str:
    """Says why features cannot be used; "" if they can."""
    origin, vectors, points = features.origin, features.vectors, features.points
    if not vectors.size:
        return "the features have no images"
    if vectors.dtype.kind != "f":
        return f"features of the type {vectors.dtype}"
    if vectors.ndim != 2 or len(vectors) != len(origin.ids):
        return f"features of shape {vectors.shape} for {count_noun(len(origin.ids), 'image')}"
    if not (finite := np.isfinite(vectors).all(1)).all():
        return f"image {origin.ids[int(np.argmin(finite))]}: its features are not finite (NaN)"
    return _find_problem_of_points(points, origin, vectors.shape[1]) if points else ""


def _find_problem_of_points(points: Points, origin: Origin, channels: int) -> str:
    """Says why the points of features cannot be used; "" if they can."""
    arrays = {f.name: getattr(points, f.name) for f in dataclasses.fields(points)}
    arrays = {name: array for name, array in arrays.items() if array is not None}
    wide = {"vectors", "geometry", "probabilities"}
    if any(array.ndim != (2 if name in wide else 1) for name, array in arrays.items()):
        return "its points have arrays of different shapes"
    if len({len(array) for array in arrays.values()}) > 1 or points.vectors.shape[1] != channels:
        return "its points have arrays of different shapes"
    kinds = {"vectors": "f", "geometry": "f", "probabilities": "f", "images": "iu"}
    kinds |= {"targets": "iuf"}
    for name, array in arrays.items():
        if array.dtype.kind not in kinds[name]:
            return f"{name} of its points of the type {array.dtype}"
        if not np.isfinite(array).all():
            return f"{name} of its points are not finite (NaN)"
    if points.images.size and not 0 <= points.images.min() <= points.images.max() < len(origin.ids):
        return "its points are in images that it does not have"
    if (points.targets < 0).any():
        return "its points have negative targets"
    if points.probabilities is not None and (points.probabilities < 0).any():
        return "its points have negative probabilities"
    return ""
