"""Reads the tensors in files of `torch.save` without PyTorch, and runs no code from them.

`state_dict_pickle` interprets the pickles. Lengths in a file are compared with what there is, and
numbers with the file's checksums. The format before PyTorch 1.6 has none.
"""

import dataclasses
import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import numpy as np
from etils import epath

from foi_tf.errors import FoiError
from foi_tf.files import describe_error
from foi_tf.models.weights.state_dict_pickle import ForbiddenNameError, PickleReader, TensorView

# First pickles of PyTorch's old format (before 1.6), which the HRNet authors' files have.
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
# Offset in the header of a zip entry of the lengths of its last two fields, name and extra.
_ZIP_LENGTHS = 26
# Keys under which training scripts save the weights among other things.
_STATE_DICTS = ("state_dict", "model_state_dict", "model")


@dataclasses.dataclass(frozen=True)
class _Run:
    """Says where in the file the numbers of a storage are.

    Attributes:
      start: position of the first byte.
      size: number of bytes.
      checksum: CRC-32 of the bytes; None in the old format.
    """

    start: int
    size: int
    checksum: int | None


class TorchTensors:
    """Reads the tensors of a file of `torch.save`; see `tensor_files.Tensors`."""

    def __init__(
        self, path: epath.Path, tensors: Mapping[str, TensorView], runs: Mapping[str, _Run]
    ):
        self._path, self._tensors, self._runs = path, tensors, runs
        self.shapes: Mapping[str, tuple[int, ...]] = {
            name: tensor.shape for name, tensor in tensors.items()
        }

    def read(self, name: str) -> np.ndarray:
        """Reads one tensor.

        Raises:
          FoiError: its numbers are cut short or damaged.
        """
        tensor = self._tensors[name]
        run = self._runs[tensor.storage.key]
        with self._path.open("rb") as file:
            file.seek(run.start)
            data = file.read(run.size)
        try:
            if run.checksum not in (None, zlib.crc32(data)):
                raise ValueError("its checksum is another")
            return tensor.view(np.frombuffer(data[: tensor.storage.size], tensor.storage.dtype))
        except ValueError as error:
            raise FoiError(f"{self._path}: {name} is damaged ({error}); fetch it again") from error


def open_torch_file(path: epath.Path) -> TorchTensors:
    """Opens a file of `torch.save` that holds a state dict, alone or in a training checkpoint.

    Raises:
      FoiError: the file has another format, is broken, or names anything but tensors.
    """
    with path.open("rb") as file:
        try:
            is_zip = zipfile.is_zipfile(file)
            file.seek(0)
            content, runs = _read_zip(file) if is_zip else _read_old(file)
            return TorchTensors(path, _find_state_dict(content), runs)
        except ForbiddenNameError as error:
            raise FoiError(
                f"{path}: names {error}, which is not part of a state dict; no code was run. "
                "Save the state dict alone, or take the .safetensors file"
            ) from error
        except Exception as error:  # A hostile program may end in an error of any kind.
            raise FoiError(
                f"{path}: not a whole file of torch.save ({describe_error(error)}); fetch it again"
            ) from error


def _read_zip(file: BinaryIO) -> tuple[Any, dict[str, _Run]]:
    """Returns the content of the pickle, and the place in the file of each storage."""
    with zipfile.ZipFile(file) as archive:
        entries = {info.filename: info for info in archive.infolist()}
        if any(info.compress_type != zipfile.ZIP_STORED for info in entries.values()):
            raise ValueError("compressed, as torch.save never does")
        runs = {name: _find_run(file, info, archive.start_dir) for name, info in entries.items()}
        root = _find_root(entries)
        order = f"{root}byteorder"
        if order in entries and archive.read(order) != b"little":
            raise ValueError("big-endian numbers")
        reader = PickleReader(io.BytesIO(archive.read(f"{root}data.pkl")))
        content = reader.read()
        stored = {key: runs[f"{root}data/{key}"] for key in reader.storages}
        for key, storage in reader.storages.items():
            _check_size(storage.size, stored[key].size)
        return content, stored


def _find_run(file: BinaryIO, info: zipfile.ZipInfo, end: int) -> _Run:
    """Finds the bytes of an entry; the archive's list of its entries starts at `end`."""
    # An entry's own header repeats its name and may have other extra fields.
    file.seek(info.header_offset + _ZIP_LENGTHS)
    start = sum(struct.unpack("<HH", file.read(4)), file.tell())
    _check_size(max(info.file_size, info.compress_size), end - start)
    return _Run(start, info.file_size, info.CRC)


def _find_root(names: Iterable[str]) -> str:
    """Finds the folder of an archive that holds all entries."""
    for name in names:
        if name.rpartition("/")[2] == "data.pkl":
            return name.removesuffix("data.pkl")
    raise ValueError("an archive without data.pkl")


def _read_old(file: BinaryIO) -> tuple[Any, dict[str, _Run]]:
    """Reads the format before PyTorch 1.6, pickles followed by numbers; returns as `_read_zip`."""
    reader = PickleReader(file)
    if reader.read() != _MAGIC or reader.read() != _PROTOCOL:
        raise ValueError("unknown format")
    reader.read()  # Sizes and byte order of the writer's machine; all known machines agree.
    content, keys = reader.read(), reader.read()
    end = _find_end(file)
    runs = {}
    for key in keys:
        storage = reader.storages[key]
        (count,) = struct.unpack("<q", file.read(8))
        if count != storage.count:
            raise ValueError("sizes disagree")
        runs[key] = _Run(file.tell(), storage.size, None)
        _check_size(storage.size, end - file.tell())
        file.seek(storage.size, io.SEEK_CUR)
    if runs.keys() != reader.storages.keys():
        raise ValueError("a storage without numbers")
    return content, runs


def _find_end(file: BinaryIO) -> int:
    """Returns the size of a file, and stays where it is."""
    place = file.tell()
    end = file.seek(0, io.SEEK_END)
    file.seek(place)
    return end


def _check_size(needed: int, size: int) -> None:
    """Raises ValueError if more bytes are needed than there are."""
    if needed > size:
        raise ValueError("cut short")


def _find_state_dict(content: Any) -> dict[str, TensorView]:
    """Returns the tensors by name of a state dict, alone or inside a training checkpoint."""
    if isinstance(content, dict):
        for name in _STATE_DICTS:
            if isinstance(content.get(name), dict):
                return _find_state_dict(content[name])
        tensors = {str(k): v for k, v in content.items() if isinstance(v, TensorView)}
        if tensors:
            return tensors
    raise ValueError("no state dict")
