"""Writes files so that a reader never sees half of one."""

import contextlib
import os
import uuid
from collections.abc import Iterator

from etils import epath

from foi_tf.errors import FoiError


@contextlib.contextmanager
def atomic_write(path: epath.PathLike) -> Iterator[epath.Path]:
    """Yields a temporary path beside `path` that takes its place when the block ends.

    It works for local and gs:// paths. If the block raises, the temporary file is removed, and a
    file that was at `path` before stays.

    Raises:
      FoiError: the directory cannot be created or written, or the disk is full.
    """
    path = epath.Path(path)
    # The suffix stays last, since some writers choose the format by it.
    temporary = path.parent / f".{path.stem}.{uuid.uuid4().hex[:8]}{path.suffix}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise FoiError(f"{path}: cannot be written ({describe_os_error(error)})") from error
    finally:
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


def write_text(path: epath.PathLike, text: str) -> None:
    """Writes a whole text file; readers see the old text or the new one."""
    with atomic_write(path) as temporary:
        temporary.write_text(text)


def remove_file(path: epath.PathLike) -> None:
    """Removes a file if it exists.

    Raises:
      FoiError: the directory cannot be written.
    """
    try:
        epath.Path(path).unlink(missing_ok=True)
    except OSError as error:
        raise FoiError(f"{path}: cannot be removed ({describe_os_error(error)})") from error


def describe_os_error(error: OSError) -> str:
    """Returns the system's description of an error, in one line."""
    return os.strerror(error.errno) if error.errno else " ".join(str(error).split())


def first_line(error: Exception) -> str:
    """Returns the first line of a library's long message, at most 200 characters."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]
