"""Variables of MATLAB files, as plain values."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.io
from etils import epath

from foi_tf.data.convert import raw_files
from foi_tf.errors import FoiError
from foi_tf.files import first_line


def load_variable(path: epath.Path, name: str) -> Any:
    """Loads one variable of a .mat file of version 7 or older.

    Dimensions of length one are squeezed away; a struct has its fields as attributes, and
    an array of structs is an object array of such, or a single one where there is one.

    Raises:
      FoiError: the file is missing or broken, or has no such variable.
    """
    data = raw_files.read_bytes(path)
    try:
        content = scipy.io.loadmat(
            io.BytesIO(data), squeeze_me=True, struct_as_record=False, variable_names=[name]
        )
    except Exception as error:  # SciPy's parser lets whatever a torn file leads to pass.
        reason = first_line(error)
        raise FoiError(f"{path}: not a whole .mat file ({reason}); replace it") from error
    if name not in content:
        raise FoiError(f"{path}: has no variable {name}; it is another file than expected")
    return content[name]


def get_field(struct: Any, name: str, where: str) -> Any:
    """A struct's field.

    Raises:
      FoiError: there is no such field.
    """
    if not hasattr(struct, name):
        raise FoiError(f"{where}: has no field {name}; it is another file than expected")
    return getattr(struct, name)


def list_items(value: Any) -> Sequence[Any]:
    """The elements of what was an array before it was squeezed: none, one or several."""
    return list(np.atleast_1d(value))


def is_empty(value: Any) -> bool:
    """Whether it is MATLAB's [], which stands for a field that has not been set."""
    return isinstance(value, np.ndarray) and value.size == 0
