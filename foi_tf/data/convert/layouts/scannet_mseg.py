"""Reads ScanNet's 25k frames with MSeg's classes (scannet-20): 20 of the publisher's 40."""

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts import scannet
from foi_tf.data.convert.layouts.layout import Layout
from foi_tf.study.dataset import SEGMENTATION, Dataset
from foi_tf.study.labels import NAMES, mseg


def _read(root: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    names = (
        name if name in mseg.SCANNET else mseg.UNLABELED for name in NAMES["scannet"][SEGMENTATION]
    )
    return scannet.find_splits(root, row, dict(enumerate(names)))


LAYOUT = Layout(
    read=_read,
    files=scannet.LAYOUT.files,
    home=scannet.LAYOUT.home,
    terms=scannet.LAYOUT.terms,
)
