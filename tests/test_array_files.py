import io
import zipfile

import numpy as np
import pytest

from foi_tf import array_files


def test_arrays_come_as_they_were(tmp_path):
    arrays = {
        "a/b": np.arange(6, dtype=np.float32).reshape(2, 3),
        "columns": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "texts": np.array(["é", "long"]),
        "one": np.array(5),
        "none": np.zeros((0, 3)),
    }
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "x.npz", **arrays)
        found = array_files.read_arrays(tmp_path / "x.npz")
        assert found.keys() == arrays.keys()
        for name, array in arrays.items():
            assert found[name].dtype == array.dtype and np.array_equal(found[name], array)


def write_entry(path, shape, data, compression=zipfile.ZIP_STORED):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": shape}
    )
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("x.npy", header.getvalue() + data)
    return path


@pytest.mark.parametrize("shape", [(2**40,), (5,), (3,), (-1,), (2**70, 0)])
def test_shapes_that_are_not_those_of_the_numbers_are_refused(shape, tmp_path):
    path = write_entry(tmp_path / "x.npz", shape, np.zeros(4, np.float32).tobytes())
    with pytest.raises(ValueError, match=r"x\.npy"):
        array_files.read_arrays(path)


def test_archives_that_expand_without_measure_are_refused(tmp_path):
    path = write_entry(tmp_path / "x.npz", (2**25,), bytes(2**27), zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 2**18
    with pytest.raises(ValueError, match="beyond all measure"):
        array_files.read_arrays(path)


def test_damage_and_objects_are_refused(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, x=np.array([{}], object))
    with pytest.raises(ValueError, match="holds no numbers"):
        array_files.read_arrays(path)
    np.savez(path, x=np.arange(100))
    data = bytearray(path.read_bytes())
    data[400] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="CRC"):
        array_files.read_arrays(path)
    path.write_bytes(data[:200])
    with pytest.raises(ValueError, match="zip"):
        array_files.read_arrays(path)
