"""Reads COCO 2017: panoptic masks, instances' boxes and persons' keypoints.

As in the authors' code, a training image without objects is not annotated for boxes, and one
without persons is not annotated for keypoints. So the number of images in a setting counts
only images with objects or persons. Validation images without objects or persons are annotated
with none, since COCO's evaluation counts what is found in them as wrong.

The builder of `tensorflow-datasets` downloads COCO itself and lacks the keypoints. So the
reader for own data in COCO's format reads this dataset, too.
"""

from etils import epath

from foi_tf.data.convert import folder_listing
from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import ExpectedFiles, Layout
from foi_tf.data.convert.readers import coco, panoptic
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset

_JSON = {"detection": "instances", "keypoints": "person_keypoints"}


def _read(root: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    return {split: _find_entries(root, split, row) for split in ("train", "val")}


def _find_entries(root: epath.Path, split: str, row: Dataset) -> list[FileEntry]:
    folder = root / f"{split}2017"
    images = frozenset(path.name for path in folder_listing.list_files(folder))
    if not images:
        raise FoiError(f"{folder}: holds no images; unpack {split}2017.zip here")
    annotations = root / "annotations"
    found = [
        panoptic.read_file(
            annotations / f"panoptic_{split}2017.json", annotations / f"panoptic_{split}2017", row
        )
    ]
    for task_type, name in _JSON.items():
        path = annotations / f"{name}_{split}2017.json"
        kind, loaders = coco.read_file(path, folder.name, images, empty=split == "val")
        _check_names(kind.names, task_type, row, path)
        found.append(loaders)
    return [
        FileEntry(
            f"{split}/{image.removesuffix('.jpg')}",
            folder / image,
            tuple(loaders[image] for loaders in found if image in loaders),
        )
        for image in sorted(set().union(*found))
    ]


def _check_names(found: dict, task_type: str, row: Dataset, path: epath.Path) -> None:
    # The publisher's left_eye is our "left eye".
    names = tuple(name.replace("_", " ") for name in found.get(task_type, ()))
    if names != row.names[task_type]:
        raise FoiError(f"{path}: its {task_type} categories are not those of COCO 2017; replace it")


LAYOUT = Layout(
    read=_read,
    files=tuple(
        ExpectedFiles(pattern.replace("SPLIT", f"{split}2017"), each or images, split)
        for split, images in (("train", 118_287), ("val", 5_000))
        for pattern, each in (
            ("SPLIT/*.jpg", None),
            ("annotations/instances_SPLIT.json", 1),
            ("annotations/person_keypoints_SPLIT.json", 1),
            ("annotations/panoptic_SPLIT.json", 1),
            ("annotations/panoptic_SPLIT/*.png", None),
        )
    ),
    home=(
        "https://cocodataset.org/#download (2017 images, annotations_trainval2017.zip, "
        "panoptic_annotations_trainval2017.zip and the two zip files in it)"
    ),
    terms="free download; annotations CC BY 4.0, images are Flickr's under its terms of use",
)
