"""Finds the paper's datasets in their publishers' folders; each has a layout module.

The tasks of Table 3 that are no part of the grid have one, too.
"""

import dataclasses
import importlib
import types
from collections.abc import Mapping

from etils import epath

from foi_tf.data.convert.entry import RawDataset
from foi_tf.data.convert.layouts.layout import Layout
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study.validation_tasks import PUBLISHED

# A dataset's layout is in the module named by the dataset's id.
LAYOUTS: Mapping[str, Layout] = types.MappingProxyType(
    {name: importlib.import_module(f"{__name__}.{name}").LAYOUT for name in PUBLISHED}
)


def find_published_dataset(dataset_id: str, raw_dir: epath.PathLike) -> RawDataset:
    """Finds the examples in a publisher's folder.

    The returned row counts the images that are there, which may be fewer than the
    publisher's.

    Raises:
      FoiError: there is no such dataset, or a file is missing or wrong.
    """
    if dataset_id not in LAYOUTS:
        raise unknown_name_error("dataset", dataset_id, LAYOUTS)
    root = epath.Path(raw_dir)
    if not root.is_dir():
        raise FoiError(f"{root}: no such directory")
    splits = LAYOUTS[dataset_id].read(root, PUBLISHED[dataset_id])
    for split in ("train", "val"):
        if not splits[split]:
            raise FoiError(
                f"{root}: no image of {dataset_id}'s {split} split; "
                "foi-prepare --check lists what belongs there"
            )
    sizes = {split: len(splits[split]) for split in ("train", "val")}
    return RawDataset(dataclasses.replace(PUBLISHED[dataset_id], **sizes, split_sizes={}), splits)
