"""The paper's datasets as their publishers distribute them: one row each."""

import dataclasses
import types

from etils import epath

from foi_tf.data.folder import Folder
from foi_tf.data.layouts import camvid
from foi_tf.errors import FoiError, unknown
from foi_tf.study.registry import DATASETS

# By the ids of the registry.
LAYOUTS = types.MappingProxyType(
    {
        "camvid": camvid.LAYOUT,
    }
)


def find(dataset_id: str, raw_dir: epath.PathLike) -> Folder:
    """Looks through a publisher's folder.

    The row that comes with it counts the images that are there, which may be a part.

    Raises:
      FoiError: there is no such dataset, or a file is missing or wrong.
    """
    if dataset_id not in LAYOUTS:
        raise unknown("dataset", dataset_id, LAYOUTS)
    root = epath.Path(raw_dir)
    if not root.is_dir():
        raise FoiError(f"{root}: no such directory")
    splits = LAYOUTS[dataset_id].read(root, DATASETS[dataset_id])
    sizes = {split: len(splits[split]) for split in ("train", "val")}
    return Folder(dataclasses.replace(DATASETS[dataset_id], **sizes), splits)
