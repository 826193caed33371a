"""Computes fingerprints of entries: digests that change with anything an example depends on."""

import dataclasses
import functools
import hashlib
import os
import pathlib
import types
from collections.abc import Iterator, Mapping, Set
from typing import Any

import numpy as np
from etils import epath

# Names of functions and classes in version 0.1.0, by their present names. Fingerprints contain
# the names of that version, and prepared data is compared by fingerprints: with other names, all
# data that users have prepared would count as changed. Add a line when a loader or a dataclass of
# entries gets a new name or place; `test_fingerprint` fails without it.
_NAMES_IN_0_1_0 = {
    # Functions, without the package's name, which was `foi_tf.data`.
    "custom_dataset._read_upright": "own._read_upright",
    "layouts.ilsvrc._load_label": "layouts.ilsvrc._label",
    "layouts.ilsvrc._read_member": "layouts.ilsvrc._member",
    "layouts.pcontext._load_mask": "layouts.pcontext._mask",
    "layouts.pvoc._load_boundaries": "layouts.pvoc._boundaries",
    "layouts.sunrgbd._load_depth": "layouts.sunrgbd._depth",
    "layouts.sunrgbd._load_mask": "layouts.sunrgbd._mask",
    "readers.depth.load_depth_map": "readers.depth.load",
    "readers.labels.load_color_mask": "readers.labels.of_colours",
    "readers.labels.load_id_mask": "readers.labels.of_ids",
    "readers.panoptic._load_mask": "readers.panoptic._mask",
    "readers.polygons.load_mask": "readers.polygons.load",
    "readers.voc.load_boxes": "readers.voc.load",
    # Classes.
    "CocoCategories": "Kind",
    "DepthCoding": "Coding",
    "FileEntry": "Entry",
    "SceneEntry": "Scene",
    "TileCoding": "Coding",
    "_BddBox": "_Box",
    "_BddFrame": "_Frame",
    "_BddLabel": "_Label",
    "_CocoAnnotation": "_Annotation",
    "_PanopticSegment": "_Segment",
    "YoloConfig": "_Kind",
}
_PACKAGE, _PACKAGE_IN_0_1_0 = "foi_tf.data.convert.", "foi_tf.data."

# Metadata of a dataclass's field on which records do not depend; fingerprints leave it out.
NOT_IN_RECORDS = types.MappingProxyType({"in_records": False})


_LARGE = 8  # Items of a mapping that is worth keeping; ours.
_MOST_TABLES = 64  # Mappings that are kept, since some belong to single entries; ours.

# By id of a mapping: itself, which keeps the id its own, and its parts.
Tables = dict[int, tuple[Mapping, list[bytes]]]


def compute_fingerprint(value: Any, tables: Tables | None = None) -> bytes:
    """Computes a digest of all that determines an entry: fields, annotations, states of files.

    A local file counts by its path, size and time of last change, not by its content. Any
    other file counts by its path alone, since asking for more takes a request for each.

    Args:
      value: an entry, or a tuple with entries.
      tables: keeps the parts of tables of classes, which many entries share, for the next call;
        None keeps them within this one.
    """
    digest = hashlib.sha256()
    for part in _list_parts(value, {} if tables is None else tables):
        digest.update(part)
        digest.update(b"\0")
    return digest.digest()


def _list_parts(value: Any, tables: Tables) -> Iterator[bytes]:
    if isinstance(value, os.PathLike):
        yield _read_state(epath.Path(value))
    elif isinstance(value, functools.partial):
        yield from _list_parts((value.func, value.args, value.keywords), tables)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        name = type(value).__qualname__
        yield _NAMES_IN_0_1_0.get(name, name).encode()
        for field in _list_fields(type(value)):
            yield from _list_parts(getattr(value, field), tables)
    elif isinstance(value, np.ndarray):
        yield repr((value.shape, value.dtype)).encode() + value.tobytes()
    elif isinstance(value, Mapping):
        if id(value) not in tables and len(value) >= _LARGE and len(tables) < _MOST_TABLES:
            tables[id(value)] = value, list(_list_items(value, tables))
        found = tables.get(id(value))
        yield from found[1] if found else _list_items(value, tables)
    elif isinstance(value, Set):
        yield from _list_parts(sorted(value, key=repr), tables)
    elif isinstance(value, list | tuple):
        yield str(len(value)).encode()
        for item in value:
            yield from _list_parts(item, tables)
    elif callable(value):
        # The name of a function, since its address differs in each process.
        yield _name_function(f"{value.__module__}.{value.__qualname__}").encode()
    else:
        yield repr(value).encode()


def _list_items(value: Mapping, tables: Tables) -> Iterator[bytes]:
    for key, item in value.items():
        yield from _list_parts((key, item), tables)


@functools.cache
def _list_fields(kind: type) -> tuple[str, ...]:
    """Returns the names of a dataclass's fields on which records depend."""
    fields = dataclasses.fields(kind)
    return tuple(field.name for field in fields if field.metadata != NOT_IN_RECORDS)


def _name_function(name: str) -> str:
    """Returns the full name that a function had in version 0.1.0."""
    if not name.startswith(_PACKAGE):
        return name
    inner = name.removeprefix(_PACKAGE)
    return _PACKAGE_IN_0_1_0 + _NAMES_IN_0_1_0.get(inner, inner)


def _read_state(path: epath.Path) -> bytes:
    """Returns a file's full path, size in bytes and time of last change in nanoseconds."""
    name = os.fspath(path)
    if "://" in name:
        return name.encode()
    try:
        state = pathlib.Path(name).stat()
    except OSError:
        return f"{name} is missing".encode()
    return f"{pathlib.Path(name).absolute()} {state.st_size} {state.st_mtime_ns}".encode()
