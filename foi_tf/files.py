"""Writing files so that a reader never sees half of one."""

import contextlib
import os
import uuid
from collections.abc import Iterator

from etils import epath

from foi_tf.errors import FoiError


@contextlib.contextmanager
def atomic_write(path: epath.PathLike) -> Iterator[epath.Path]:
    """Yields a temporary path beside `path` that takes its place when the block ends.

    Local and gs:// paths alike. If the block raises, the temporary file is removed
    and whatever stood at `path` stays.

    Raises:
      FoiError: the directory cannot be made or written, or the disk is full.
    """
    path = epath.Path(path)
    # The suffix stays last, for writers that choose a format by it.
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
    """As `atomic_write`, of a directory that must not exist yet.

    Raises:
      FoiError: as `atomic_write`; or something stands there.
    """
    path = epath.Path(path)
    if path.exists():
        raise FoiError(f"{path}: exists already; remove it or choose another place")
    with atomic_write(path) as temporary:
        temporary.mkdir()
        try:
            yield temporary
        except BaseException:
            temporary.rmtree(missing_ok=True)
            raise


def write_text(path: epath.PathLike, text: str) -> None:
    """Writes a whole text file atomically."""
    with atomic_write(path) as temporary:
        temporary.write_text(text)


def remove_file(path: epath.PathLike) -> None:
    """Removes a file, if there is one.

    Raises:
      FoiError: the directory cannot be written.
    """
    try:
        epath.Path(path).unlink(missing_ok=True)
    except OSError as error:
        raise FoiError(f"{path}: cannot be removed ({describe_os_error(error)})") from error


def describe_os_error(error: OSError) -> str:
    """What went wrong, in the system's words and in one line."""
    return os.strerror(error.errno) if error.errno else " ".join(str(error).split())


def first_line(error: Exception) -> str:
    """What a library's long message says first."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]
