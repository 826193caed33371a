"""Lists and reads the files of raw folders, for all readers."""

import functools
import io
import json
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import PIL.Image
from etils import epath

from foi_tf.data.convert import large_images
from foi_tf.data.convert.reader_result import Loader
from foi_tf.errors import FoiError
from foi_tf.files import describe_error
from foi_tf.study.dataset import Size

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
_CLASSES = '{"classes": ["name", ...]}'


def list_images(raw_dir: epath.Path, folder: str = "images") -> dict[str, list[str]]:
    """Lists the image files below a folder by split, as sorted paths relative to the folder.

    The splits come from the first of these that exists: the lists train.txt and val.txt in
    the raw folder, which hold paths of images with or without suffix; the folders
    {folder}/train and {folder}/val and others beside them. Otherwise all images are train.

    Raises:
      FoiError: the folder is missing or holds no image; or a list names a missing file, or
        names one twice.
    """
    return _split_images(raw_dir, _list_image_names(raw_dir / folder), folder)


def _split_images(raw_dir: epath.Path, names: Sequence[str], folder: str) -> dict[str, list[str]]:
    lists = {split: raw_dir / f"{split}.txt" for split in ("train", "val")}
    if any(path.exists() for path in lists.values()):
        return _split_by_lists(
            names, {s: path for s, path in lists.items() if path.exists()}, folder
        )
    splits = {}
    for name in names:
        parent, _, rest = name.partition("/")
        splits.setdefault(parent if rest else "", []).append(name)
    if not {"train", "val"} & set(splits):
        return {"train": list(names)}
    return {split: names for split, names in splits.items() if split}


def _list_image_names(root: epath.Path) -> list[str]:
    if not root.is_dir():
        raise FoiError(f"{root}: no such directory; put images into images/train and images/val")
    names = [name for name in list_names(root) if name.lower().endswith(IMAGE_SUFFIXES)]
    if not names:
        raise FoiError(f"{root}: holds no images; put them into {root}/train and {root}/val")
    return names


def _split_by_lists(
    names: Sequence[str], lists: Mapping[str, epath.Path], folder: str
) -> dict[str, list[str]]:
    known = {name: name for name in names} | {stem(name): name for name in names}
    splits, seen = {}, {}
    for split, path in lists.items():
        splits[split] = []
        for number, line in enumerate(read_text(path).splitlines(), 1):
            # Some tools list paths relative to the raw folder, not to its images.
            text = line.strip().removeprefix("./").removeprefix(f"{folder}/")
            if not text:
                continue
            name = known.get(text)
            if name is None:
                raise FoiError(f"{path}: line {number}: there is no image {folder}/{text}")
            if name in seen:
                raise FoiError(f"{path}: line {number}: {name} is listed in {seen[name]} already")
            seen[name] = f"{path.name}, line {number}"
            splits[split].append(name)
    return {split: sorted(found) for split, found in splits.items() if found}


def stem(name: str) -> str:
    """Returns an image's path without its suffix, which names its annotations and its record."""
    bare, _, suffix = name.rpartition(".")
    return name if "/" in suffix or not bare else bare


def find_annotation_images(
    raw_dir: epath.Path, kind: str, load: Callable[[epath.Path], dict[str, Any]]
) -> dict[str, dict[str, Loader]]:
    """Finds annotations that are images: {kind}/{split}/*.png, each with its image's stem.

    Args:
      kind: name of the folder, "masks" or "depth".
      load: reads one annotation image into fields of `schema`.

    Returns:
      The annotations by split and image, as `ReaderResult.splits` holds them.

    Raises:
      FoiError: a folder is missing or empty, or an annotation has no image.
    """
    root = raw_dir / kind
    if not root.is_dir():
        raise FoiError(f"{root}: no such directory; put {kind} into {kind}/train and {kind}/val")
    pictures = {
        stem(name): root / name for name in list_names(root) if name.lower().endswith(".png")
    }
    every = _list_image_names(raw_dir / "images")
    splits = {}
    for split, names in _split_images(raw_dir, every, "images").items():
        found = {name: pictures[stem(name)] for name in names if stem(name) in pictures}
        if found:
            splits[split] = {name: functools.partial(load, path) for name, path in found.items()}
    known = {stem(name) for name in every}
    folders = {name.partition("/")[0] for name in known if "/" in name}
    for name, path in pictures.items():
        folder, _, rest = name.partition("/")
        if name not in known and (not rest or folder in folders):
            raise FoiError(f"{path}: there is no image images/{name}.* for it; add or remove one")
    if not splits:
        raise FoiError(f"{root}: holds no *.png in {kind}/{{split}} for any split of images/")
    return splits


def read_class_names(path: epath.Path) -> tuple[str, ...]:
    """Reads a classes.json: {"classes": ["name", ...]}.

    Raises:
      FoiError: the file is missing or holds anything else.
    """
    if not path.exists():
        raise FoiError(f"{path}: no such file; it must hold {_CLASSES}")
    try:
        names = json.loads(read_bytes(path))["classes"]
    except (ValueError, KeyError, TypeError) as error:
        raise FoiError(f"{path}: must hold {_CLASSES}") from error
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise FoiError(f"{path}: 'classes' must be a list of names")
    return tuple(names)


def list_files(directory: epath.Path) -> list[epath.Path]:
    """Lists all files in a directory and its subdirectories, sorted; none if it is missing."""
    return [directory / name for name in list_names(directory)]


def list_names(directory: epath.Path) -> list[str]:
    """Lists the same files as `list_files`, as paths relative to the directory, with slashes."""
    root = os.fspath(directory)
    if "://" in root:
        found = (p for e in directory.iterdir() for p in (list_files(e) if e.is_dir() else [e]))
        return sorted(path.relative_to(directory).as_posix() for path in found)
    # With hundreds of thousands of files, path objects would take minutes.
    found = []
    for place, _, files in os.walk(root, followlinks=True):
        below = pathlib.PurePath(place).relative_to(root).as_posix()
        found += files if below == "." else (f"{below}/{file}" for file in files)
    return sorted(found)


def read_image(path: epath.Path) -> tuple[bytes, Size]:
    """Reads an image file and decodes it once to check that it is complete.

    The bytes of JPEG (gray or RGB) and PNG (8 bits) are kept; other formats become PNG.

    Returns:
      The bytes and (height, width).

    Raises:
      FoiError: the file is missing or truncated, is not an image, or is too large for the
        memory.
    """
    return verify_image(read_bytes(path), path)


def verify_image(data: bytes, path: epath.Path) -> tuple[bytes, Size]:
    """Does the same as `read_image` with the bytes of a file; errors name `path`."""
    picture = _decode(data, path)
    large_images.check_decodable(picture, path)
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
      FoiError: as for `read_image`, or the image has colors, which are no labels.
    """
    picture = _decode(read_bytes(path), path)
    values = np.asarray(picture)
    if values.ndim != 2 or picture.mode == "1":
        raise FoiError(f"{path}: must have one channel of 8 or 16 bits, not mode {picture.mode}")
    return values.astype(np.uint16 if picture.mode.startswith("I") else np.uint8)


def read_colors(path: epath.Path) -> np.ndarray:
    """Reads an image as RGB colors: uint8 [H, W, 3].

    Raises:
      FoiError: as for `read_image`, or the image is neither RGB(A) of 8 bits a channel nor
        a palette of such colors.
    """
    picture = _decode(read_bytes(path), path)
    if picture.mode not in ("RGB", "RGBA", "P"):
        raise FoiError(f"{path}: must have colors of 8 bits, not mode {picture.mode}")
    return np.asarray(picture.convert("RGB"))


def read_image_size(path: epath.Path) -> Size:
    """Reads the (height, width) in pixels from an image file's header.

    Raises:
      FoiError: the file is missing or is not an image.
    """
    try:
        with path.open("rb") as file, large_images.open_image(file) as picture:
            return picture.height, picture.width
    except (OSError, SyntaxError, ValueError) as error:
        raise broken_image_error(path, error) from error


def read_bytes(path: epath.Path) -> bytes:
    """Reads the bytes of a file.

    Raises:
      FoiError: the file is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FoiError(f"{path}: {describe_error(error)}") from error


def read_text(path: epath.Path) -> str:
    """Reads a text file.

    Raises:
      FoiError: the file is missing, cannot be read, or is not UTF-8.
    """
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise FoiError(f"{path}: is not text in UTF-8; replace it") from error


def _decode(data: bytes, path: epath.Path) -> PIL.Image.Image:
    try:
        picture = large_images.open_image(io.BytesIO(data))
    except (OSError, SyntaxError, ValueError) as error:
        raise broken_image_error(path, error) from error
    large_images.check_memory(picture, path)
    try:
        picture.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise broken_image_error(path, error) from error
    except MemoryError as error:
        raise large_images.memory_error(picture, path) from error
    return picture


def broken_image_error(path: epath.Path, error: Exception) -> FoiError:
    """Returns the error for an image file that Pillow cannot read."""
    # Pillow's own text names an object in memory, which tells users nothing.
    reason = "unknown format" if isinstance(error, PIL.UnidentifiedImageError) else error
    return FoiError(f"{path}: not a whole image ({reason}); replace or remove it")
