"""Finds the keypoints that change places in a mirrored image, by their names."""

import re
from collections.abc import Sequence

from foi_tf.data.convert import doubts

# Words of a name: runs of lower-case letters, of capitals, or numbers, as in "LEye" and "l_eye2".
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SIDES = {"left": "right", "l": "r"}

Pairs = tuple[tuple[int, int], ...]


def find_flip_pairs(names: Sequence[str]) -> Pairs:
    """Returns the index pairs of keypoints whose names differ in "left" and "right", or l and r."""
    index = {_split(name): i for i, name in enumerate(names)}
    found = ((i, index.get(_mirror(words))) for words, i in index.items())
    return tuple((i, other) for i, other in found if other not in (None, i))


def note_missing(names: Sequence[str], where: str, key: str) -> None:
    """Notes that no keypoints change places when training mirrors an image.

    Args:
      names: the keypoints.
      where: the file that names them.
      key: what the file may give pairs by, with an example.
    """
    if len(names) > 1:
        doubts.note(
            f"{where}: none of its {len(names)} keypoints are known as a left and a right one, so "
            f"they keep their labels when training mirrors an image; give {key}"
        )


def _split(name: str) -> tuple[str, ...]:
    """Returns the words of a name in lower case; "left" within a longer word is one by itself."""
    words = " ".join(_WORDS.findall(name)).lower()
    return tuple(re.sub("(left|right)", r" \1 ", words).split())


def _mirror(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_SIDES.get(word, word) for word in words)
