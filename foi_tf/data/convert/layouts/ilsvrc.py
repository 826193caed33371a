"""Reads ILSVRC'12: the publisher's two tar archives, or the folders unpacked from them.

The validation labels come with `tensorflow-datasets`. Its builder would write all records a
second time, so the archives are read here. The place of each image in them is looked up
once, without unpacking.
"""

import dataclasses
import functools
import re
import tarfile
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from etils import epath

from foi_tf.data.convert import folder_listing, image_files
from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import ExpectedFiles, Layout
from foi_tf.errors import FoiError
from foi_tf.progress import track
from foi_tf.study.dataset import Dataset, Size
from foi_tf.study.labels.websearch import SYNSETS

_TARS = {"train": "ILSVRC2012_img_train.tar", "val": "ILSVRC2012_img_val.tar"}
_LABELS = {synset: label for label, synset in enumerate(SYNSETS)}
_VAL_NAME = re.compile(r"ILSVRC2012_val_(\d{8})\.JPEG")

# Name, label, offset and size of each image; offset and size are 0 outside archives.
_Found = Iterator[tuple[str, int, int, int]]


@dataclasses.dataclass(frozen=True)
class _ImageEntries(Sequence[FileEntry]):
    """Behaves as a list of a million entries, each of which is made when it is asked for.

    Attributes:
      path: the archive, or the folder that `names` are relative to.
      names: names of the images.
      numbers: int64 [images, (label, offset, size)]; offset and size, in bytes, are used
        for archives only.
      is_archive: whether `path` is an archive.
    """

    path: epath.Path
    names: Sequence[str]
    numbers: np.ndarray
    is_archive: bool

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return dataclasses.replace(self, names=self.names[index], numbers=self.numbers[index])
        label, offset, size = (int(number) for number in self.numbers[index])
        path = self.path / self.names[index]
        read = functools.partial(_read_member, self.path, path, offset, size)
        return FileEntry(
            path.stem,
            path,
            (functools.partial(_load_label, label),),
            read if self.is_archive else None,
        )


def _read(root: epath.Path, row: Dataset) -> dict[str, Sequence[FileEntry]]:
    del row  # The labels do not depend on it.
    return {split: _find_images(root, split) for split in _TARS}


def _find_images(root: epath.Path, split: str) -> _ImageEntries:
    archive, folder = root / _TARS[split], root / split
    if not archive.exists() and not folder.is_dir():
        raise FoiError(f"{archive}: no such file, and {folder} with its images is missing, too")
    if archive.exists():
        path, found = archive, _list_archive(archive, split)
    else:
        path, found = folder, _list_folder(folder)
    names, numbers = [], []
    for name, *values in found:
        names.append(name)
        numbers.append(values)
    if not names:
        raise FoiError(f"{path}: holds no image; replace it")
    return _ImageEntries(path, names, np.asarray(numbers, np.int64), archive.exists())


def _list_archive(path: epath.Path, split: str) -> _Found:
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as archive:
            if split == "val":
                for image in archive:
                    yield (
                        image.name,
                        _find_val_label(image.name, path),
                        image.offset_data,
                        image.size,
                    )
                return
            for synset in track(archive, path.name, len(SYNSETS), unit="synset"):
                if not synset.isfile():
                    raise FoiError(
                        f"{path}: {synset.name} is not the archive of a synset; replace it"
                    )
                label = _find_train_label(synset.name.removesuffix(".tar"), path)
                with tarfile.open(fileobj=archive.extractfile(synset), mode="r:") as images:
                    for image in images:
                        offset = synset.offset_data + image.offset_data
                        yield image.name, label, offset, image.size
    except tarfile.TarError as error:
        raise FoiError(f"{path}: not a whole tar archive ({error}); replace it") from error


def _list_folder(folder: epath.Path) -> _Found:
    for path in folder_listing.list_files(folder):
        name = path.relative_to(folder)
        if path.suffix != ".JPEG":
            continue
        if len(name.parts) == 1:  # The archive has the validation images without folders.
            yield str(name), _find_val_label(path.name, folder), 0, 0
        else:
            yield str(name), _find_train_label(name.parts[0], folder), 0, 0


def _find_train_label(synset: str, path: epath.Path) -> int:
    if synset not in _LABELS:
        raise FoiError(f"{path}: {synset} is not among the 1000 synsets; remove it")
    return _LABELS[synset]


def _find_val_label(name: str, path: epath.Path) -> int:
    match = _VAL_NAME.fullmatch(name)
    labels = _read_val_labels()
    if not match or not 1 <= int(match[1]) <= len(labels):
        raise FoiError(f"{path}: {name} is not a validation image of ILSVRC'12; remove it")
    return _LABELS[labels[int(match[1]) - 1]]


@functools.cache
def _read_val_labels() -> list[str]:
    """Returns the synset of each validation image, in the order of the images' names."""
    path = tfds.core.tfds_path("datasets/imagenet2012/validation_labels.txt")
    return path.read_text().split()


def _load_label(label: int) -> dict[str, Any]:
    return {"label": label}


def _read_member(
    archive: epath.Path, path: epath.Path, offset: int, size: int
) -> tuple[bytes, Size]:
    with archive.open("rb") as file:
        file.seek(offset)
        return image_files.verify_image(file.read(size), path)


_VAL_FILES = ExpectedFiles(
    "val/*.JPEG", 50_000, "val", ExpectedFiles("val/*/*.JPEG", 50_000, "val")
)
LAYOUT = Layout(
    read=_read,
    files=(
        ExpectedFiles(
            _TARS["train"], 1, "train", ExpectedFiles("train/*/*.JPEG", 1_281_167, "train")
        ),
        ExpectedFiles(_TARS["val"], 1, "val", _VAL_FILES),
    ),
    home="https://image-net.org/download-images (ILSVRC2012, training and validation images)",
    terms="non-commercial research and education, by an account with an institutional address",
)
