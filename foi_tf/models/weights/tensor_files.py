"""Reads files of named tensors in several formats, one tensor at a time."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import safetensors
import tensorflow as tf
from etils import epath

from foi_tf.errors import FoiError
from foi_tf.files import describe_error
from foi_tf.models.weights import torch_file

Shape = tuple[int, ...]
_TORCH = (".pth", ".pt", ".bin", ".tar", ".ckpt")
_LFS = b"version https://git-lfs"  # How the stand-in for a file begins that was not fetched.
_MAPPED = 2**25  # Bytes of a file that may stay in memory after they are read; ours.


class Tensors(Protocol):
    """Reads the tensors of a file one at a time, so that memory holds only one of them.

    Attributes:
      shapes: shapes of all tensors by name, in the order of the file.
    """

    shapes: Mapping[str, Shape]

    def read(self, name: str) -> np.ndarray:
        """Reads one tensor."""


class SafeTensors:
    """Reads the tensors of a .safetensors file.

    Attributes:
      metadata: texts in the file's header.
      shapes: see `Tensors`.
    """

    def __init__(self, path: epath.Path):
        self._path, self._mapped = path, 0
        self._file = self._open()
        self.metadata: Mapping[str, str] = self._file.metadata() or {}
        names = self._file.keys()
        self.shapes: Mapping[str, Shape] = {
            name: tuple(self._file.get_slice(name).get_shape()) for name in names
        }

    def read(self, name: str) -> np.ndarray:
        """Reads one tensor."""
        # The file is mapped into memory. Parts that were read stay there until it is closed.
        if self._mapped > _MAPPED:
            self._file, self._mapped = self._open(), 0
        try:
            tensor = self._file.get_tensor(name)
        except Exception as error:  # The library raises many kinds, as for 8-bit floats.
            raise _unreadable_error(self._path, name, error) from error
        self._mapped += tensor.nbytes
        return tensor

    def _open(self):
        try:
            return safetensors.safe_open(str(self._path), framework="numpy")
        except Exception as error:
            raise _broken_error(self._path, ".safetensors file", error) from error


class CheckpointTensors:
    """Reads the tensors of a TensorFlow checkpoint, which has a checksum for each."""

    def __init__(self, path: epath.Path):
        try:
            self._reader = tf.train.load_checkpoint(str(path))
            shapes = self._reader.get_variable_to_shape_map()
        except Exception as error:  # TensorFlow raises an IndexError for an index that is cut.
            raise _broken_error(path, "TensorFlow checkpoint", error) from error
        self._path = path
        self.shapes: Mapping[str, Shape] = {
            name: tuple(shape) for name, shape in sorted(shapes.items())
        }

    def read(self, name: str) -> np.ndarray:
        """Reads one tensor."""
        try:
            return self._reader.get_tensor(name)
        except Exception as error:
            raise _unreadable_error(self._path, name, error) from error


def _broken_error(path: epath.Path, kind: str, error: Exception) -> FoiError:
    return FoiError(f"{path}: not a whole {kind} ({describe_error(error)}); fetch it again")


def _unreadable_error(path: epath.Path, name: str, error: Exception) -> FoiError:
    return FoiError(f"{path}: {name} cannot be read ({describe_error(error)}); fetch it again")


def read_metadata(path: epath.PathLike) -> Mapping[str, str]:
    """Reads the texts in the header of a .safetensors file; other formats have none.

    Raises:
      FoiError: the file is broken.
    """
    path = epath.Path(path)
    if path.suffix != ".safetensors" or not path.is_file():
        return {}
    return SafeTensors(path).metadata


def open_tensors(path: epath.PathLike) -> Tensors:
    """Opens a file of tensors by its suffix, or the TensorFlow checkpoint PATH.index.

    Raises:
      FoiError: the file does not exist, its format is unknown, or it is broken.
    """
    path = epath.Path(path)
    if epath.Path(f"{path}.index").is_file():
        return CheckpointTensors(path)
    if path.is_dir():
        raise FoiError(f"{path}: is a directory; give the file of weights in it")
    if not path.is_file():
        raise FoiError(f"{path}: no such file")
    with path.open("rb") as file:
        if file.read(len(_LFS)) == _LFS:
            raise FoiError(f"{path}: a Git LFS pointer and no weights; fetch them by git lfs pull")
    if path.suffix == ".safetensors":
        return SafeTensors(path)
    if path.suffix in _TORCH:
        return torch_file.open_torch_file(path)
    known = f".safetensors, {', '.join(_TORCH)}, a TensorFlow checkpoint (without .index)"
    raise FoiError(f"{path}: unknown format of tensors; known: {known}")
