"""JSON files read into dataclasses, whose types they are checked against."""

from collections.abc import Sequence
from typing import TypeVar

import pydantic
from etils import epath

from foi_tf.data.convert import raw_files
from foi_tf.errors import FoiError

Content = TypeVar("Content")
_MISSING = ("missing", "missing_argument")  # Pydantic's names for an absent key.


def read_json(path: epath.Path, content: type[Content], kind: str) -> Content:
    """Reads a JSON file; keys that `content` does not have are passed over.

    Args:
      content: a dataclass, or a list of one.
      kind: what such files are called, for errors.

    Raises:
      FoiError: the file is missing, no JSON, or lacks something.
    """
    try:
        return pydantic.TypeAdapter(content).validate_json(raw_files.read_bytes(path))
    except pydantic.ValidationError as error:
        problem = error.errors()[0]
    if problem["type"] == "json_invalid":
        raise FoiError(f"{path}: not JSON ({problem['msg']})")
    *parents, key = problem["loc"] or ("",)
    if problem["type"] in _MISSING and isinstance(key, str):
        raise FoiError(f"{path}: {_place(parents) or f'not {kind}'}, it lacks {key}")
    raise FoiError(f"{path}: {_place([*parents, key]) or f'not {kind}'}: {problem['msg']}")


def _place(steps: Sequence[str | int]) -> str:
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return "".join(parts).strip(".")
