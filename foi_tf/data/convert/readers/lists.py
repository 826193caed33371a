"""Reads text files that list the images of a split, one a line."""

from etils import epath

from foi_tf.data.convert import text_files
from foi_tf.errors import FoiError


def read_list(path: epath.Path) -> list[str]:
    """Returns the first word of each line that is not blank.

    Raises:
      FoiError: the file is missing, or lists an image twice.
    """
    lines = text_files.read_bytes(path).decode(errors="replace").splitlines()
    found = [line.split()[0] for line in lines if line.strip()]
    if len(set(found)) < len(found):
        twice = next(name for name in found if found.count(name) > 1)
        raise FoiError(f"{path}: lists {twice} twice; remove one")
    return found
