"""Reads NYU Depth v2: the labeled images in nyu_depth_v2_labeled.mat, and the official splits.mat.

The images are 795 for training and 654 for tests, which are our validation. Depth is `depths`,
in meters, in which the publisher has filled the holes of the sensor; so all of it is known. Ids
are numbers of images, from 1, as in splits.mat.
"""

import functools
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import ExpectedFiles, Layout
from foi_tf.data.convert.readers import matlab
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset, Size

_DATA = "nyu_depth_v2_labeled.mat"
_SPLITS = "splits.mat"
_VARIABLES = {"train": "trainNdxs", "val": "testNdxs"}


def _read(root: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    del row
    path = root / _DATA
    images, depths = (matlab.read_hdf5_shape(path, name) for name in ("images", "depths"))
    if len(images) != 4 or images[2] != 3 or depths != (*images[:2], images[3]):
        raise FoiError(
            f"{path}: images of {_format_size(images)} and depths of {_format_size(depths)} are "
            "not [H, W, 3, N] and [H, W, N]; replace it with the publisher's file"
        )
    numbers = {
        split: _read_numbers(root / _SPLITS, name, images[3]) for split, name in _VARIABLES.items()
    }
    if both := sorted(set(numbers["train"]) & set(numbers["val"])):
        raise FoiError(
            f"{root / _SPLITS}: image {both[0]} is in {' and '.join(_VARIABLES.values())}; "
            "replace it with the publisher's file"
        )
    return {split: [_make_entry(path, one) for one in own] for split, own in numbers.items()}


def _read_numbers(path: epath.Path, name: str, count: int) -> list[int]:
    """Reads the numbers of the images of a split, from 1."""
    found = np.ravel(matlab.load_variable(path, name))
    if not np.isin(found, np.arange(1, count + 1)).all() or len(set(found)) < len(found):
        raise FoiError(
            f"{path}: {name} must hold different numbers of images from 1 to {count}, those in "
            f"{_DATA}; take both files from the publisher"
        )
    return found.astype(np.int64).tolist()


def _make_entry(path: epath.Path, number: int) -> FileEntry:
    place = number - 1
    return FileEntry(
        f"{number:04d}",
        path,
        (functools.partial(_load_depth, path, place),),
        load_image=functools.partial(_load_image, path, place),
    )


def _load_image(path: epath.Path, place: int) -> tuple[np.ndarray, Size]:
    image = matlab.load_hdf5_page(path, "images", place)
    if image.dtype != np.uint8:
        raise FoiError(f"{path}: images are {image.dtype}, not uint8; replace the file")
    return image, image.shape[:2]


def _load_depth(path: epath.Path, place: int) -> dict[str, Any]:
    return {"depth": matlab.load_hdf5_page(path, "depths", place).astype(np.float32)}


def _format_size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


LAYOUT = Layout(
    read=_read,
    files=(ExpectedFiles(_DATA, 1), ExpectedFiles(_SPLITS, 1)),
    home=(
        "https://cs.nyu.edu/~silberman/datasets/nyu_depth_v2.html (labeled dataset, 2.8 GB; "
        "splits.mat is at horatio.cs.nyu.edu/mit/silberman/indoor_seg_sup)"
    ),
    terms="free download, under the terms of that page; cite Silberman et al. 2012",
)
