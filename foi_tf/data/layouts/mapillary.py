"""Mapillary Vistas: label images of version 1.2, whose names are in a config.json.

The folders of mapillary-vistas-dataset_public_v1.2.zip, or of v2.0's, which holds these
labels below training/v1.2 and config_v1.2.json. Label ids are the indices of that file's
list of 66, the last of which is Unlabeled.
"""

import dataclasses
import functools

from etils import epath

from foi_tf.data.folder import Entry
from foi_tf.data.layouts.layout import Files, Layout
from foi_tf.data.readers import json_file, labels, pairs
from foi_tf.study.dataset import Dataset

_SPLITS = {"train": "training", "val": "validation"}


@dataclasses.dataclass(frozen=True)
class _Label:
    readable: str


@dataclasses.dataclass(frozen=True)
class _Config:
    labels: list[_Label]


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[Entry]]:
    config, folder = raw_dir / "config_v1.2.json", "v1.2/labels"
    if not config.exists():
        config, folder = raw_dir / "config.json", "labels"
    found = json_file.parse(config, _Config, "Mapillary's list of labels").labels
    names = {index: label.readable for index, label in enumerate(found)}
    load = functools.partial(labels.of_ids, labels.codes(names, row, str(config)))
    return {
        split: pairs.read(raw_dir, f"{place}/images/*.jpg", {f"{place}/{folder}/*.png": load})
        for split, place in _SPLITS.items()
    }


LAYOUT = Layout(
    read=_read,
    files=(
        Files("config.json", 1),
        *(
            Files(f"{place}/{pattern}", count, split)
            for (split, place), count in zip(_SPLITS.items(), (18_000, 2_000), strict=True)
            for pattern in ("images/*.jpg", "labels/*.png")
        ),
    ),
    home="https://www.mapillary.com/dataset/vistas",
    terms="registration; CC BY-NC-SA 4.0",
)
