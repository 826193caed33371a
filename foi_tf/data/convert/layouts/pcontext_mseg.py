"""Reads PASCAL-Context with MSeg's classes (pascal-context-60): the background is one of them."""

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts import pcontext
from foi_tf.data.convert.layouts.layout import Layout
from foi_tf.study.dataset import SEGMENTATION, Dataset
from foi_tf.study.labels import NAMES


def _read(root: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    return pcontext.find_splits(root, row, NAMES["pcontext"][SEGMENTATION][1:])


LAYOUT = Layout(
    read=_read,
    files=pcontext.LAYOUT.files,
    home=pcontext.LAYOUT.home,
    terms=pcontext.LAYOUT.terms,
)
