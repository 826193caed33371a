"""Reads Mapillary Vistas: label images of version 1.2, whose names are in config.json.

Folders: those of mapillary-vistas-dataset_public_v1.2.zip, or of the archive of v2.0, which
holds the same labels in training/v1.2 and config_v1.2.json. Label ids are indices of that
file's list of 66 labels, the last of which is Unlabeled.
"""

import dataclasses
import functools

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import ExpectedFiles, Layout, expect_files
from foi_tf.data.convert.readers import json_file, labels, pairs
from foi_tf.study.dataset import Dataset

_SPLITS, _COUNTS = {"train": "training", "val": "validation"}, (18_000, 2_000)
_CONFIG, _CONFIG_IN_2 = "config.json", "config_v1.2.json"
_IMAGES, _LABELS, _LABELS_IN_2 = "{}/images/*.jpg", "{}/labels/*.png", "{}/v1.2/labels/*.png"


@dataclasses.dataclass(frozen=True)
class _MapillaryLabel:
    readable: str


@dataclasses.dataclass(frozen=True)
class _MapillaryConfig:
    labels: list[_MapillaryLabel]


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    config, masks = raw_dir / _CONFIG_IN_2, _LABELS_IN_2
    if not config.exists():
        config, masks = raw_dir / _CONFIG, _LABELS
    found = json_file.read_json(config, _MapillaryConfig, "Mapillary's list of labels").labels
    names = {index: label.readable for index, label in enumerate(found)}
    load = functools.partial(labels.load_id_mask, labels.map_codes(names, row, str(config)))
    return pairs.find_pairs_of_splits(raw_dir, _SPLITS, _IMAGES, {masks: load})


LAYOUT = Layout(
    read=_read,
    files=(
        ExpectedFiles(_CONFIG, 1, instead=ExpectedFiles(_CONFIG_IN_2, 1)),
        *expect_files(_SPLITS, _COUNTS, [_IMAGES]),
        *(
            dataclasses.replace(first, instead=second)
            for first, second in zip(
                expect_files(_SPLITS, _COUNTS, [_LABELS]),
                expect_files(_SPLITS, _COUNTS, [_LABELS_IN_2]),
                strict=True,
            )
        ),
    ),
    home="https://www.mapillary.com/dataset/vistas",
    terms="registration; CC BY-NC-SA 4.0",
)
