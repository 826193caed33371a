"""Reads XML files of any encoding, without what can harm or expand."""

import re
import xml.etree.ElementTree as ET

from etils import epath

from foi_tf.data.convert import text_files
from foi_tf.errors import FoiError
from foi_tf.files import describe_error

# The declaration at the start of an XML file, with its encoding.
_ENCODING = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*(["'])([\w.:-]+)\1[^>]*\?>""")
_PARSED_ENCODINGS = frozenset({b"utf-8", b"utf-16", b"us-ascii", b"iso-8859-1"})


def read_xml(path: epath.Path) -> ET.Element:
    """Returns the root element of a file; names of elements lose their namespace.

    Raises:
      FoiError: the file is missing, is not whole XML, or defines entities.
    """
    data = text_files.read_bytes(path)
    if b"<!ENTITY" in data:
        raise FoiError(f"{path}: defines entities (<!ENTITY), which are not read; remove them")
    try:
        root = ET.fromstring(_decode_declared(data, path))
    except ET.ParseError as error:
        raise FoiError(f"{path}: not whole XML ({error}); replace or remove it") from error
    if b"xmlns" in data:
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
    return root


def _decode_declared(data: bytes, path: epath.Path) -> bytes | str:
    """Decodes XML of an encoding that the parser lacks, as GB2312; leaves other XML as it is."""
    declared = _ENCODING.match(data)
    if not declared or declared[2].lower() in _PARSED_ENCODINGS:
        return data
    name = declared[2].decode()
    try:
        text = data.decode(name)
    except (LookupError, UnicodeDecodeError) as error:
        raise FoiError(
            f"{path}: says that its encoding is {name}, but {describe_error(error)}; "
            "save it as UTF-8"
        ) from error
    return text[declared.end() :]
