"""Finds the image that an annotation file means, however it writes the path."""

import collections
import re
import unicodedata
import urllib.parse
from collections.abc import Iterable, Iterator

from etils import epath

from foi_tf.errors import FoiError
from foi_tf.wording import list_names_briefly

_ABSOLUTE = re.compile(r"^(/|[A-Za-z]:|[a-z]+://)")


class ImageLookup:
    """Looks up images by paths as tools write them.

    Such paths have backslashes, URL escapes, spaces at their ends, or folders in front that
    the raw folder lacks; others lack folders in front that it has. A path fits an image if
    one of the two is the end of the other. Of an absolute path, which belongs to another
    machine, the name is enough. Letter case, and the way in which Unicode writes a letter,
    matter only where they tell images apart.
    """

    def __init__(self, names: Iterable[str], folder: epath.PathLike):
        """Takes the images.

        Args:
          names: paths of the images, relative to `folder`.
          folder: the folder of the images, for error messages.
        """
        self._names = frozenset(names)
        self._folder = folder
        self._by_last: dict[str, list[str]] = collections.defaultdict(list)
        for name in sorted(self._names):
            self._by_last[fold_name(_last(name))].append(name)

    def find(self, written: str, near: Iterable[str] = (), where: str = "") -> str | None:
        """Returns the image that `written` means, or None if there is none.

        Args:
          written: the path in an annotation file.
          near: names of folders whose images come first, as those of the split.
          where: the file and record, for error messages.

        Raises:
          FoiError: several images fit equally well.
        """
        if written in self._names:
            return written
        for text in _list_forms(written):
            if found := self._find_one(text, bool(_ABSOLUTE.match(text)), frozenset(near), where):
                return found
        return None

    def _find_one(self, text: str, absolute: bool, near: frozenset[str], where: str) -> str | None:
        parts = [part for part in text.split("/") if part not in ("", ".", "..")]
        if not parts:
            return None
        shared = {
            name: _count_shared(parts, name.split("/"))
            for name in self._by_last.get(fold_name(parts[-1]), ())
        }
        fitting = {
            name: count
            for name, count in shared.items()
            if absolute or count in (len(parts), name.count("/") + 1)
        }
        # An image that lies at the path itself comes first, then those of the split's folder.
        for chosen in (
            [name for name in fitting if name == "/".join(parts)],
            [name for name in fitting if near & set(name.lower().split("/")[:-1])],
            list(fitting),
        ):
            best = [n for n in chosen if fitting[n] == max(fitting[m] for m in chosen)]
            best = [n for n in best if _last(n) == parts[-1]] or best
            if len(best) > 1:
                raise FoiError(
                    f"{where}: '{text}' may be any of {list_names_briefly(best)} in "
                    f"{self._folder}; write the whole path below that folder"
                )
            if best:
                return best[0]
        return None


def _list_forms(written: str) -> Iterator[str]:
    """Yields what a path may mean, the most literal first."""
    text = written.strip().replace("\\", "/")
    yield text
    if "%" in text:
        yield urllib.parse.unquote(text)
    if "?d=" in text:  # Label Studio serves local files so.
        yield urllib.parse.unquote(text.partition("?d=")[2])


def fold_name(name: str) -> str:
    """Returns the form of a path that all its spellings share: in lower case and NFC."""
    return unicodedata.normalize("NFC", name).lower()


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _count_shared(parts: list[str], others: list[str]) -> int:
    """Counts the last parts that two paths have in common, in any letter case."""
    count = 0
    for one, other in zip(reversed(parts), reversed(others), strict=False):
        if fold_name(one) != fold_name(other):
            break
        count += 1
    return count
