"""Stores sums of an evaluation for each image in a file beside the result row.

The file is named `DIGEST.images.npz`. One schema serves all metrics that are ratios of sums over
images: the metric is the mean over classes of sum(numerator) / sum(denominator), and RMSE is
the root of it. The sums are
- for mIoU the pixels of intersection and of union, by class;
- for RMSE the squared error and the number of known pixels, in a single column;
- for top-1 accuracy the correct predictions and all predictions.
Average precision is not such a ratio and has no such file.
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
METRICS = frozenset({"miou", "top1"}) | ROOTED  # Metrics that have such a file.


@dataclasses.dataclass(frozen=True, eq=False)
class ImageStatistics:
    """Holds the sums of one evaluation for each image.

    Attributes:
      images: [N] names of the images, each once.
      numerator: [N, classes] numbers, not negative.
      denominator: [N, classes] numbers, not negative.
    """

    images: np.ndarray
    numerator: np.ndarray
    denominator: np.ndarray

    def values(self, metric: str, weights: np.ndarray) -> np.ndarray:
        """Computes the metric with each image counted `weights` times, [..., N] -> [...]."""
        # NumPy multiplies integer matrices slowly.
        numerator, denominator = (x.astype(float) for x in (self.numerator, self.denominator))
        return metric_from_sums(metric, weights @ numerator, weights @ denominator)

    def sorted(self) -> "ImageStatistics":
        """Returns the same sums in the order of the images' names."""
        order = np.argsort(self.images)
        return ImageStatistics(self.images[order], self.numerator[order], self.denominator[order])


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
        )


def find_statistics(directory: epath.PathLike) -> dict[str, epath.Path]:
    """Finds the files in a directory and its subdirectories, by the digest of their row."""
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
        found = ImageStatistics(arrays["images"], arrays["numerator"], arrays["denominator"])
    except (OSError, ValueError, KeyError) as error:
        raise FoiError(
            f"{path}: the file does not hold the image statistics of an evaluation "
            f"({files.describe_error(error)}); remove it"
        ) from error
    images = len(found.images) if found.images.ndim == 1 else -1
    sums = (found.numerator, found.denominator)
    if (
        found.numerator.ndim != 2
        or found.numerator.shape != found.denominator.shape
        or len(found.numerator) != images
        or {found.numerator.dtype.kind, found.denominator.dtype.kind} - set("iuf")
        or found.images.dtype.kind != "U"
        or len(set(found.images)) != images
        or any((each < 0).any() for each in sums)
    ):
        raise FoiError(f"{path}: images and sums do not agree; remove the file and evaluate again")
    return found


def _path_beside_row(row: Mapping[str, object], directory: epath.PathLike) -> epath.Path:
    """Returns the path of a row's statistics."""
    return epath.Path(directory) / f"{results.row_digest(row)}{SUFFIX}"
