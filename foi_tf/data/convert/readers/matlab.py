"""Reads variables of MATLAB files as plain values."""

import contextlib
import io
from collections.abc import Iterator, Sequence
from typing import Any

import h5py
import numpy as np
import scipy.io
from etils import epath

from foi_tf.data.convert import text_files
from foi_tf.errors import FoiError
from foi_tf.files import describe_error


def load_variable(path: epath.Path, name: str) -> Any:
    """Loads one variable of a .mat file of version 7 or older.

    Dimensions of length one are dropped. A struct has its fields as attributes. An array of
    structs is an object array of them, or a single struct if there is only one.

    Raises:
      FoiError: the file is missing or broken, or lacks the variable.
    """
    data = text_files.read_bytes(path)
    try:
        content = scipy.io.loadmat(
            io.BytesIO(data), squeeze_me=True, struct_as_record=False, variable_names=[name]
        )
    except Exception as error:  # On a broken file, SciPy's parser raises errors of any type.
        reason = describe_error(error)
        raise FoiError(f"{path}: not a whole .mat file ({reason}); replace it") from error
    if name not in content:
        raise FoiError(f"{path}: has no variable {name}; replace it with the publisher's file")
    return content[name]


def read_hdf5_shape(path: epath.Path, name: str) -> tuple[int, ...]:
    """Returns the size of an array of a .mat file of version 7.3, as MATLAB has it.

    Raises:
      FoiError: as `load_hdf5_page`.
    """
    with _open_hdf5_array(path, name) as array:
        return array.shape[::-1]


def load_hdf5_page(path: epath.Path, name: str, place: int) -> np.ndarray:
    """Loads a page of an array of a .mat file of version 7.3: all at one last index, from 0.

    Such a file is HDF5, in which MATLAB writes dimensions in reverse.

    Raises:
      FoiError: the file is missing or broken, or lacks the array or the page.
    """
    with _open_hdf5_array(path, name) as array:
        return np.ascontiguousarray(array[place].T)


@contextlib.contextmanager
def _open_hdf5_array(path: epath.Path, name: str) -> Iterator[h5py.Dataset]:
    try:
        with path.open("rb") as file, h5py.File(file, "r") as content:
            found = content.get(name)
            if not isinstance(found, h5py.Dataset):
                raise FoiError(f"{path}: has no array {name}; replace it with the publisher's file")
            yield found
    except (OSError, KeyError, ValueError, IndexError) as error:
        reason = describe_error(error)
        raise FoiError(f"{path}: {name}: cannot be read ({reason}); replace the file") from error


def get_field(struct: Any, name: str, where: str) -> Any:
    """Returns a field of a struct.

    Raises:
      FoiError: there is no such field.
    """
    if not hasattr(struct, name):
        raise FoiError(f"{where}: has no field {name}; replace the file with the publisher's")
    return getattr(struct, name)


def list_items(value: Any) -> Sequence[Any]:
    """Returns the elements of an array that may have been squeezed to a single value."""
    return list(np.atleast_1d(value))


def is_empty(value: Any) -> bool:
    """Tells whether a value is MATLAB's [], which means that a field is not set."""
    return isinstance(value, np.ndarray) and value.size == 0
