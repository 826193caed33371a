"""Lists the files of raw folders: without hidden ones, and without walking in circles."""

import os
import pathlib

from etils import epath

from foi_tf.errors import FoiError
from foi_tf.files import describe_error

# Folders that operating systems, archives and servers make; what lies in them are copies.
_FOLDERS_OF_COPIES = frozenset(
    {"__MACOSX", "@eaDir", "$RECYCLE.BIN", "lost+found", "System Volume Information"}
)


def list_files(directory: epath.Path) -> list[epath.Path]:
    """Lists all files in a directory and its subdirectories, sorted; none if it is missing.

    Hidden files and folders are left out, whose names begin with a dot: editors, notebooks
    and macOS keep copies in them. So are folders that systems make, as __MACOSX.

    Raises:
      FoiError: a subdirectory cannot be listed.
    """
    return [directory / name for name in list_names(directory)]


def list_names(directory: epath.Path) -> list[str]:
    """Lists the same files as `list_files`, as paths relative to the directory, with slashes."""
    return [name for name in _walk(directory, hidden=False) if not _is_hidden_path(name)]


def list_hidden_names(directory: epath.Path) -> list[str]:
    """Lists the files that `list_names` leaves out since they or their folders are hidden."""
    return [name for name in _walk(directory, hidden=True) if _is_hidden_path(name)]


def _walk(directory: epath.Path, *, hidden: bool) -> list[str]:
    """Lists all files as sorted relative paths; of hidden folders only on demand."""
    root = os.fspath(directory)
    if "://" in root:
        return sorted(_walk_remote(directory, "", hidden))
    # With hundreds of thousands of files, path objects would take minutes.
    found: list[str] = []
    if not directory.is_dir():
        return found
    # Folders that nobody reads need not be readable.
    refuse = None if hidden else _refuse_unlistable
    for place, folders, files in os.walk(root, followlinks=True, onerror=refuse):
        folders[:] = [
            folder
            for folder in folders
            if (hidden or not _is_hidden(folder)) and not _leads_back(place, folder)
        ]
        below = pathlib.PurePath(place).relative_to(root).as_posix()
        found += files if below == "." else (f"{below}/{file}" for file in files)
    if not hidden:
        _check_encoding(root, found)
    return sorted(found)


def _check_encoding(root: str, names: list[str]) -> None:
    """Refuses names in bytes of another encoding, which no annotation file can hold."""
    try:
        "".join(names).encode()
    except UnicodeEncodeError as error:
        wrong = next(name for name in names if any("\udc80" <= c <= "\udcff" for c in name))
        raise FoiError(
            f"{root}: the file name {wrong!a} is not in UTF-8; rename such files, as with "
            "`convmv -f cp1252 -t utf8 -r --notest`"
        ) from error


def _walk_remote(directory: epath.Path, prefix: str, hidden: bool) -> list[str]:
    found = []
    for entry in directory.iterdir():
        if not hidden and _is_hidden(entry.name):
            continue
        if entry.is_dir():
            found += _walk_remote(entry, f"{prefix}{entry.name}/", hidden)
        else:
            found.append(prefix + entry.name)
    return found


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in _FOLDERS_OF_COPIES


def _is_hidden_path(name: str) -> bool:
    return any(_is_hidden(part) for part in name.split("/"))


def _leads_back(place: str, folder: str) -> bool:
    """Tells whether a folder is a link to one that it lies in."""
    path = pathlib.Path(place, folder)
    return path.is_symlink() and pathlib.Path(place).resolve().is_relative_to(path.resolve())


def _refuse_unlistable(error: OSError) -> None:
    raise FoiError(
        f"{error.filename}: cannot be listed ({describe_error(error)}); give yourself the "
        f"right, as with `chmod -R u+rX {error.filename}`, or move the folder away"
    ) from error
