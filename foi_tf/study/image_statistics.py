"""What an evaluation found in each image, beside its result row: `DIGEST.images.npz`.

One schema serves all metrics that are ratios of sums over images: the metric is the mean
over classes of sum(numerator) / sum(denominator), of which rmse is the root. So mIoU has
the pixels of intersection and of union by class, RMSE the squared error and the number of known
pixels in a single column, top-1 accuracy correct and all. Average precision is no such
ratio and has no such file.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
from etils import epath

from foi_tf import files
from foi_tf.errors import FoiError
from foi_tf.study import results

SUFFIX = ".images.npz"
ROOTED = frozenset({"rmse"})
METRICS = frozenset({"miou", "top1"}) | ROOTED


@dataclasses.dataclass(frozen=True, eq=False)
class ImageStatistics:
    """Sums of one run by image.

    Attributes:
      images: [N] names, each once.
      numerator, denominator: [N, classes], not negative.
    """

    images: np.ndarray
    numerator: np.ndarray
    denominator: np.ndarray

    def values(self, metric: str, weights: np.ndarray) -> np.ndarray:
        """The metric with each image counted `weights` times, [..., N] -> [...]."""
        # Products of integer matrices are slow.
        numerator, denominator = (x.astype(float) for x in (self.numerator, self.denominator))
        return metric_from_sums(metric, weights @ numerator, weights @ denominator)

    def sorted(self) -> "ImageStatistics":
        """The same in the order of the images' names."""
        order = np.argsort(self.images)
        return ImageStatistics(self.images[order], self.numerator[order], self.denominator[order])


def metric_from_sums(metric: str, numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """The metric of sums over images, [..., classes] -> [...]; NaN where nothing was counted."""
    counted = denominator > 0
    ratio = np.where(counted, numerator / np.where(counted, denominator, 1), 0)
    classes = counted.sum(-1)
    mean = np.where(classes, ratio.sum(-1) / np.maximum(classes, 1), np.nan)
    return np.sqrt(mean) if metric in ROOTED else mean


def write_beside_row(
    statistics: ImageStatistics, row: Mapping[str, object], directory: epath.PathLike
) -> epath.Path:
    """Writes the statistics beside the row, given as its columns by name.

    Raises:
      FoiError: the directory cannot be written.
    """
    path = _path_beside_row(row, directory)
    save_statistics(statistics, path)
    return path


def remove_beside_row(row: Mapping[str, object], directory: epath.PathLike) -> None:
    """Removes what an earlier run left beside the row, if there is anything.

    Raises:
      FoiError: the directory cannot be written.
    """
    files.remove_file(_path_beside_row(row, directory))


def save_statistics(statistics: ImageStatistics, path: epath.PathLike) -> None:
    """Writes the statistics into a file; integers stay such, which keeps it small.

    Raises:
      FoiError: it cannot be written.
    """
    with files.atomic_write(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(
            stream,
            images=np.asarray(statistics.images, str),
            numerator=statistics.numerator,
            denominator=statistics.denominator,
        )


def find_statistics(directory: epath.PathLike) -> dict[str, epath.Path]:
    """The files in the directory and those in it, by the digest of their row."""
    return {
        name.removesuffix(SUFFIX): root / name
        for root, _, names in epath.Path(directory).walk()
        for name in sorted(names)
        if name.endswith(SUFFIX) and not name.startswith(".")
    }


def read_statistics(path: epath.PathLike) -> ImageStatistics:
    """Reads a file that `write_beside_row` wrote.

    Raises:
      FoiError: it is damaged or holds something else.
    """
    path = epath.Path(path)
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            found = ImageStatistics(arrays["images"], arrays["numerator"], arrays["denominator"])
    except Exception as error:  # NumPy raises errors of many kinds for what is no archive.
        raise FoiError(
            f"{path}: not the statistics of an evaluation by image ({files.first_line(error)}); "
            "remove it"
        ) from error
    images = len(found.images)
    if (
        found.numerator.ndim != 2
        or found.numerator.shape != found.denominator.shape
        or len(found.numerator) != images
        or {found.numerator.dtype.kind, found.denominator.dtype.kind} - set("iuf")
        or len(set(found.images)) != images
    ):
        raise FoiError(f"{path}: images and sums do not agree; remove it and evaluate again")
    return found


def _path_beside_row(row: Mapping[str, object], directory: epath.PathLike) -> epath.Path:
    return epath.Path(directory) / f"{results.row_digest(row)}{SUFFIX}"
