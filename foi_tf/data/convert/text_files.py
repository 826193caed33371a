"""Reads the text files of raw folders."""

import codecs

from etils import epath

from foi_tf.errors import FoiError
from foi_tf.files import describe_error

# Marks at the start of a file that tell its encoding; Windows' editors write them.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_bytes(path: epath.Path) -> bytes:
    """Reads the bytes of a file.

    Raises:
      FoiError: the file is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FoiError(f"{path}: {describe_error(error)}") from error


def read_text(path: epath.Path) -> str:
    """Reads a text file in UTF-8, or in UTF-16 with a byte order mark.

    Raises:
      FoiError: the file is missing, cannot be read, or has another encoding.
    """
    return decode_text(read_bytes(path), path)


def decode_text(data: bytes, path: epath.Path) -> str:
    """Decodes the bytes of a text file like `read_text`; errors name `path`."""
    encoding = next((name for start, name in BYTE_ORDER_MARKS if data.startswith(start)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FoiError(
            f"{path}: line {line} is not text in UTF-8; save the file as UTF-8, as with "
            f"`iconv -f CP1252 -t UTF-8` for text of Windows"
        ) from error
