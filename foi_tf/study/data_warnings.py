"""Keeps warnings on datasets beside result rows, as text files for people and reports.

The file of a dataset is warnings/ID.DIGEST.txt, with a warning on each line. Its digest is that of
the prepared data, so that warnings on older data do not get lost.
"""

from collections.abc import Sequence

from etils import epath

from foi_tf import files
from foi_tf.errors import FoiError

_FOLDER, _SUFFIX = "warnings", ".txt"


def write_warnings(
    dataset: str, digest: str, warnings: Sequence[str], directory: epath.PathLike
) -> epath.Path:
    """Writes the warnings on a dataset, unless they are there already.

    Args:
      dataset: id of the dataset.
      digest: of the prepared data; with the task type behind a dot for warnings on one.
      warnings: sentences.
      directory: directory of the result rows.

    Returns:
      Path of the file.

    Raises:
      FoiError: the directory cannot be written.
    """
    path = epath.Path(directory) / _FOLDER / f"{dataset}.{digest}{_SUFFIX}"
    if not path.exists():
        files.write_text(path, "".join(f"{' '.join(one.split())}\n" for one in warnings))
    return path


def find_warnings(directory: epath.PathLike) -> dict[str, tuple[str, ...]]:
    """Reads the warnings that were kept in a directory of result rows and its subdirectories.

    Returns:
      The warnings by the id of their dataset, each once.

    Raises:
      FoiError: a file cannot be read.
    """
    found: dict[str, dict[str, None]] = {}
    for root, _, names in epath.Path(directory).walk():
        if root.name != _FOLDER:
            continue
        for name in sorted(names):
            if name.endswith(_SUFFIX) and not name.startswith("."):
                lines = _read_lines(root / name)
                found.setdefault(name.partition(".")[0], {}).update(dict.fromkeys(lines))
    return {dataset: tuple(lines) for dataset, lines in sorted(found.items())}


def _read_lines(path: epath.Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FoiError(
            f"{path}: cannot be read ({files.describe_error(error)}); remove it"
        ) from error
