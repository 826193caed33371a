"""Reads JSON files into dataclasses and checks their types."""

from collections.abc import Sequence
from typing import TypeVar

import pydantic
from etils import epath

from foi_tf.data.convert import text_files
from foi_tf.errors import FoiError

Content = TypeVar("Content")
_MISSING = ("missing", "missing_argument")  # Pydantic's names for an absent key.


def read_json(path: epath.Path, content: type[Content], kind: str) -> Content:
    """Reads a JSON file; keys that `content` does not have are ignored.

    Args:
      path: the file.
      content: the type to read: a dataclass, or a list of one.
      kind: name of such files, for error messages.

    Raises:
      FoiError: the file is missing, is not JSON, or lacks a key.
    """
    data: bytes | str = text_files.read_bytes(path)
    if any(data.startswith(mark) for mark, _ in text_files.BYTE_ORDER_MARKS):
        data = text_files.decode_text(data, path)
    try:
        return pydantic.TypeAdapter(content).validate_json(data)
    except pydantic.ValidationError as error:
        problem = error.errors()[0]
    if problem["type"] == "json_invalid":
        raise FoiError(f"{path}: is not JSON ({problem['msg']}); replace it")
    *parents, key = problem["loc"] or ("",)
    if problem["type"] in _MISSING and isinstance(key, str):
        raise FoiError(f"{path}: {_format_place(parents) or f'is not {kind}'}: '{key}' is missing")
    raise FoiError(
        f"{path}: {_format_place([*parents, key]) or f'is not {kind}'}: {problem['msg']}"
    )


def _format_place(steps: Sequence[str | int]) -> str:
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return "".join(parts).strip(".")
