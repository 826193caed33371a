"""One's own data: a raw folder, in one or several formats, as examples."""

import functools
import re
from collections.abc import Sequence

import numpy as np
import PIL.ExifTags
import PIL.Image
from etils import epath

from foi_tf.data.convert import raw_files
from foi_tf.data.convert.entry import FileEntry, RawDataset
from foi_tf.data.convert.reader_result import Loader, ReaderResult
from foi_tf.data.convert.readers import FORMATS
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study.dataset import Dataset, Size
from foi_tf.study.grid import choose_subset
from foi_tf.study.registry import DATASETS

_DIVISOR = 32  # HRNet's coarsest stride.
_LONGEST_SIDE = 1024  # Of the input size that we propose; ours.
_UPRIGHT, _TURNED = 1, range(2, 9)  # EXIF 2.3; readers take other numbers for upright.


def find_custom_dataset(
    raw_dir: epath.PathLike,
    formats: Sequence[str],
    name: str,
    domain: str,
    val_fraction: float | None,
) -> RawDataset:
    """Looks through a raw folder; no more than lists, JSON, XML and headers of images is read.

    Args:
      formats: names of `readers.FORMATS`; images may be annotated in one and not in
        another, and those annotated in none are left out.
      val_fraction: share of the images of `train` that becomes `val` where the folder
        has no `val`.

    Raises:
      FoiError: a folder or file is missing or wrong, or the split cannot be made.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise FoiError(f"name '{name}' must be lower-case letters, digits and underscores")
    if name in DATASETS:
        raise FoiError(
            f"name '{name}' is that of one of the paper's datasets ({DATASETS[name].name}), whose "
            "settings yours would get; choose another --name"
        )
    root = epath.Path(raw_dir)
    if not root.is_dir():
        raise FoiError(f"{root}: no such directory")
    found = []
    for format_name in formats:
        if format_name not in FORMATS:
            raise unknown_name_error("format", format_name, FORMATS)
        found.append(FORMATS[format_name](root))
    images = root / _choose_image_folder(found, formats, root)
    splits = _choose_splits(_merge_formats(found, formats, root), val_fraction, root)
    keypoints = next((r for r in found if "keypoints" in r.classes), found[0])
    dataset = Dataset(
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
    return RawDataset(
        dataset,
        {
            split: [
                FileEntry(
                    raw_files.stem(image),
                    images / image,
                    loaders,
                    functools.partial(_read_upright, images / image),
                )
                for image, loaders in of_split.items()
            ]
            for split, of_split in splits.items()
        },
    )


def _read_upright(path: epath.Path) -> tuple[bytes, Size]:
    """As `raw_files.read_image`, but refuses what a viewer would show turned.

    People annotate what viewers show, and decoders of records leave pixels as they lie.
    """
    data, size = raw_files.read_image(path)
    with path.open("rb") as file, PIL.Image.open(file) as picture:
        orientation = picture.getexif().get(PIL.ExifTags.Base.Orientation, _UPRIGHT)
    if orientation in _TURNED:
        raise FoiError(
            f"{path}: its EXIF orientation is {orientation}, so that annotations may not lie where "
            "its pixels do; turn the pixels with `mogrify -auto-orient` (ImageMagick) or Pillow's "
            "ImageOps.exif_transpose, and see that the annotations fit"
        )
    return data, size


def _choose_image_folder(
    found: Sequence[ReaderResult], formats: Sequence[str], root: epath.Path
) -> str:
    folders = sorted({one.folder for one in found})
    if len(folders) > 1:
        raise FoiError(
            f"{root}: {' and '.join(formats)} keep their images apart, "
            f"in {' and '.join(folders)}; prepare them as datasets of their own"
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
                        f"{root}: {image} is in {other[0]} by {other[1]} and in {split} by {name}; "
                        "give both formats the same splits"
                    )
                of_split = merged.setdefault(split, {})
                of_split[image] = (*of_split.get(image, ()), load)
    return {split: dict(sorted(images.items())) for split, images in merged.items()}


def _choose_splits(merged: dict, val_fraction: float | None, root: epath.Path) -> dict:
    if "train" not in merged:
        raise FoiError(f"{root}: no annotated images in train; found {', '.join(merged)}")
    if "val" in merged:
        if val_fraction is not None:
            raise FoiError(f"{root}: has a val split already; leave --val_fraction out")
        return {split: merged[split] for split in ("train", "val")}
    if val_fraction is None:
        raise FoiError(f"{root}: no annotated images in val; give --val_fraction=0.2, say")
    every = merged["train"]
    held_out = frozenset(choose_subset(list(every), round(len(every) * val_fraction)))
    if not 0 < len(held_out) < len(every):
        raise FoiError(
            f"{root}: --val_fraction={val_fraction} of {len(every)} leaves a split empty"
        )
    return {
        "train": {image: load for image, load in every.items() if image not in held_out},
        "val": {image: load for image, load in every.items() if image in held_out},
    }


def _propose_input_size(paths: Sequence[epath.Path]) -> Size:
    """The median image size of a sample, in multiples of the network's coarsest stride."""
    sample = paths[:: max(1, len(paths) // 50)]
    height, width = np.median([raw_files.read_image_size(path) for path in sample], axis=0)
    shrink = min(1.0, _LONGEST_SIDE / max(height, width))
    sides = (round(side * shrink / _DIVISOR) * _DIVISOR for side in (height, width))
    return tuple(max(_DIVISOR, side) for side in sides)
