"""Reads COCO 2017 with MSeg's classes: panoptic masks, in universal classes."""

from etils import epath

from foi_tf.data.convert import folder_listing
from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts import coco
from foi_tf.data.convert.layouts.layout import Layout
from foi_tf.data.convert.readers import panoptic
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset
from foi_tf.study.labels import mseg


def _read(root: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    return {split: _find_entries(root, split, row) for split in ("train", "val")}


def _find_entries(root: epath.Path, split: str, row: Dataset) -> list[FileEntry]:
    folder, annotations = root / f"{split}2017", root / "annotations"
    path = annotations / f"panoptic_{split}2017.json"
    loaders = panoptic.read_file(
        path,
        annotations / f"panoptic_{split}2017",
        row,
        mseg.map_to_universal("coco-panoptic-133"),
    )
    images = frozenset(image.name for image in folder_listing.list_files(folder))
    if missing := sorted(set(loaders) - images):
        raise FoiError(f"{path}: there is no file {folder.name}/{missing[0]}; unpack all images")
    return [
        FileEntry(f"{split}/{image.removesuffix('.jpg')}", folder / image, (loaders[image],))
        for image in sorted(loaders)
    ]


LAYOUT = Layout(
    read=_read,
    files=tuple(
        part
        for part in coco.LAYOUT.files
        if "instances" not in part.pattern and "keypoints" not in part.pattern
    ),
    home="https://cocodataset.org/#download (2017 images, panoptic_annotations_trainval2017.zip)",
    terms=coco.LAYOUT.terms,
)
