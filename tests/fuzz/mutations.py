"""Damages the content of files at random, as disks, editors and ill will do."""

import copy
import json
import re

_NUMBERS = [
    b"1e309", b"-1e309", b"NaN", b"Infinity", b"-1", b"0", b"9" * 26, b"1e-400", b"4294967296",
    b"-2147483649", b"9" * 5000, b"0x10", b"1_000", "\u0663".encode(), b"3.0", b"true", b"null",
    b'""', b"[]", b"{}", b'"\\ud800"', b"010", b"1:30", b".inf", b"1e-3",
]  # fmt: skip
_TEXTS = ["\ufeff", "\u202e", "\x00", "é", "😀", "\r\n", "\t", "$", "=1+1", "../../x", "~"]
_NESTED = [b"[", b'{"a":', b"<a>", b"- ", b"(", b"&a [*a,", b"? "]
_VALUES = [
    None, True, False, -1, 0, 1, 2**31, 2**63, 2**64, 10**30, -(10**30), 1e308, 1e-320,
    float("nan"), float("inf"), float("-inf"), "", "x", "../../x", "\ud800", "a\nb", "$(x)",
    [], {}, [[]], [None], [1, 2], {"a": 1}, "9" * 20, "\x00", "é" * 300, "=1+1", "a$b$",
]  # fmt: skip


def mutate_bytes(rng, data):
    """Returns a damaged copy of the content of a file."""
    made, size = bytearray(data), len(data)
    place = rng.randrange(size) if size else 0
    kind = rng.randrange(12)
    if kind == 0:  # A disk or a wire.
        for _ in range(rng.choice([1, 1, 2, 8])):
            made[rng.randrange(size)] ^= 1 << rng.randrange(8)
    elif kind in (1, 2):
        del made[place:]
    elif kind == 3:
        made[place:place] = rng.randbytes(rng.choice([1, 4, 100]))
    elif kind == 4:
        del made[place : place + rng.choice([1, 3, 50])]
    elif kind == 5:
        made[place:place] = made[place : place + rng.randrange(1, 200)] * rng.choice([1, 2, 50])
    elif kind == 6:
        if found := list(re.finditer(rb"-?\d+(\.\d+)?", data)):
            one = rng.choice(found)
            made[one.start() : one.end()] = rng.choice(_NUMBERS)
    elif kind == 7:
        made[place : place + 8] = rng.choice([b"\xff", b"\0"]) * 8
    elif kind == 8:
        made = bytearray(rng.choice(_NESTED) * rng.choice([500, 5000, 200_000]))
    elif kind == 9:
        made[place:place] = rng.choice(_TEXTS).encode()
    elif kind == 10:
        made = bytearray(data.decode("latin1").encode(rng.choice(["utf-16", "utf-32", "utf-8"])))
    else:
        made = bytearray()
    return bytes(made)


def mutate_json(rng, data):
    """Returns a JSON text with one value changed, dropped or doubled."""
    content = json.loads(data)
    paths = [path for path in _list_paths(content, []) if path]
    if not paths:
        return mutate_bytes(rng, data)
    *parents, last = rng.choice(paths)
    owner = content
    for step in parents:
        owner = owner[step]
    kind = rng.randrange(8)
    if kind <= 3:
        owner[last] = rng.choice(_VALUES)
    elif kind == 4:
        del owner[last]
    elif kind == 5:
        owner[last] = [owner[last]]
    elif isinstance(owner, list):
        owner.append(copy.deepcopy(owner[last]))
    elif kind == 6:
        owner["other"] = owner[last]
    else:
        nested = []
        for _ in range(rng.choice([3, 200])):
            nested = [nested]
        owner[last] = nested
    return json.dumps(content).encode()


def _list_paths(value, path):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from _list_paths(value[key], [*path, key])
    elif isinstance(value, list):
        for place, item in enumerate(value[:20]):
            yield from _list_paths(item, [*path, place])
