"""Finds custom datasets: the user's own raw folder, annotated in one or several formats."""

import collections
import functools
import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import PIL.ExifTags
from etils import epath

from foi_tf.data.convert import (
    doubts,
    folder_doubts,
    format_detection,
    image_files,
    large_images,
    raw_files,
)
from foi_tf.data.convert.entry import FileEntry, RawDataset
from foi_tf.data.convert.reader_result import Loader, ReaderResult
from foi_tf.data.convert.readers import FORMATS, masks
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study.dataset import Dataset, Size
from foi_tf.study.grid import choose_subset
from foi_tf.study.validation_tasks import PUBLISHED
from foi_tf.wording import count_noun, list_names_briefly

# Where formats have the annotations of objects.
_OBJECTS = {
    "coco": "annotations/{split}.json",
    "voc": "Annotations/*.xml",
    "yolo": "labels/{split}/*.txt for images/{split}/*",
    "labelme": "*.json with 'shapes'",
    "cvat": "annotations.xml",
}
# Formats that name images with their suffix.
_WITH_SUFFIX = {"coco", "coco_masks", "cvat", "cvat_masks", "folders"}
_DIVISOR = 32  # HRNet's coarsest stride.
_LONGEST_SIDE = 1024  # Longest side of the input size that we propose, in pixels; ours.
_UPRIGHT, _TURNED = 1, range(2, 9)  # EXIF 2.3; viewers treat any other number as upright.


class NoValidationImagesError(FoiError):
    """Reports a folder without a validation split; a share of the training images can be one."""


def find_custom_dataset(
    raw_dir: epath.PathLike,
    formats: Sequence[str],
    name: str,
    domain: str,
    val_fraction: float | None,
    colors: str | None = None,
) -> RawDataset:
    """Finds the annotated images of a raw folder; reads only lists, JSON, XML and image headers.

    Args:
      formats: names in `readers.FORMATS`. An image may be annotated in some of them only;
        images without any annotation are left out.
      name: id of the dataset from now on.
      domain: image domain, one of `study.dataset.DOMAINS`.
      val_fraction: share of the training images that become validation images, where the
        folder has no validation split.
      colors: file that tells the colors of classes in masks, for the format "masks".

    Raises:
      FoiError: a folder or file is missing or wrong, or the split cannot be made.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise FoiError(
            f"name '{name}' must consist of lower-case letters, digits and underscores, with a "
            "letter first"
        )
    if name in PUBLISHED:
        raise FoiError(
            f"name '{name}' is the id of one of the paper's datasets ({PUBLISHED[name].name}); its "
            "settings would apply to yours, so choose another --name"
        )
    root = epath.Path(raw_dir)
    if not root.is_dir():
        raise FoiError(f"{root}: no such directory")
    with doubts.collect() as collected:
        found = _read_formats(root, formats, colors)
        images = root / _choose_image_folder(found, formats, root)
        splits = _choose_splits(_merge_formats(found, formats, root), val_fraction, root)
        dataset = _describe(found, name, domain, images, splits)
        folder_doubts.check_class_names(dataset.names, root)
        used = [image for of_split in splits.values() for image in of_split]
        folder_doubts.note_left_out(root, images.relative_to(root).as_posix(), used)
        ids = {split: _name_examples(images, of, formats) for split, of in splits.items()}
    sizes = {image: size for one in found for image, size in one.sizes.items()}
    return RawDataset(
        dataset,
        {
            split: [
                FileEntry(
                    ids[split][image],
                    images / image,
                    loaders,
                    functools.partial(_read_upright, images / image),
                    declared_size=sizes.get(image),
                )
                for image, loaders in of_split.items()
            ]
            for split, of_split in splits.items()
        },
        tuple(collected.sentences),
        tuple(_OBJECTS[name] for name in formats if name in _OBJECTS),
    )


def _read_formats(
    root: epath.Path, formats: Sequence[str], colors: str | None
) -> list[ReaderResult]:
    """Reads the annotations of each format."""
    if colors and "masks" not in formats:
        raise FoiError("colors of classes go with the format masks; leave --colors out")
    found = []
    for format_name in formats:
        if format_name not in FORMATS:
            raise unknown_name_error("format", format_name, FORMATS)
        try:
            if format_name == "masks":
                found.append(masks.read_folder(root, colors))
            else:
                found.append(FORMATS[format_name](root))
        except FoiError as error:
            if hint := _guess_format(root, format_name):
                raise FoiError(f"{error} ({hint})") from error
            raise
    return found


def _guess_format(root: epath.Path, format_name: str) -> str:
    """Says which format a folder is of that is not of the given one; "" if there is none."""
    fitting = format_detection.detect_format(root)
    if not fitting:
        return f"the folder {format_detection.describe_folder(root)}"
    if format_name.removesuffix("_masks") in fitting or format_name == "binary_masks":
        return ""
    return f"the folder looks like --format={','.join(fitting)}"


def _describe(
    found: Sequence[ReaderResult], name: str, domain: str, images: epath.Path, splits: Mapping
) -> Dataset:
    """Returns the dataset's row; `splits` holds the images of each split."""
    keypoints = next((r for r in found if "keypoints" in r.classes), found[0])
    return Dataset(
        id=name,
        name=name,
        domain=domain,
        classes={kind: n for r in found for kind, n in r.classes.items()},
        names={kind: names for r in found for kind, names in r.names.items()},
        flip_pairs=keypoints.flip_pairs,
        sigmas=keypoints.sigmas,
        depth_range=next((r.depth_range for r in found if r.depth_range), None),
        train=len(splits["train"]),
        val=len(splits["val"]),
        crop=_propose_input_size([images / image for image in splits["train"]]),
    )


def _read_upright(path: epath.Path) -> tuple[bytes, Size]:
    """Reads an image like `image_files.read_image`, but refuses one that a viewer would turn.

    People annotate what viewers show, but decoders of records ignore the EXIF orientation.
    """
    data, size = image_files.read_image(path)
    with path.open("rb") as file, large_images.open_image(file) as picture:
        try:
            orientation = picture.getexif().get(PIL.ExifTags.Base.Orientation, _UPRIGHT)
        except image_files.BROKEN:  # Viewers leave EXIF aside that they cannot read.
            orientation = _UPRIGHT
    if orientation in _TURNED:
        raise FoiError(
            f"{path}: its EXIF orientation is {orientation}, so annotations may not match its "
            "pixels; turn the pixels with `mogrify -auto-orient` (ImageMagick) or Pillow's "
            "ImageOps.exif_transpose, and check that the annotations fit"
        )
    return data, size


def _choose_image_folder(
    found: Sequence[ReaderResult], formats: Sequence[str], root: epath.Path
) -> str:
    folders = sorted({one.folder for one in found})
    if len(folders) > 1:
        raise FoiError(
            f"{root}: {' and '.join(formats)} keep their images in different folders, "
            f"{' and '.join(folders)}; prepare them as separate datasets"
        )
    return folders[0]


def _merge_formats(
    found: Sequence[ReaderResult], formats: Sequence[str], root: epath.Path
) -> dict[str, dict[str, tuple[Loader, ...]]]:
    merged, place = {}, {}
    for one, name in zip(found, formats, strict=True):
        for split, loaders in one.splits.items():
            for image, load in loaders.items():
                other = place.setdefault(image, (split, name))
                if other[0] != split:
                    raise FoiError(
                        f"{root}: {image} is in {other[0]} by {other[1]}, but in {split} by "
                        f"{name}; give both formats the same splits"
                    )
                of_split = merged.setdefault(split, {})
                of_split[image] = (*of_split.get(image, ()), load)
    return {split: dict(sorted(images.items())) for split, images in merged.items()}


def _choose_splits(merged: dict, val_fraction: float | None, root: epath.Path) -> dict:
    if "train" not in merged:
        raise FoiError(
            f"{root}: no annotated images in train; the splits found are {', '.join(merged)}"
        )
    if "val" in merged:
        if val_fraction is not None:
            raise FoiError(f"{root}: has a val split already; leave --val_fraction out")
        return {split: merged[split] for split in ("train", "val")}
    others = {split: of_split for split, of_split in merged.items() if split != "train"}
    shown = ", ".join(f"'{split}' ({len(of_split)})" for split, of_split in others.items())
    if val_fraction is None:
        there = f", but in {shown}; call that split val, or" if others else ";"
        raise NoValidationImagesError(
            f"{root}: no annotated images in val{there} give a share of train, as "
            "--val_fraction=0.2"
        )
    if others:
        doubts.note(f"{root}: left out annotated images of other splits than train: {shown}")
    every = merged["train"]
    held_out = frozenset(choose_subset(list(every), round(len(every) * val_fraction)))
    if not 0 < len(held_out) < len(every):
        raise FoiError(
            f"{root}: --val_fraction={val_fraction} of {count_noun(len(every), 'image')} leaves a "
            "split empty; choose another fraction"
        )
    return {
        "train": {image: load for image, load in every.items() if image not in held_out},
        "val": {image: load for image, load in every.items() if image in held_out},
    }


def _name_examples(
    folder: epath.Path, images: Iterable[str], formats: Sequence[str]
) -> dict[str, str]:
    """Returns the id of each image of a split: its path without suffix, if that is its own.

    Raises:
      FoiError: two images differ in their suffix only, so their annotations may be either's.
    """
    by_stem = collections.defaultdict(list)
    for image in images:
        by_stem[raw_files.stem(image)].append(image)
    ids = {}
    for stem, of_stem in by_stem.items():
        if len(of_stem) > 1 and not set(formats) <= _WITH_SUFFIX:
            raise FoiError(
                f"{folder}: {list_names_briefly(of_stem)} differ only in what stands behind the "
                "dot, so an annotation may mean each of them; rename or remove one"
            )
        ids |= {image: image if len(of_stem) > 1 else stem for image in of_stem}
    return ids


def _propose_input_size(paths: Sequence[epath.Path]) -> Size:
    """Returns the median image size of a sample, rounded to the network's coarsest stride."""
    sample = paths[:: max(1, len(paths) // 50)]
    height, width = np.median(_read_sizes(sample), axis=0)
    shrink = min(1.0, _LONGEST_SIDE / max(height, width))
    sides = (round(side * shrink / _DIVISOR) * _DIVISOR for side in (height, width))
    return tuple(max(_DIVISOR, side) for side in sides)


def _read_sizes(paths: Sequence[epath.Path]) -> list[Size]:
    """Reads the (height, width) of images, but for those that are broken: loading names each.

    Raises:
      FoiError: all are broken.
    """
    sizes, errors = [], []
    for path in paths:
        try:
            sizes.append(image_files.read_image_size(path))
        except FoiError as error:
            errors.append(error)
    if not sizes:
        raise errors[0]
    return sizes
