"""Features of images as files: what `foi-features` writes and the analysis reads.

One .npz file holds several datasets, or tasks: arrays named DATASET/vectors and the like, or
DATASET:TYPE/vectors with points, and under "origins" a JSON text that says of each which images
they are and what network they went through.
"""

import dataclasses
import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pydantic
from etils import epath

from foi_tf import files
from foi_tf.errors import FoiError

MAX_IMAGES = 1000  # At most of a dataset; Section 3.2.

_ORIGINS = "origins"
_SUFFIX = ".npz"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Origin:
    """Of which images features are, and what network made them; equal ones, equal features.

    Attributes:
      dataset, domain: where the images are from.
      train: by task type, the training images of the dataset.
      data: digest of the dataset's records.
      split: the images' own.
      ids: of the images, in the order of the vectors.
      backbone: such as "hrnet_w48".
      chain: what its weights were trained on, such as ("ilsvrc", "coco:segmentation").
      weights: a digest of them.
      size: (height, width) of the network's input, which images were scaled to fit into.
      task_type: the annotation that points were drawn from; "" without points.
      points_per_image: the most points that were drawn from an image.
      seed: of the choice of points (and of the images, which `ids` names).
      version: of foi_tf.
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

    @property
    def name(self) -> str:
        """What features are of: a dataset, or with points a task."""
        return f"{self.dataset}:{self.task_type}" if self.task_type else self.dataset

    @property
    def network(self) -> str:
        """What made the features, in words."""
        return f"{self.backbone} of {' -> '.join(self.chain)} ({self.weights})"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Points:
    """Single cells of feature maps (stride 4) with the annotation at their centers.

    Attributes:
      vectors: float32 [M, C].
      targets: [M]: int64 class ids (segmentation, detection: at the centers of boxes) or
        indices of keypoints; float32 meters for depth.
      images: int64 [M], the place of each one's image in `Origin.ids`.
      probabilities: float32 [M, Z], what the network's own segmentation heads say of its Z
        source classes there, over those of all sources if it had several; None without any.
    """

    vectors: np.ndarray
    targets: np.ndarray
    images: np.ndarray
    probabilities: np.ndarray | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Features:
    """Features of some images of one dataset, by one network.

    Attributes:
      origin: see `Origin`.
      vectors: float32 [N, C], averaged over each image (Section 3.2).
      points: see `Points`; None where none were asked for.
    """

    origin: Origin
    vectors: np.ndarray
    points: Points | None = None


def write_features(path: epath.PathLike, features: Sequence[Features]) -> None:
    """Writes a file of features, atomically.

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
    """Raises FoiError unless a path is one that `load_features` would find again."""
    if epath.Path(path).suffix != _SUFFIX:
        raise FoiError(f"{path}: features are kept in {_SUFFIX} files; name one")


def load_features(path: epath.PathLike) -> list[Features]:
    """Reads one file of features.

    Raises:
      FoiError: there is no such file, it is cut short or no such file at all, or features
        in it are empty, of another shape than their images, or not finite.
    """
    path = epath.Path(path)
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            origins = pydantic.TypeAdapter(list[Origin]).validate_json(str(arrays[_ORIGINS]))
            found = [_features_from_arrays(origin, arrays) for origin in origins]
    except OSError as error:
        # NumPy says what is wrong with the content in exceptions without a number, too.
        reason = files.describe_os_error(error) if error.errno else "not whole"
        raise FoiError(f"{path}: {reason}; foi-features makes it") from error
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        reason = files.first_line(error)
        raise FoiError(
            f"{path}: not a whole file of features ({reason}); make it anew with foi-features"
        ) from error
    for each in found:
        if problem := _find_problem(each):
            raise FoiError(f"{path}: {each.origin.dataset}: {problem}")
    return found


def load_all_features(paths: Iterable[epath.PathLike]) -> list[Features]:
    """Reads files, and of directories all files of features in them, by name.

    Raises:
      FoiError: as `load_features`; or a directory holds none.
    """
    found = []
    for path in map(epath.Path, paths):
        inside = sorted(path.glob(f"*{_SUFFIX}")) if path.is_dir() else [path]
        inside = [each for each in inside if not each.name.startswith(".")]  # Being written.
        if not inside:
            raise FoiError(f"{path}: no features (*{_SUFFIX}) in it; foi-features makes them")
        for each in inside:
            found.extend(load_features(each))
    return found


def comparable_features(features: Iterable[Features]) -> dict[str, Features]:
    """By dataset, features that can be held against each other.

    Raises:
      FoiError: two of them are by different networks or of different lengths, or a dataset
        is there twice with different images.
    """
    found: dict[str, Features] = {}
    for each in features:
        first = next(iter(found.values()), each)
        pair = f"{first.origin.dataset} and {each.origin.dataset}"
        if each.origin.network != first.origin.network:
            raise FoiError(
                f"features of {pair} are by different networks, {first.origin.network} and "
                f"{each.origin.network}; distances need the same one"
            )
        if each.vectors.shape[1] != first.vectors.shape[1]:
            raise FoiError(
                f"features of {pair} have {first.vectors.shape[1]} and {each.vectors.shape[1]} "
                "numbers an image; distances need the same backbone"
            )
        same = found.setdefault(each.origin.dataset, each)
        if same.origin.ids != each.origin.ids or same.origin.size != each.origin.size:
            raise FoiError(
                f"features of {each.origin.dataset} are there twice, of different images; "
                "name one of the files"
            )
    return found


def _features_from_arrays(origin: Origin, arrays: Mapping[str, np.ndarray]) -> Features:
    points = None
    if origin.task_type:
        fields = [field.name for field in dataclasses.fields(Points)]
        stored = {field: f"{origin.name}/points/{field}" for field in fields}
        points = Points(**{f: arrays[key] for f, key in stored.items() if key in arrays})
    return Features(origin=origin, vectors=arrays[f"{origin.name}/vectors"], points=points)


def _find_problem(features: Features) -> str:
    """What keeps features from being of use; empty if nothing does."""
    origin, vectors, points = features.origin, features.vectors, features.points
    if not len(vectors):
        return "no images"
    if vectors.ndim != 2 or len(vectors) != len(origin.ids):
        return f"features of shape {vectors.shape} for {len(origin.ids)} images"
    if not (finite := np.isfinite(vectors).all(1)).all():
        return f"image {origin.ids[int(np.argmin(finite))]}: features that are not finite (NaN)"
    if points is not None:
        arrays = (getattr(points, field.name) for field in dataclasses.fields(points))
        lengths = {len(array) for array in arrays if array is not None}
        if len(lengths) > 1 or points.vectors.shape[1] != vectors.shape[1]:
            return "points of different shapes"
        if not np.isfinite(points.vectors).all():
            return "points that are not finite (NaN)"
    return ""
