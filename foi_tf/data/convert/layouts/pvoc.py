"""Reads PASCAL VOC: masks of VOC2012 and SBD, boxes of VOC2007 (Table 1, footnote a).

Masks: VOC2012 has 1464 train and 1449 val images. The Semantic Boundaries Dataset (SBD) adds
training images outside val, which makes 10,582, as Table 1 counts. Where both have a mask,
VOC's is taken. Boxes: training takes trainval of VOC2007, validation takes test.
"""

import functools
from typing import Any

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import ExpectedFiles, Layout
from foi_tf.data.convert.readers import labels, lists, matlab, voc
from foi_tf.study.dataset import Dataset

_VOC2012, _VOC2007 = "VOCdevkit/VOC2012", "VOCdevkit/VOC2007"
_SBD = "benchmark_RELEASE/dataset"
_BOXES = {"train": "trainval", "val": "test"}


def _read(root: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    masks = _find_masks(root, row)
    return {split: masks[split] + _find_boxes(root, row, split) for split in ("train", "val")}


def _find_masks(root: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    names = row.names["segmentation"]
    # Pixels are indices of a palette; 255 marks borders of objects and difficult objects.
    table = labels.map_codes({**dict(enumerate(names[:-1])), 255: names[-1]}, row)
    folder = root / _VOC2012
    own = {s: lists.read_list(folder / f"ImageSets/Segmentation/{s}.txt") for s in ("train", "val")}
    listed = [stem for s in ("train", "val") for stem in lists.read_list(root / _SBD / f"{s}.txt")]
    added = sorted(set(listed) - set(own["train"]) - set(own["val"]))

    def entry(stem: str, load, path: epath.Path) -> FileEntry:
        image = folder / f"JPEGImages/{stem}.jpg"
        return FileEntry(f"2012/{stem}", image, (functools.partial(load, table, path),))

    splits = {
        split: [entry(s, labels.load_id_mask, folder / f"SegmentationClass/{s}.png") for s in stems]
        for split, stems in own.items()
    }
    splits["train"] += [entry(s, _load_boundaries, root / _SBD / f"cls/{s}.mat") for s in added]
    return splits


def _load_boundaries(table: dict[int, int], path: epath.Path) -> dict[str, Any]:
    mask = matlab.get_field(matlab.load_variable(path, "GTcls"), "Segmentation", str(path))
    return {"mask": labels.ids_to_mask(table, mask, path)}


def _find_boxes(root: epath.Path, row: Dataset, split: str) -> list[FileEntry]:
    folder = root / _VOC2007
    entries = []
    for stem in lists.read_list(folder / f"ImageSets/Main/{_BOXES[split]}.txt"):
        load = functools.partial(
            voc.load_boxes, folder / f"Annotations/{stem}.xml", row.names["detection"]
        )
        entries.append(FileEntry(f"2007/{stem}", folder / f"JPEGImages/{stem}.jpg", (load,)))
    return entries


LAYOUT = Layout(
    read=_read,
    files=(
        ExpectedFiles(f"{_VOC2012}/ImageSets/Segmentation/train.txt", 1, "train"),
        ExpectedFiles(f"{_VOC2012}/ImageSets/Segmentation/val.txt", 1, "val"),
        ExpectedFiles(f"{_VOC2012}/JPEGImages/*.jpg", 17_125),
        ExpectedFiles(f"{_VOC2012}/SegmentationClass/*.png", 2_913),
        ExpectedFiles(f"{_SBD}/train.txt", 1, "train"),
        ExpectedFiles(f"{_SBD}/val.txt", 1, "train"),
        ExpectedFiles(f"{_SBD}/cls/*.mat", 11_355, "train"),
        ExpectedFiles(f"{_VOC2007}/ImageSets/Main/trainval.txt", 1, "train"),
        ExpectedFiles(f"{_VOC2007}/ImageSets/Main/test.txt", 1, "val"),
        ExpectedFiles(f"{_VOC2007}/JPEGImages/*.jpg", 9_963),
        ExpectedFiles(f"{_VOC2007}/Annotations/*.xml", 9_963),
    ),
    home=(
        "http://host.robots.ox.ac.uk/pascal/VOC/ (VOC2012 trainval; VOC2007 trainval and test) "
        "and http://home.bharathh.info/pubs/codes/SBD/download.html (benchmark.tgz)"
    ),
    terms="free download; images are Flickr's, for research under its terms of use",
)
