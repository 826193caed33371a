"""Reads the tensors in files of `torch.save` without PyTorch, and runs no code from them.

A pickle is a program: it may import and call whatever it names. Here it can name only the
parts of a state dict, and gets inert stand-ins for them.
"""

import collections
import dataclasses
import io
import pickle
import struct
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import numpy as np
import tensorflow as tf
from etils import epath

from foi_tf.errors import FoiError
from foi_tf.files import first_line

# First pickles of PyTorch's old format (before 1.6), which the HRNet authors' files have.
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
# Offset in the header of a zip entry of the lengths of its last two fields, name and extra.
_ZIP_LENGTHS = 26

_DTYPES: dict[str, np.dtype] = {
    "DoubleStorage": np.dtype("<f8"),
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "BFloat16Storage": np.dtype(tf.bfloat16.as_numpy_dtype),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}
# Keys under which training scripts save the weights among other things.
_STATE_DICTS = ("state_dict", "model_state_dict", "model")


@dataclasses.dataclass(frozen=True)
class _Storage:
    """Describes a run of numbers in the file, of which tensors are views."""

    key: str
    dtype: np.dtype
    count: int


@dataclasses.dataclass(frozen=True)
class _Tensor:
    """Describes a tensor as a view of a storage; offset and strides are in numbers."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def check(self) -> None:
        """Raises ValueError if the tensor is not within its storage."""
        sizes = (self.offset, *self.shape, *self.strides)
        if len(self.shape) != len(self.strides) or any(
            not isinstance(n, int) or n < 0 for n in sizes
        ):
            raise ValueError("a tensor has an invalid shape")
        steps = ((n - 1) * stride for n, stride in zip(self.shape, self.strides, strict=True))
        if 0 not in self.shape and self.offset + sum(steps) >= self.storage.count:
            raise ValueError("a tensor goes beyond its storage")

    def view(self, numbers: np.ndarray) -> np.ndarray:
        """Returns the tensor as a view of its storage's numbers."""
        size = self.storage.dtype.itemsize
        return np.lib.stride_tricks.as_strided(
            numbers[self.offset :], self.shape, [size * stride for stride in self.strides]
        )


class _Callable:
    """Stands in for a function that a pickle may call; without attributes, it cannot be changed."""

    __slots__ = ()


class _RebuildTensor(_Callable):
    """Stands in for PyTorch's function that makes a tensor from a storage."""

    __slots__ = ()

    def __call__(self, storage, offset, shape, strides, *_) -> _Tensor:
        if not isinstance(storage, _Storage):
            raise ValueError("a tensor without storage")
        tensor = _Tensor(storage, offset, tuple(shape), tuple(strides))
        tensor.check()
        return tensor


class _RebuildParameter(_Callable):
    """Stands in for PyTorch's function that makes a parameter from a tensor."""

    __slots__ = ()

    def __call__(self, tensor, *_) -> _Tensor:
        return tensor


_ALLOWED = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _RebuildTensor(),
    ("torch._utils", "_rebuild_parameter"): _RebuildParameter(),
}


class _ForbiddenError(Exception):
    """Tells that a pickle names something that is not part of a state dict."""


class _Unpickler(pickle.Unpickler):
    """Unpickles without importing anything."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        if module == "torch" and name in _DTYPES:
            return name
        raise _ForbiddenError(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, name, key, _, count, *_ = pid
        if kind != "storage":
            raise ValueError(f"a persistent '{kind}'")
        if name not in _DTYPES or not isinstance(count, int) or count < 0:
            raise ValueError("a storage of no known type")
        return _Storage(str(key), _DTYPES[name], count)


class TorchTensors:
    """Reads the tensors of a file of `torch.save`; see `tensor_files.Tensors`."""

    def __init__(self, path: epath.Path, tensors: Mapping[str, _Tensor], starts: Mapping[str, int]):
        self._path, self._tensors, self._starts = path, tensors, starts
        self.shapes: Mapping[str, tuple[int, ...]] = {
            name: tensor.shape for name, tensor in tensors.items()
        }

    def read(self, name: str) -> np.ndarray:
        """Reads one tensor."""
        tensor = self._tensors[name]
        storage = tensor.storage
        with self._path.open("rb") as file:
            file.seek(self._starts[storage.key])
            data = file.read(storage.count * storage.dtype.itemsize)
        return tensor.view(np.frombuffer(data, storage.dtype))


def open_torch_file(path: epath.Path) -> TorchTensors:
    """Opens a file of `torch.save` that holds a state dict, alone or in a training checkpoint.

    Raises:
      FoiError: the file has another format, is broken, or names anything but tensors.
    """
    with path.open("rb") as file:
        try:
            is_zip = zipfile.is_zipfile(file)
            file.seek(0)
            content, starts = _read_zip(file) if is_zip else _read_old(file)
            return TorchTensors(path, _find_state_dict(content), starts)
        except _ForbiddenError as error:
            raise FoiError(
                f"{path}: names {error}, which is not part of a state dict; no code was run. "
                "Save the state dict alone, or take the .safetensors file"
            ) from error
        except (
            pickle.UnpicklingError, zipfile.BadZipFile, struct.error, EOFError, LookupError,
            TypeError, ValueError, AttributeError, OverflowError, MemoryError, RecursionError,
        ) as error:  # fmt: skip
            raise FoiError(
                f"{path}: not a whole file of torch.save ({first_line(error)}); fetch it again"
            ) from error


def _read_zip(file: BinaryIO) -> tuple[Any, dict[str, int]]:
    """Returns the content of the pickle, and the place in the file where each storage starts."""
    with zipfile.ZipFile(file) as archive:
        entries = {info.filename: info for info in archive.infolist()}
        root = _find_root(entries)
        if any(info.compress_type != zipfile.ZIP_STORED for info in entries.values()):
            raise ValueError("compressed, as torch.save never does")
        order = f"{root}byteorder"
        if order in entries and archive.read(order) != b"little":
            raise ValueError("big-endian numbers")
        unpickler = _StorageCollector(io.BytesIO(archive.read(f"{root}data.pkl")))
        content = unpickler.load()
        starts = {}
        for storage in unpickler.storages.values():
            info = entries[f"{root}data/{storage.key}"]
            _check_size(storage, info.file_size)
            # An entry's own header repeats its name and may have other extra fields.
            file.seek(info.header_offset + _ZIP_LENGTHS)
            starts[storage.key] = sum(struct.unpack("<HH", file.read(4)), file.tell())
        return content, starts


def _find_root(names: Iterable[str]) -> str:
    """Finds the folder of an archive that holds all entries."""
    for name in names:
        if name.rpartition("/")[2] == "data.pkl":
            return name.removesuffix("data.pkl")
    raise ValueError("an archive without data.pkl")


def _read_old(file: BinaryIO) -> tuple[Any, dict[str, int]]:
    """Reads the format before PyTorch 1.6, pickles followed by numbers; returns as `_read_zip`."""
    if _Unpickler(file).load() != _MAGIC or _Unpickler(file).load() != _PROTOCOL:
        raise ValueError("unknown format")
    _Unpickler(
        file
    ).load()  # Sizes and byte order of the writer's machine; all known machines agree.
    unpickler = _StorageCollector(file)
    content = unpickler.load()
    starts = {}
    for key in _Unpickler(file).load():
        storage = unpickler.storages[str(key)]
        (count,) = struct.unpack("<q", file.read(8))
        if count != storage.count:
            raise ValueError("sizes disagree")
        starts[storage.key] = file.tell()
        file.seek(count * storage.dtype.itemsize, io.SEEK_CUR)
    size = file.seek(0, io.SEEK_END)
    for storage in unpickler.storages.values():
        _check_size(storage, size - starts[storage.key])
    return content, starts


class _StorageCollector(_Unpickler):
    """Unpickles and collects the storages that occur."""

    def __init__(self, file: BinaryIO):
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def persistent_load(self, pid: Any) -> _Storage:
        storage = super().persistent_load(pid)
        return self.storages.setdefault(storage.key, storage)


def _check_size(storage: _Storage, size: int) -> None:
    """Raises ValueError if a storage needs more than `size` bytes."""
    if storage.count * storage.dtype.itemsize > size:
        raise ValueError("cut short")


def _find_state_dict(content: Any) -> dict[str, _Tensor]:
    """Returns the tensors by name of a state dict, alone or inside a training checkpoint."""
    if isinstance(content, dict):
        for name in _STATE_DICTS:
            if isinstance(content.get(name), dict):
                return _find_state_dict(content[name])
        tensors = {str(k): v for k, v in content.items() if isinstance(v, _Tensor)}
        if tensors:
            return tensors
    raise ValueError("no state dict")
