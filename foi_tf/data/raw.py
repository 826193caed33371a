"""What readers hand over: the annotations found in a raw folder, not yet loaded."""

import dataclasses
import functools
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import PIL.Image
from etils import epath

from foi_tf.errors import FoiError
from foi_tf.files import describe
from foi_tf.study.dataset import Size

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")

# Loads the annotations of one image as fields of `schema`.
Loader = Callable[[], dict[str, Any]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Raw:
    """One format's view of a raw folder.

    Attributes:
      classes, names, flip_pairs, sigmas, depth_range: as in `study.dataset.Dataset`.
      splits: by split and by the image's path, relative to `folder`, what loads its
        annotations.
      folder: where the images are, below the raw folder.
    """

    classes: Mapping[str, int]
    splits: Mapping[str, Mapping[str, Loader]]
    names: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    flip_pairs: tuple[tuple[int, int], ...] = ()
    sigmas: tuple[float, ...] = ()
    depth_range: tuple[float, float] | None = None
    folder: str = "images"


def images(raw_dir: epath.Path) -> dict[str, list[str]]:
    """Lists the image files below `images/` by split, relative to it, sorted.

    Raises:
      FoiError: there is no such folder, or no image in it.
    """
    root = raw_dir / "images"
    if not root.is_dir():
        raise FoiError(f"{root}: no such directory; images belong into images/train, images/val")
    found = {}
    for split in sorted(p for p in root.iterdir() if p.is_dir()):
        files = [p for p in files_below(split) if p.suffix.lower() in IMAGE_SUFFIXES]
        if files:
            found[split.name] = [str(p.relative_to(root)) for p in files]
    if not found:
        raise FoiError(f"{root}: no images in it; they belong into images/train, images/val")
    return found


def maps(
    raw_dir: epath.Path, kind: str, load: Callable[[epath.Path], dict[str, Any]]
) -> dict[str, dict[str, Loader]]:
    """Finds annotations that are pictures: {kind}/{split}/*.png, each with its image's stem.

    Args:
      load: reads one picture into fields of `schema`.

    Returns:
      What `Raw.splits` holds.

    Raises:
      FoiError: a folder is missing or holds no picture, or a picture has no image.
    """
    root = raw_dir / kind
    if not root.is_dir():
        raise FoiError(f"{root}: no such directory; {kind} belongs into {kind}/train, {kind}/val")
    splits = {}
    for split, names in images(raw_dir).items():
        by_stem = {str(epath.Path(name).with_suffix("")): name for name in names}
        found = {}
        for path in files_below(root / split):
            if path.suffix.lower() != ".png":
                continue
            stem = str(path.relative_to(root).with_suffix(""))
            if stem not in by_stem:
                raise FoiError(f"{path}: has no image images/{stem}.*")
            found[by_stem[stem]] = functools.partial(load, path)
        if found:
            splits[split] = found
    if not splits:
        raise FoiError(f"{root}: no *.png in {kind}/{{split}} for any split of images/")
    return splits


def class_names(path: epath.Path) -> tuple[str, ...]:
    """Reads a classes.json: {"classes": ["name", ...]}.

    Raises:
      FoiError: it is missing or reads otherwise.
    """
    try:
        names = json.loads(read_bytes(path))["classes"]
    except (ValueError, KeyError, TypeError) as error:
        raise FoiError(f'{path}: must read {{"classes": ["name", ...]}}') from error
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise FoiError(f"{path}: 'classes' must be a list of names")
    return tuple(names)


def files_below(directory: epath.Path) -> list[epath.Path]:
    """All files in a directory and its subdirectories, sorted; none if it is missing."""
    if not directory.is_dir():
        return []
    entries = sorted(directory.iterdir())
    return sorted(p for e in entries for p in (files_below(e) if e.is_dir() else [e]))


def read_image(path: epath.Path) -> tuple[bytes, Size]:
    """Reads an image file whole, having decoded it once to see that it is whole.

    JPEG (grey or RGB) and PNG (8 bits) bytes are kept; other formats become PNG.

    Returns:
      The bytes and (height, width).

    Raises:
      FoiError: the file is missing, truncated or no image.
    """
    return whole_image(read_bytes(path), path)


def whole_image(data: bytes, path: epath.Path) -> tuple[bytes, Size]:
    """The same of an image file's bytes; `path` says in errors where they are from."""
    picture = _decode(data, path)
    keep = (picture.format == "JPEG" and picture.mode in ("RGB", "L")) or (
        picture.format == "PNG" and picture.mode in ("RGB", "RGBA", "L", "P")
    )
    if not keep:
        buffer = io.BytesIO()
        picture.convert("RGB").save(buffer, "PNG")
        data = buffer.getvalue()
    return data, (picture.height, picture.width)


def read_labels(path: epath.Path) -> np.ndarray:
    """Reads a one-channel image [H, W] of 8 or 16 bits: class ids, palette indices or depth.

    Raises:
      FoiError: as `read_image`; or it has colours, which are no labels.
    """
    picture = _decode(read_bytes(path), path)
    values = np.asarray(picture)
    if values.ndim != 2 or picture.mode == "1":
        raise FoiError(f"{path}: must have one channel of 8 or 16 bits, not mode {picture.mode}")
    return values.astype(np.uint16 if picture.mode.startswith("I") else np.uint8)


def read_colours(path: epath.Path) -> np.ndarray:
    """Reads an image whose colours mean something: uint8 [H, W, 3] RGB.

    Raises:
      FoiError: as `read_image`; or it has no three colours of 8 bits (a palette has).
    """
    picture = _decode(read_bytes(path), path)
    if picture.mode not in ("RGB", "RGBA", "P"):
        raise FoiError(f"{path}: must have colours of 8 bits, not mode {picture.mode}")
    return np.asarray(picture.convert("RGB"))


def image_size(path: epath.Path) -> Size:
    """The (height, width) in an image file's header.

    Raises:
      FoiError: the file is missing or no image.
    """
    try:
        with path.open("rb") as file, PIL.Image.open(file) as picture:
            return picture.height, picture.width
    except (OSError, SyntaxError, ValueError) as error:
        raise FoiError(f"{path}: no image ({error}); replace or remove it") from error


def read_bytes(path: epath.Path) -> bytes:
    """Reads a file.

    Raises:
      FoiError: it is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FoiError(f"{path}: {describe(error)}") from error


def _decode(data: bytes, path: epath.Path) -> PIL.Image.Image:
    try:
        picture = PIL.Image.open(io.BytesIO(data))
        picture.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise FoiError(f"{path}: not a whole image ({error}); replace or remove it") from error
    return picture
