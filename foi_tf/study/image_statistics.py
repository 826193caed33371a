"""Stores sums of an evaluation for each image in a file beside the result row.

The file is named `DIGEST.images.npz`. One schema serves all metrics that are ratios of sums over
images: the metric is the mean over classes of sum(numerator) / sum(denominator), and RMSE is
the root of it. The sums are
- for mIoU the pixels of intersection and of union, by class;
- for RMSE the squared error and the number of known pixels, in a single column;
- for top-1 accuracy the correct predictions and all predictions;
- for average precision, which is no such ratio, the objects found among as many predictions as
  there are objects, and all objects, by class (`tasks.image_matches`).
The file also has the metric by class and by the size of objects, if its version kept them.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
from etils import epath

from foi_tf import array_files, files
from foi_tf.errors import FoiError
from foi_tf.study import results

SUFFIX = ".images.npz"
ROOTED = frozenset({"rmse"})  # Metrics that are the root of the mean ratio.
METRICS = frozenset({"miou", "top1"}) | ROOTED  # Metrics that are such a ratio.
SIZES = ("small", "medium", "large")  # COCO's: up to 32 and 96 pixels squared.


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class MetricParts:
    """Holds the metric of one evaluation by class and by the size of objects.

    Attributes:
      class_names: [classes] names, or numbers where there are no names.
      class_values: [classes] metric of each class; NaN for a class that has none.
      class_images: [classes] images that are annotated with the class.
      size_values: [3] metric of objects of `SIZES`; NaN without objects; empty without sizes.
      size_objects: [3] annotated objects of `SIZES`; empty without sizes.
    """

    class_names: np.ndarray
    class_values: np.ndarray
    class_images: np.ndarray
    size_values: np.ndarray = dataclasses.field(default_factory=lambda: np.empty(0))
    size_objects: np.ndarray = dataclasses.field(default_factory=lambda: np.empty(0, int))


@dataclasses.dataclass(frozen=True, eq=False)
class ImageStatistics:
    """Holds the sums of one evaluation for each image.

    Attributes:
      images: [N] names of the images, each once.
      numerator: [N, classes] numbers, not negative.
      denominator: [N, classes] numbers, not negative.
      parts: the metric by class and size; None if the version did not keep them.
    """

    images: np.ndarray
    numerator: np.ndarray
    denominator: np.ndarray
    parts: MetricParts | None = None

    def values(self, metric: str, weights: np.ndarray) -> np.ndarray:
        """Computes the metric with each image counted `weights` times, [..., N] -> [...]."""
        # NumPy multiplies integer matrices slowly.
        numerator, denominator = (x.astype(float) for x in (self.numerator, self.denominator))
        return metric_from_sums(metric, weights @ numerator, weights @ denominator)

    def sorted(self) -> "ImageStatistics":
        """Returns the same sums in the order of the images' names."""
        order = np.argsort(self.images)
        sums = self.numerator[order], self.denominator[order]
        return ImageStatistics(self.images[order], *sums, self.parts)

    def values_by_image(self, metric: str) -> np.ndarray:
        """Computes the metric of each image alone, [N]; NaN where an image has none.

        For average precision it is the share of objects that were found.
        """
        if metric in METRICS:
            return metric_from_sums(metric, self.numerator, self.denominator)
        numerator, denominator = (x.sum(-1) for x in (self.numerator, self.denominator))
        return metric_from_sums(metric, numerator[:, None], denominator[:, None])

    def find_parts(self, metric: str) -> MetricParts | None:
        """Returns the metric by class and size.

        Files of earlier versions have those of mIoU, whose classes are then numbered. A class then
        has the images that it was annotated or predicted in.
        """
        if self.parts is not None or metric != "miou":
            return self.parts
        numerator, denominator = (x.sum(0) for x in (self.numerator, self.denominator))
        return MetricParts(
            class_names=np.arange(len(numerator)).astype(str),
            class_values=metric_from_sums(metric, numerator[:, None], denominator[:, None]),
            class_images=(self.denominator > 0).sum(0),
        )


def metric_from_sums(metric: str, numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Computes a metric from sums over images, [..., classes] -> [...].

    The result is NaN where all denominators are 0.
    """
    counted = denominator > 0
    ratio = np.where(counted, numerator / np.where(counted, denominator, 1), 0)
    classes = counted.sum(-1)
    mean = np.where(classes, ratio.sum(-1) / np.maximum(classes, 1), np.nan)
    return np.sqrt(mean) if metric in ROOTED else mean


def write_beside_row(
    statistics: ImageStatistics, row: Mapping[str, object], directory: epath.PathLike
) -> epath.Path:
    """Writes the statistics of a row into the directory of the row.

    Args:
      statistics: sums of the row's evaluation.
      row: values of the row's columns, by name.
      directory: directory of the row's own file.

    Returns:
      Path of the file.

    Raises:
      FoiError: the directory cannot be written.
    """
    path = _path_beside_row(row, directory)
    save_statistics(statistics, path)
    return path


def remove_beside_row(row: Mapping[str, object], directory: epath.PathLike) -> None:
    """Removes the statistics that an earlier run left beside a row, if there are any.

    Args:
      row: values of the row's columns, by name.
      directory: directory of the row's own file.

    Raises:
      FoiError: the directory cannot be written.
    """
    files.remove_file(_path_beside_row(row, directory))


def save_statistics(statistics: ImageStatistics, path: epath.PathLike) -> None:
    """Writes the statistics into a file. Integers stay integers, which keeps the file small.

    Raises:
      FoiError: the file cannot be written.
    """
    with files.atomic_write(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(
            stream,
            images=np.asarray(statistics.images, str),
            numerator=statistics.numerator,
            denominator=statistics.denominator,
            **(dataclasses.asdict(statistics.parts) if statistics.parts else {}),
        )


def find_statistics(directory: epath.PathLike) -> dict[str, epath.Path]:
    """Finds the files in a directory and its subdirectories, by the digest of their row.

    A table of rows in one file has none beside it.
    """
    if not epath.Path(directory).is_dir():
        return {}
    found = (path for path in files.list_files(directory) if path.name.endswith(SUFFIX))
    return {path.name.removesuffix(SUFFIX): path for path in found}


def read_statistics(path: epath.PathLike) -> ImageStatistics:
    """Reads a file that `write_beside_row` or `save_statistics` wrote.

    Raises:
      FoiError: the file is damaged or holds something else.
    """
    path = epath.Path(path)
    try:
        arrays = array_files.read_arrays(path)
        sums = arrays["images"], arrays["numerator"], arrays["denominator"]
        names = [field.name for field in dataclasses.fields(MetricParts)]
        known = "class_names" in arrays
        parts = MetricParts(**{name: arrays[name] for name in names}) if known else None
        found = ImageStatistics(*sums, parts)
    except (OSError, ValueError, KeyError) as error:
        raise FoiError(
            f"{path}: the file does not hold the image statistics of an evaluation "
            f"({files.describe_error(error)}); remove it"
        ) from error
    images = len(found.images) if found.images.ndim == 1 else -1
    numbers = (found.numerator, found.denominator)
    if (
        found.numerator.ndim != 2
        or found.numerator.shape != found.denominator.shape
        or len(found.numerator) != images
        or {found.numerator.dtype.kind, found.denominator.dtype.kind} - set("iuf")
        or found.images.dtype.kind != "U"
        or len(set(found.images)) != images
        or any((each < 0).any() for each in numbers)
        or (parts is not None and not _is_whole(parts))
    ):
        raise FoiError(f"{path}: images and sums do not agree; remove the file and evaluate again")
    return found


def _is_whole(parts: MetricParts) -> bool:
    """Tells whether arrays of a file have the shapes and types of `MetricParts`."""
    classes, sizes = parts.class_names.shape, parts.size_values.shape
    return (
        len(classes) == 1
        and parts.class_values.shape == parts.class_images.shape == classes
        and sizes == parts.size_objects.shape
        and sizes in ((0,), (len(SIZES),))
        and parts.class_names.dtype.kind == "U"
        and parts.class_values.dtype.kind == parts.size_values.dtype.kind == "f"
        and {parts.class_images.dtype.kind, parts.size_objects.dtype.kind} <= set("iu")
    )


def _path_beside_row(row: Mapping[str, object], directory: epath.PathLike) -> epath.Path:
    """Returns the path of a row's statistics."""
    return epath.Path(directory) / f"{results.row_digest(row)}{SUFFIX}"
