"""Interprets the pickles in files of `torch.save`, and runs no code from them.

A pickle is a program for a stack machine: it may import and call whatever it names. This machine
knows only the instructions that state dicts are made of, and has inert stand-ins for the names in
them. It never does more than a fixed number of instructions, and believes no length.
"""

import collections
import dataclasses
import pickletools
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
import tensorflow as tf

# All three are ours. A training checkpoint of HRNetV2-W48 with Adam has some 120,000.
_MAX_INSTRUCTIONS, _MAX_OPEN, _MAX_TEXT = 250_000, 1000, 2**20
_MAX_AXES = 32  # NumPy 1's limit.

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


class ForbiddenNameError(Exception):
    """Tells that a pickle names something that is not part of a state dict."""


@dataclasses.dataclass(frozen=True)
class Storage:
    """Describes a run of numbers in the file, of which tensors are views."""

    key: str
    dtype: np.dtype
    count: int

    @property
    def size(self) -> int:
        """Returns the number of its bytes."""
        return self.count * self.dtype.itemsize


@dataclasses.dataclass(frozen=True)
class TensorView:
    """Describes a tensor as a view of a storage; offset and strides are in numbers."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def check(self) -> None:
        """Raises ValueError if the tensor is not within its storage."""
        sizes = (self.offset, *self.shape, *self.strides)
        if len(self.shape) != len(self.strides) or any(
            type(n) is not int or not 0 <= n < 2**40 for n in sizes
        ):
            raise ValueError("a tensor has an invalid shape")
        if len(self.shape) > _MAX_AXES:
            raise ValueError(f"a tensor has {len(self.shape)} axes")
        steps = ((n - 1) * stride for n, stride in zip(self.shape, self.strides, strict=True))
        if 0 not in self.shape and self.offset + sum(steps) >= self.storage.count:
            raise ValueError("a tensor goes beyond its storage")

    def view(self, numbers: np.ndarray) -> np.ndarray:
        """Returns the tensor as a view of its storage's numbers.

        Raises:
          ValueError: there are fewer numbers than the storage should have, or the tensor repeats
            them, which no weights do.
        """
        if len(numbers) != self.storage.count:
            raise ValueError("cut short")
        if int(np.prod(self.shape, dtype=object)) > self.storage.count:
            raise ValueError("a tensor is larger than its storage")
        size = self.storage.dtype.itemsize
        return np.lib.stride_tricks.as_strided(
            numbers[self.offset :], self.shape, [size * stride for stride in self.strides]
        )


def _rebuild_tensor(storage, offset, shape, strides, *_) -> TensorView:
    if not isinstance(storage, Storage):
        raise ValueError("a tensor without storage")
    tensor = TensorView(storage, offset, tuple(shape), tuple(strides))
    tensor.check()
    return tensor


def _rebuild_parameter(tensor, *_) -> TensorView:
    return tensor


def _make_mapping(pairs=()) -> dict:
    found: dict = collections.OrderedDict()
    for key, value in pairs:
        _set_item(found, key, value)
    return found


_FUNCTIONS: dict[str, Callable] = {
    "collections OrderedDict": _make_mapping,
    "torch._utils _rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils _rebuild_parameter": _rebuild_parameter,
}
# Instructions that put their argument, or something new, on the stack.
_PUTTING = frozenset({
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
    "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
})  # fmt: skip
_NEW: dict[str, Callable] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "MARK": lambda: _MARK,
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK = object()


class PickleReader:
    """Reads one pickle after another from a file.

    Attributes:
      storages: the storages that occurred, by key.
    """

    def __init__(self, file: BinaryIO):
        self._file = _BoundedFile(file)
        self.storages: dict[str, Storage] = {}
        self._left, self._open = _MAX_INSTRUCTIONS, 0

    def read(self) -> Any:
        """Reads the next pickle.

        Raises:
          ForbiddenNameError: it names something that is not part of a state dict.
          Exception: any kind, as it is cut, damaged or larger than a state dict can be.
        """
        stack: list = []
        memo: dict[int, Any] = {}
        for instruction, argument, _ in pickletools.genops(self._file):
            self._left -= 1
            if self._left < 0:
                raise ValueError("more instructions than a state dict can have")
            if instruction.name not in ("PROTO", "FRAME", "STOP"):
                self._do(instruction.name, argument, stack, memo)
        (result,) = stack
        return result

    def _do(self, name: str, argument: Any, stack: list, memo: dict[int, Any]) -> None:
        """Does one instruction."""
        if name in _PUTTING:
            stack.append(argument)
        elif name in _NEW:
            stack.append(_NEW[name]())
            self._open += name == "MARK"
            if self._open > _MAX_OPEN:
                raise ValueError("nested too deep")
        elif name in ("BINPUT", "LONG_BINPUT", "PUT", "MEMOIZE"):
            memo[len(memo) if argument is None else argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            stack.append(memo[argument])
        elif name in ("GLOBAL", "INST", "STACK_GLOBAL"):
            text = " ".join(reversed([stack.pop(), stack.pop()])) if argument is None else argument
            stack.append(_find_name(text))
        elif name == "TUPLE":
            stack.append(tuple(self._pop_to_mark(stack)))
        elif name in _TUPLES:
            items = [stack.pop() for _ in range(_TUPLES[name])]
            stack.append(tuple(reversed(items)))
        elif name in ("SETITEMS", "SETITEM", "DICT"):
            items = (
                self._pop_to_mark(stack) if name != "SETITEM" else [stack.pop(), stack.pop()][::-1]
            )
            if name == "DICT":
                stack.append({})
            for key, value in zip(items[::2], items[1::2], strict=True):
                _set_item(stack[-1], key, value)
        elif name in ("APPENDS", "APPEND", "LIST"):
            items = self._pop_to_mark(stack) if name != "APPEND" else [stack.pop()]
            if name == "LIST":
                stack.append([])
            if type(stack[-1]) is not list:
                raise ValueError("items that are appended to no list")
            stack[-1].extend(items)
        elif name == "REDUCE":
            arguments, function = stack.pop(), stack.pop()
            if function not in _FUNCTIONS.values() or type(arguments) is not tuple:
                raise ValueError("a call of no function")
            stack.append(function(*arguments))
        elif name == "BUILD":  # PyTorch keeps versions of modules as an attribute of the mapping.
            stack.pop()
            if not isinstance(stack[-1], dict):
                raise ValueError("attributes of no mapping")
        elif name in ("BINPERSID", "PERSID"):
            stack.append(self._find_storage(stack.pop() if argument is None else argument))
        else:
            raise ValueError(f"the instruction {name}, which no state dict has")

    def _pop_to_mark(self, stack: list) -> list:
        """Takes the items above the last mark, and the mark, from the stack."""
        items = []
        while (item := stack.pop()) is not _MARK:
            items.append(item)
        self._open -= 1
        return items[::-1]

    def _find_storage(self, described: Any) -> Storage:
        """Returns the storage that a tuple describes."""
        kind, dtype, key, _, count, *_ = described
        if kind != "storage" or not isinstance(dtype, np.dtype) or not isinstance(key, str):
            raise ValueError("a storage of no known type")
        if type(count) is not int or count < 0:
            raise ValueError("a storage without a size")
        storage = Storage(key, dtype, count)
        if self.storages.setdefault(key, storage) != storage:
            raise ValueError("a storage of two sizes")
        return storage


class _BoundedFile:
    """Reads a file, and never asks for memory for more than there is."""

    def __init__(self, file: BinaryIO):
        place = file.tell()
        self._end = file.seek(0, 2)
        file.seek(place)
        self._file, self.tell = file, file.tell

    def read(self, count: int) -> bytes:
        """Reads exactly so many bytes."""
        if count > self._end - self._file.tell():
            raise EOFError("cut short")
        return self._file.read(count)

    def readline(self) -> bytes:
        """Reads the rest of a line."""
        return self._file.readline(_MAX_TEXT)


def _find_name(text: str) -> Any:
    """Returns the stand-in for "MODULE NAME"."""
    module, _, name = text.partition(" ")
    if text in _FUNCTIONS:
        return _FUNCTIONS[text]
    if module == "torch" and name in _DTYPES:
        return _DTYPES[name]
    raise ForbiddenNameError(f"{module}.{name}")


def _set_item(mapping: Any, key: Any, value: Any) -> None:
    """Sets an item of a mapping, by a key that is no container."""
    if not isinstance(mapping, dict):
        raise ValueError("items of no mapping")
    if not isinstance(key, str | int | float | bytes | None):
        raise ValueError("a key that is no text")
    mapping[key] = value
