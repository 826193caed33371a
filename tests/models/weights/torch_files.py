"""Writes files as torch.save does, without PyTorch: opcode by opcode.

Checked against files of PyTorch 2.14 when it was written; benchmarks/parity.py reads one.
"""

import pickle
import struct
import zipfile

import numpy as np

_KINDS = {"float32": "FloatStorage", "float16": "HalfStorage", "int64": "LongStorage"}
MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


def named(module, name):
    return f"c{module}\n{name}\n".encode()


def value(x):
    if isinstance(x, tuple):
        return b"(" + b"".join(map(value, x)) + b"t"
    if isinstance(x, bytes):
        return x
    return pickle.dumps(x, protocol=2)[2:-1]


EMPTY = named("collections", "OrderedDict") + b")R"


def tensor(key, array, *, offset=0, shape=None, strides=None, count=None):
    """Returns the opcodes of a call of _rebuild_tensor_v2."""
    shape = array.shape if shape is None else shape
    strides = tuple(s // array.itemsize for s in array.strides) if strides is None else strides
    count = array.size if count is None else count
    storage = ("storage", named("torch", _KINDS[array.dtype.name]), key, "cpu", count)
    arguments = (value(storage) + b"Q", offset, shape, strides, False, EMPTY)
    return named("torch._utils", "_rebuild_tensor_v2") + value(arguments) + b"R"


def mapping(pairs):
    return EMPTY + b"(" + b"".join(value(k) + value(v) for k, v in pairs.items()) + b"u"


def program(content):
    """Returns a whole pickle."""
    return b"\x80\x02" + content + b"."


def state_dict(arrays, prefix=""):
    return mapping({prefix + n: tensor(str(i), a) for i, (n, a) in enumerate(arrays.items())})


def write_zip(path, content, arrays, compression=zipfile.ZIP_STORED):
    """Writes the format since PyTorch 1.6."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", program(content))
        archive.writestr("archive/byteorder", b"little")
        for i, array in enumerate(arrays.values()):
            archive.writestr(f"archive/data/{i}", array.tobytes())
        archive.writestr("archive/version", b"3\n")
    return path


def write_old(path, content, arrays):
    """Writes the format before PyTorch 1.6."""
    parts = [pickle.dumps(x, protocol=2) for x in (MAGIC, PROTOCOL, {"little_endian": True})]
    keys = [str(i) for i in range(len(arrays))]
    parts += [program(content), pickle.dumps(keys, protocol=2)]
    for array in arrays.values():
        parts += [struct.pack("<q", array.size), array.tobytes()]
    path.write_bytes(b"".join(parts))
    return path


def some_arrays():
    rng = np.random.default_rng(0)
    return {
        "conv1.weight": rng.normal(size=(4, 3, 3, 3)).astype(np.float32),
        "bn1.weight": rng.normal(size=4).astype(np.float16),
        "bn1.num_batches_tracked": np.asarray(7, np.int64),
    }
