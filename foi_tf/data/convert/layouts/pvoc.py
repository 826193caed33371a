"""PASCAL VOC: masks of VOC2012 with SBD's, boxes of VOC2007 (Table 1, footnote a).

Masks: VOC2012's own 1464 train and 1449 val images, and for training also those that the
Semantic Boundaries Dataset adds outside of val: 10,582 in all, as Table 1 counts. Where
both have a mask, VOC's is taken. Boxes: trainval of VOC2007 to train, test to validate.
"""

import functools
from typing import Any

from etils import epath

from foi_tf.data.convert.folder import Entry
from foi_tf.data.convert.layouts.layout import Files, Layout
from foi_tf.data.convert.readers import labels, lists, matlab, voc
from foi_tf.study.dataset import Dataset

_VOC2012, _VOC2007 = "VOCdevkit/VOC2012", "VOCdevkit/VOC2007"
_SBD = "benchmark_RELEASE/dataset"
_BOXES = {"train": "trainval", "val": "test"}


def _read(root: epath.Path, row: Dataset) -> dict[str, list[Entry]]:
    masks = _masks(root, row)
    return {split: masks[split] + _boxes(root, row, split) for split in ("train", "val")}


def _masks(root: epath.Path, row: Dataset) -> dict[str, list[Entry]]:
    names = row.names["segmentation"]
    # Pixels are indices of a palette; 255 are the borders of objects and what is hard to tell.
    table = labels.codes({**dict(enumerate(names[:-1])), 255: names[-1]}, row)
    folder = root / _VOC2012
    own = {s: lists.read(folder / f"ImageSets/Segmentation/{s}.txt") for s in ("train", "val")}
    listed = [stem for s in ("train", "val") for stem in lists.read(root / _SBD / f"{s}.txt")]
    added = sorted(set(listed) - set(own["train"]) - set(own["val"]))

    def entry(stem: str, load, path: epath.Path) -> Entry:
        image = folder / f"JPEGImages/{stem}.jpg"
        return Entry(f"2012/{stem}", image, (functools.partial(load, table, path),))

    splits = {
        split: [entry(s, labels.of_ids, folder / f"SegmentationClass/{s}.png") for s in stems]
        for split, stems in own.items()
    }
    splits["train"] += [entry(s, _boundaries, root / _SBD / f"cls/{s}.mat") for s in added]
    return splits


def _boundaries(table: dict[int, int], path: epath.Path) -> dict[str, Any]:
    mask = matlab.field(matlab.load(path, "GTcls"), "Segmentation", str(path))
    return {"mask": labels.from_ids(table, mask, path)}


def _boxes(root: epath.Path, row: Dataset, split: str) -> list[Entry]:
    folder = root / _VOC2007
    entries = []
    for stem in lists.read(folder / f"ImageSets/Main/{_BOXES[split]}.txt"):
        load = functools.partial(
            voc.load, folder / f"Annotations/{stem}.xml", row.names["detection"]
        )
        entries.append(Entry(f"2007/{stem}", folder / f"JPEGImages/{stem}.jpg", (load,)))
    return entries


LAYOUT = Layout(
    read=_read,
    files=(
        Files(f"{_VOC2012}/ImageSets/Segmentation/train.txt", 1, "train"),
        Files(f"{_VOC2012}/ImageSets/Segmentation/val.txt", 1, "val"),
        Files(f"{_VOC2012}/JPEGImages/*.jpg", 17_125),
        Files(f"{_VOC2012}/SegmentationClass/*.png", 2_913),
        Files(f"{_SBD}/train.txt", 1, "train"),
        Files(f"{_SBD}/val.txt", 1, "train"),
        Files(f"{_SBD}/cls/*.mat", 11_355, "train"),
        Files(f"{_VOC2007}/ImageSets/Main/trainval.txt", 1, "train"),
        Files(f"{_VOC2007}/ImageSets/Main/test.txt", 1, "val"),
        Files(f"{_VOC2007}/JPEGImages/*.jpg", 9_963),
        Files(f"{_VOC2007}/Annotations/*.xml", 9_963),
    ),
    home=(
        "http://host.robots.ox.ac.uk/pascal/VOC/ (VOC2012 trainval; VOC2007 trainval and test) "
        "and http://home.bharathh.info/pubs/codes/SBD/download.html (benchmark.tgz)"
    ),
    terms="free download; images are Flickr's, for research under its terms of use",
)
