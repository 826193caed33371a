"""Writes a tiny nyu_depth_v2_labeled.mat as MATLAB does, and its splits.mat."""

import numpy as np

from tests.data.convert.layouts import drawing, matlab

_SIZE, _COUNT = drawing.SIZE, 5
_TRAIN, _TEST = (2, 5, 1), (3, 4)  # Numbers of images, from 1.


def _arrays(count=_COUNT):
    """Returns images [H, W, 3, N] and depths [H, W, N], each pixel with a value of its own."""
    height, width = _SIZE
    rows, columns, number = np.mgrid[:height, :width, :count]
    image = np.stack([rows * 40, columns * 30, number * 50], axis=2)
    # Meters, from 0.7 near the top left, and beyond the 10 meters of the sensor.
    depth = 0.7 + rows * 0.25 + columns * 0.5 + number * 1.125
    return image.astype(np.uint8), depth.astype(np.float32)


def write(root):
    images, depths = _arrays()
    # Beside them, the file has labels, names and more, which are passed over.
    matlab.save_hdf5(
        _data(root), images=images, depths=depths, rawDepths=depths * 0, labels=images[:, :, 0]
    )
    _save_splits(root)
    return {
        split: {f"{one:04d}": {"depth": depths[:, :, one - 1]} for one in numbers}
        for split, numbers in (("train", _TRAIN), ("val", _TEST))
    }


def _data(root):
    return root / "nyu_depth_v2_labeled.mat"


def _splits(root):
    return root / "splits.mat"


def _save_splits(root, train=_TRAIN, test=_TEST):
    matlab.save(_splits(root), trainNdxs=np.c_[train], testNdxs=np.c_[test])


def _save_data(root, **changes):
    images, depths = _arrays()
    matlab.save_hdf5(_data(root), **{"images": images, "depths": depths, **changes})


SPOILS = {
    r"labeled\.mat: depths: cannot be read|labeled\.mat: images: cannot be read": lambda root: (
        drawing.truncate(_data(root))
    ),
    r"labeled\.mat: images: cannot be read .*; replace the file": lambda root: _data(root).unlink(),
    r"labeled\.mat: has no array depths; replace it": lambda root: matlab.save_hdf5(
        _data(root), images=_arrays()[0]
    ),
    # As NumPy would write them: not reversed.
    r"labeled\.mat: images of 5 x 3 x 8 x 6 and depths of 5 x 8 x 6 are not": lambda root: (
        _save_data(root, images=_arrays()[0].T, depths=_arrays()[1].T)
    ),
    r"depths of 6 x 8 x 4 are not \[H, W, 3, N\]": lambda root: _save_data(
        root, depths=_arrays(4)[1]
    ),
    r"labeled\.mat: images are float64, not uint8": lambda root: _save_data(
        root, images=_arrays()[0] / 255
    ),
    r"splits\.mat: trainNdxs must hold different numbers of images from 1 to 5": lambda root: (
        _save_splits(root, train=(2, 6))
    ),
    r"splits\.mat: testNdxs must hold different numbers of images": lambda root: _save_splits(
        root, test=(3, 3)
    ),
    r"splits\.mat: testNdxs must hold": lambda root: _save_splits(root, test=(0, 3)),
    r"splits\.mat: trainNdxs must hold": lambda root: _save_splits(root, train=(1.5, 2)),
    r"splits\.mat: image 4 is in trainNdxs and testNdxs": lambda root: _save_splits(
        root, train=(1, 4)
    ),
    r"splits\.mat: No such file": lambda root: _splits(root).unlink(),
    r"splits\.mat: has no variable testNdxs": lambda root: matlab.save(
        _splits(root), trainNdxs=np.c_[_TRAIN]
    ),
    r"nyuv2: no image of nyuv2's val split": lambda root: matlab.save(
        _splits(root), trainNdxs=np.c_[_TRAIN], testNdxs=matlab.EMPTY
    ),
}
