"""Writes files so that a reader never sees half of one."""

import contextlib
import errno
import os
import pathlib
import re
import uuid
from collections.abc import Iterator
from typing import Any

from etils import epath

from foi_tf.errors import FoiError

_LONGEST = 200  # Characters of a library's message that errors show; ours.
# Words of the system when it cannot write or read. They must be seen in a message of any length.
_SYSTEM_CAUSES = tuple(
    os.strerror(number)
    for number in (
        errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM,
        errno.ESTALE, errno.EMFILE, errno.EFBIG, errno.ENAMETOOLONG, errno.ETIMEDOUT,
    )
)  # fmt: skip


@contextlib.contextmanager
def atomic_write(path: epath.PathLike, *, is_durable: bool = True) -> Iterator[epath.Path]:
    """Yields a temporary path beside `path` that takes its place when the block ends.

    It works for local and gs:// paths. If the block raises, the temporary file is removed, and a
    file that was at `path` before stays. The content is on the disk before it takes its place, so
    that a power cut leaves the old file or the new one.

    Args:
      is_durable: whether the content has to be on the disk. Otherwise a power cut may lose it.

    Raises:
      FoiError: the directory cannot be created or written, or the disk is full.
    """
    path = epath.Path(path)
    # The suffix stays last, since some writers choose the format by it.
    temporary = path.parent / f".{path.stem}.{uuid.uuid4().hex[:8]}{path.suffix}"
    is_placed = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if is_durable:
            sync_files(temporary)
        temporary.replace(path)
        is_placed = True
        if is_durable:
            _sync_entry(path.parent)
    except OSError as error:
        raise FoiError(f"{path}: cannot be written ({describe_error(error)})") from error
    finally:
        if not is_placed:
            with contextlib.suppress(OSError):
                if temporary.exists():
                    temporary.unlink()


@contextlib.contextmanager
def atomic_directory(path: epath.PathLike) -> Iterator[epath.Path]:
    """Yields a temporary directory that becomes `path` when the block ends, like `atomic_write`.

    Raises:
      FoiError: as `atomic_write`; or `path` exists already.
    """
    path = epath.Path(path)
    if path.exists():
        raise FoiError(f"{path}: exists already; remove it or choose another path")
    with atomic_write(path) as temporary:
        temporary.mkdir()
        try:
            yield temporary
        except BaseException:
            temporary.rmtree(missing_ok=True)
            raise


def write_text(path: epath.PathLike, text: str, *, is_durable: bool = True) -> None:
    """Writes a whole text file; readers see the old text or the new one, see `atomic_write`."""
    with atomic_write(path, is_durable=is_durable) as temporary:
        temporary.write_text(text)


def sync_files(*paths: epath.PathLike) -> None:
    """Waits until local files, or all files in directories, are on the disk.

    Raises:
      OSError: the disk is full or fails.
    """
    for path in map(os.fspath, paths):
        if "://" in path:
            continue  # Buckets need none of it.
        inside = pathlib.Path(path).rglob("*") if pathlib.Path(path).is_dir() else ()
        for each in (*inside, path):
            _sync_entry(each)


def _sync_entry(path: epath.PathLike) -> None:
    """Waits until one local file, or the list of a directory's entries, is on the disk."""
    if "://" in os.fspath(path):
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # Some file systems cannot wait for a directory.
            raise
    finally:
        os.close(handle)


def list_files(directory: epath.PathLike) -> list[epath.Path]:
    """Lists the files below a directory that are whole, sorted by directory.

    Raises:
      FoiError: a directory cannot be listed. It must not seem to be empty.
    """

    def stop(error: OSError) -> None:
        place = error.filename or directory
        raise FoiError(f"{place}: cannot be listed ({describe_error(error)})") from error

    found = epath.Path(directory).walk(on_error=stop)
    # A file that is being written has a name with a dot in front.
    return [root / name for root, _, names in found for name in sorted(names) if name[0] != "."]


def remove_file(path: epath.PathLike) -> None:
    """Removes a file if it exists.

    Raises:
      FoiError: the directory cannot be written.
    """
    try:
        epath.Path(path).unlink(missing_ok=True)
    except OSError as error:
        raise FoiError(f"{path}: cannot be removed ({describe_error(error)})") from error


def expand_home(value: Any) -> Any:
    """Returns a path, or a list of paths, with ~ as the home directory; other values as they are.

    Shells leave ~ as it is in --flag=~/x, and Python in every path.

    Raises:
      FoiError: there is no such home directory.
    """
    if isinstance(value, list | tuple):
        return type(value)(expand_home(item) for item in value)
    if not isinstance(value, str | pathlib.PurePath) or not str(value).startswith("~"):
        return value
    try:
        return type(value)(str(pathlib.Path(value).expanduser()))
    except RuntimeError as error:
        raise FoiError(f"{value}: there is no such home directory; write the whole path") from error


def describe_error(error: BaseException) -> str:
    """Returns the cause of a system's or a library's error, in one line.

    TensorFlow puts names of nodes, traces and long paths in front of the cause. They are left
    out, and what remains is cut in its middle.
    """
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    if type(error).__module__.startswith("pydantic"):
        return _describe_problems(error)
    text = str(error)
    causes = [cause for cause in _SYSTEM_CAUSES if cause in text]
    if text.startswith("Graph execution error"):
        text = text.partition("[[")[0].strip().rpartition("\n")[2] or text
    text = re.sub(r"\{\{.*?\}\}|\[\[.*?\]\]|\[Op:[^\]]*\]( name:)?", "", text)
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    line = lines[0] if lines else type(error).__name__
    if len(line) > _LONGEST:
        line = f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 2 :]}"
    missing = [cause for cause in causes if cause not in line]
    return ": ".join([*missing[:1], line])


def _describe_problems(error: Any) -> str:
    """Describes the first of the problems that pydantic found."""
    problem = error.errors()[0]
    place = ".".join(map(str, problem["loc"]))
    given = "" if problem["type"] == "json_invalid" else f", not {problem['input']!r:.60}"
    return " ".join(f"{place}: {problem['msg']}{given}".removeprefix(": ").split())
