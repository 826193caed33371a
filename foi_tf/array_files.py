"""Reads .npz files of arrays, within limits of memory and without believing their headers."""

import math
import zipfile

import numpy as np
from etils import epath

# An archive may expand to this many bytes, and to so many times its own size; both are ours.
_FREE, _FACTOR = 2**26, 200


def read_arrays(path: epath.PathLike) -> dict[str, np.ndarray]:
    """Reads all arrays of a .npz file by name, and checks their checksums.

    Raises:
      OSError: the file is missing or cannot be read.
      ValueError: it is no whole archive of arrays; or it expands without measure, or has objects.
    """
    path = epath.Path(path)
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        try:
            with zipfile.ZipFile(stream) as archive:
                entries = archive.infolist()
                names = [entry.filename.removesuffix(".npy") for entry in entries]
                if len(set(names)) < len(names):
                    raise ValueError("two arrays of one name")
                if sum(entry.file_size for entry in entries) > _FREE + _FACTOR * size:
                    raise ValueError("arrays beyond all measure of the file")
                return {
                    name: _read_array(archive, entry)
                    for name, entry in zip(names, entries, strict=True)
                }
        except OSError:
            raise
        except Exception as error:  # NumPy and zipfile raise many kinds for damaged content.
            raise ValueError(" ".join(str(error).split()) or type(error).__name__) from error


def _read_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    """Reads an array whose header agrees with the size of its entry."""
    with archive.open(entry) as stream:
        version = np.lib.format.read_magic(stream)
        read_header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, fortran, dtype = read_header(stream)
        needed = math.prod(shape) * dtype.itemsize
        if dtype.hasobject or min(shape, default=0) < 0:
            raise ValueError(f"{entry.filename} holds no numbers and no texts")
        data = stream.read(needed + 1) if needed < entry.file_size else b""
        if len(data) != needed or stream.tell() != entry.file_size:
            raise ValueError(f"{entry.filename} is cut short")
    if not dtype.itemsize:
        return np.zeros(shape, dtype)
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
