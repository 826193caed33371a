"""What an entry of a raw folder is made of, as bytes that change when it does."""

import dataclasses
import functools
import hashlib
import os
import pathlib
from collections.abc import Iterator, Mapping, Set
from typing import Any

import numpy as np
from etils import epath


def signature(value: Any) -> bytes:
    """A digest of whatever determines an entry: fields, annotations, the state of its files.

    A file counts by path, size and time of its last change, not by content; one that is
    not on a local disk by its path, since asking for more takes a request each.
    """
    digest = hashlib.sha256()
    for part in _parts(value):
        digest.update(part)
        digest.update(b"\0")
    return digest.digest()


def _parts(value: Any) -> Iterator[bytes]:
    if isinstance(value, os.PathLike):
        yield _state(epath.Path(value))
    elif isinstance(value, functools.partial):
        yield from _parts((value.func, value.args, value.keywords))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield type(value).__qualname__.encode()
        for field in dataclasses.fields(value):
            yield from _parts(getattr(value, field.name))
    elif isinstance(value, np.ndarray):
        yield repr((value.shape, value.dtype)).encode() + value.tobytes()
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _parts((key, item))
    elif isinstance(value, Set):
        yield from _parts(sorted(value, key=repr))
    elif isinstance(value, list | tuple):
        yield str(len(value)).encode()
        for item in value:
            yield from _parts(item)
    elif callable(value):
        # Where a function came from; its address would differ in each process.
        yield f"{value.__module__}.{value.__qualname__}".encode()
    else:
        yield repr(value).encode()


def _state(path: epath.Path) -> bytes:
    name = os.fspath(path)
    if "://" in name:
        return name.encode()
    try:
        state = pathlib.Path(name).stat()
    except OSError:
        return f"{name} is missing".encode()
    return f"{pathlib.Path(name).absolute()} {state.st_size} {state.st_mtime_ns}".encode()
