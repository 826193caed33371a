"""Parses text, JSON and YAML of unknown origin: strictly, and within limits of memory and time.

Whatever is wrong with the content, a `ValueError` says so in a few words; callers add the file and
the remedy.
"""

import codecs
import json
import math
import re
from collections.abc import Mapping
from typing import Any, ClassVar

import yaml
from etils import epath

from foi_tf.errors import FoiError
from foi_tf.files import describe_error

# All four are ours.
_MAX_DIGITS = 30  # Digits of a number in JSON; more than any number that a program means.
_MAX_YAML = 2**18  # Characters.
_MAX_NODES = 100_000  # Values in YAML, with each alias counted as what it stands for.
_MAX_DEPTH = 50  # Containers of YAML inside each other.


_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> float:
    """Returns the seconds of a duration such as "90s", "30m" or "2h".

    Raises:
      ValueError: it is none.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h|d)\s*", text)
    if not found or not float(found[1]):
        raise ValueError("must be a duration, as 90s, 30m or 2h")
    return float(found[1]) * _SECONDS[found[2]]


def read_text(path: epath.PathLike) -> str:
    """Reads a text file; see `decode_text`.

    Raises:
      FoiError: the file is missing, cannot be read, or is no such text.
    """
    try:
        return decode_text(epath.Path(path).read_bytes())
    except OSError as error:
        raise FoiError(f"{path}: the file cannot be read ({describe_error(error)})") from error
    except ValueError as error:
        raise FoiError(f"{path}: {error}; save the file as UTF-8") from error


def decode_text(data: bytes) -> str:
    """Decodes text in UTF-8, or in UTF-16 with its byte order mark, as spreadsheets save it.

    Raises:
      ValueError: it is neither.
    """
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValueError(f"line {line} is not text in UTF-8") from error


def parse_json(text: str | bytes) -> Any:
    """Parses JSON; unlike Python's own parser it refuses whatever the standard does.

    Raises:
      ValueError: the text is no JSON; or it has NaN, a number beyond all use, a key twice, half of
        a surrogate pair, or is nested too deep.
    """
    try:
        found = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_int=_parse_integer,
            parse_float=_parse_float,
            object_pairs_hook=_make_object,
        )
        json.dumps(found, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    except UnicodeEncodeError as error:
        raise ValueError("half of a surrogate pair") from error
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name}, which is no number of JSON")


def _parse_integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:_MAX_DIGITS]}, which is too large")
    return number


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"'{twice}' is given twice")
    return found


def parse_yaml(text: str) -> Any:
    """Parses YAML 1.2: 1e-3 is a number, `no` is a text, and 010 and 1:30 are no numbers.

    Raises:
      ValueError: the text is no YAML; or it has a key twice, or more values than any
        configuration has, by aliases or otherwise.
    """
    if len(text) > _MAX_YAML:
        raise ValueError(f"longer than {_MAX_YAML} characters")
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        place = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        reason = " ".join(str(error.problem or error.context).split())
        raise ValueError(f"{place}{reason}") from error
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    except Exception as error:  # An explicit tag, as !!int, raises errors of many kinds.
        raise ValueError(describe_error(error)) from error


class _Loader(yaml.SafeLoader):
    """Loads YAML with the scalars of YAML 1.2 and limits on what aliases expand to."""

    yaml_implicit_resolvers: ClassVar[dict] = {}

    def __init__(self, text: str):
        super().__init__(text)
        self._depth, self._nodes = 0, 0
        self._sizes: dict[yaml.Node, int] = {}  # Values within each node that is complete.

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        """Composes the next node."""
        is_alias, before = self.check_event(yaml.AliasEvent), self._nodes
        self._depth += 1
        self._nodes += 1
        mark = self.peek_event().start_mark
        if self._depth > _MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, "nested too deep", mark)
        node = super().compose_node(parent, index)
        if is_alias and node not in self._sizes:
            raise yaml.composer.ComposerError(None, None, "an alias within its own value", mark)
        if is_alias:
            self._nodes += self._sizes[node]
        if self._nodes > _MAX_NODES:
            raise yaml.composer.ComposerError(
                None, None, f"more than {_MAX_NODES} values, with aliases", mark
            )
        self._depth -= 1
        self._sizes.setdefault(node, self._nodes - before)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Mapping:
        """Constructs a mapping whose keys are different."""
        found = super().construct_mapping(node, deep)
        if len(found) < len(node.value):
            keys = [self.construct_object(key) for key, _ in node.value]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise yaml.constructor.ConstructorError(
                None, None, f"'{twice}' is given twice", node.start_mark
            )
        return found


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0|[1-9]\d*)", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.\d+|(0|[1-9]\d*)\.\d*)([eE][-+]?\d+)?|[-+]?(0|[1-9]\d*)[eE][-+]?\d+",
        "-+.0123456789",
    ),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
    ("null", r"~|null|Null|NULL|", "~nN"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), [*_first]
    )
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("$"), [""])
