"""MATLAB files as publishers write them: structs, arrays of structs, and cells."""

import h5py
import numpy as np
import scipy.io

EMPTY = np.empty((0, 0))  # MATLAB's [].


def save(path, **variables):
    """Writes a .mat file of version 5."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, variables, do_compression=True)


def structs(*records):
    """Returns a 1 x N array of structs, all with the fields of the first."""
    array = np.empty((1, len(records)), dtype=[(name, object) for name in records[0]])
    for index, record in enumerate(records):
        for name, value in record.items():
            array[name][0, index] = value
    return array


def cells(values, shape=None):
    """Returns a cell array: a column, or one of another shape."""
    array = np.empty(len(values), object)
    array[:] = list(values)
    return array.reshape(shape or (-1, 1))


def save_hdf5(path, **arrays):
    """Writes arrays as MATLAB's version 7.3 does: as HDF5, with dimensions in reverse order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file[name] = np.transpose(array)
