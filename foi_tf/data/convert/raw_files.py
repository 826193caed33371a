"""Finds the images of raw folders, their splits and the annotations that are images."""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from etils import epath

from foi_tf import parsing
from foi_tf.data.convert import doubts, folder_listing
from foi_tf.data.convert.image_lookup import ImageLookup
from foi_tf.data.convert.reader_result import Loader
from foi_tf.data.convert.text_files import read_text
from foi_tf.errors import FoiError
from foi_tf.wording import count_noun, list_names_briefly

IMAGE_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif",
)  # fmt: skip
# Annotations that are images: JPEG and lossy WebP would change their values.
LABEL_SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".gif")
_LABEL_ENDS = ("_mask", "_masks", "_label", "_labels", "_seg", "_gt", "_depth")
# Images that are not read; cameras, phones and instruments write them.
UNREAD_IMAGE_SUFFIXES = (
    ".heic", ".heif", ".avif", ".jp2", ".j2k", ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw",
    ".raw", ".psd", ".svg", ".exr", ".hdr", ".pfm", ".npy", ".npz", ".mat", ".dcm", ".nii", ".pdf",
)  # fmt: skip
# Other names of the splits that people and tools use.
SPLIT_NAMES = {"train": ("train", "training"), "val": ("val", "valid", "validation")}
_SPLIT_OF = {name: split for split, names in SPLIT_NAMES.items() for name in names}
_YEAR = re.compile(r"[-_ ]?\d{4}$")  # Stands behind the name of a split, as in train2017.
_CLASSES = '{"classes": ["name", ...]}'


def list_images(raw_dir: epath.Path, folder: str = "images") -> dict[str, list[str]]:
    """Lists the image files below a folder by split, as sorted paths relative to the folder.

    The splits come from the first of these that exists: the lists train.txt and val.txt in
    the raw folder, which hold paths of images with or without suffix; the folders
    {folder}/train and {folder}/val and others beside them. Otherwise all images are train.
    A split may also have another of its `SPLIT_NAMES`, as "valid", a folder in any letter case
    and with a year behind, as "Train" or "train2017". Several such folders make one split.

    Raises:
      FoiError: the folder is missing or holds no image; names of folders contain the splits
        without being them; or a list names a missing file, or names one twice.
    """
    return _split_images(raw_dir, _list_image_names(raw_dir / folder), folder)


def find_split_file(directory: epath.Path, split: str, suffix: str) -> epath.Path:
    """Returns the file of a split: {split}{suffix}, or of another of the split's names.

    The file need not exist; the result is then the one of the first name.
    """
    names = SPLIT_NAMES.get(split, (split,))
    paths = [directory / f"{name}{suffix}" for name in names]
    return next((path for path in paths if path.exists()), paths[0])


def _split_images(raw_dir: epath.Path, names: Sequence[str], folder: str) -> dict[str, list[str]]:
    lists = {split: find_split_file(raw_dir, split, ".txt") for split in SPLIT_NAMES}
    if any(path.exists() for path in lists.values()):
        return _split_by_lists(
            names, {s: path for s, path in lists.items() if path.exists()}, folder
        )
    folders: dict[str, list[str]] = {}
    for name in names:
        parent, _, rest = name.partition("/")
        folders.setdefault(parent if rest else "", []).append(name)
    splits: dict[str, list[str]] = {}
    for place, found in folders.items():
        if place:
            splits.setdefault(name_folder_split(place), []).extend(found)
    if not splits.keys() & SPLIT_NAMES.keys():
        _refuse_hidden_splits(raw_dir / folder, folders)
        return {"train": list(names)}
    return splits


def name_folder_split(folder: str) -> str:
    """Returns the split that a folder holds by its name; another name stands for itself."""
    return _SPLIT_OF.get(_YEAR.sub("", folder.lower()), folder)


def _refuse_hidden_splits(root: epath.Path, folders: Iterable[str]) -> None:
    """Refuses folders that seem to be splits, which would all become training images."""
    said: dict[str, str] = {}
    for folder in folders:
        for word in re.split(r"[^a-z]+", folder.lower()):
            if word in _SPLIT_OF:
                said.setdefault(_SPLIT_OF[word], folder)
    if said.keys() == SPLIT_NAMES.keys():
        raise FoiError(
            f"{root}: the folders {' and '.join(sorted(said.values()))} seem to be the splits; "
            "call them train and val, and those of their annotations likewise"
        )


def _list_image_names(root: epath.Path) -> list[str]:
    if not root.is_dir():
        raise FoiError(f"{root}: no such directory; put images into images/train and images/val")
    every = folder_listing.list_names(root)
    names = [name for name in every if name.lower().endswith(IMAGE_SUFFIXES)]
    unread = [name for name in every if name.lower().endswith(UNREAD_IMAGE_SUFFIXES)]
    if not names:
        there = (
            f" that is read, but {list_names_briefly(unread)}; convert them to" if unread else ""
        )
        advice = (
            f"{there} JPEG or PNG" if unread else f"s; put them into {root}/train and {root}/val"
        )
        raise FoiError(f"{root}: holds no image{advice}")
    return names


def _split_by_lists(
    names: Sequence[str], lists: Mapping[str, epath.Path], folder: str
) -> dict[str, list[str]]:
    known = {name: name for name in names} | {stem(name): name for name in names}
    lookup = ImageLookup(names, folder)
    splits: dict[str, list[str]] = {}
    seen: dict[str, str] = {}
    for split, path in lists.items():
        splits[split] = []
        for number, line in enumerate(read_text(path).splitlines(), 1):
            # Some tools list paths relative to the raw folder, not to its images.
            text = line.strip().removeprefix("./").removeprefix(f"{folder}/")
            if not text:
                continue
            name = known.get(text) or lookup.find(text, (), f"{path}: line {number}")
            if name is None:
                raise FoiError(f"{path}: line {number}: there is no image {folder}/{text}")
            if name in seen:
                raise FoiError(f"{path}: line {number}: {name} is listed in {seen[name]} already")
            seen[name] = f"{path.name}, line {number}"
            splits[split].append(name)
    return {split: sorted(found) for split, found in splits.items() if found}


def stem(name: str) -> str:
    """Returns an image's path without its suffix, which names its annotations and its record.

    Unicode writes some letters in two ways, and archives change one to the other; the result
    has the composed one (NFC).
    """
    bare, _, suffix = name.rpartition(".")
    return unicodedata.normalize("NFC", name if "/" in suffix or not bare else bare)


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
    every = _list_image_names(raw_dir / "images")
    pictures = _find_label_images(root, {stem(name) for name in every})
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
            raise missing_image_error(path, raw_dir / "images", "images/", name)
    if not splits:
        raise FoiError(f"{root}: holds no *.png in {kind}/{{split}} for any split of images/")
    return splits


def refuse_unread_type(places: Sequence[epath.Path], where: str) -> None:
    """Refuses an image that no reader lists although it is there.

    Args:
      places: the paths that it may have.
      where: the file and record that mean it.

    Raises:
      FoiError: a file is at one of the places, so its type is not read.
    """
    for path in places:
        if path.suffix.lower() in UNREAD_IMAGE_SUFFIXES and path.is_file():
            raise FoiError(
                f"{where}: {path} is there, but images of its type are not read; convert it to "
                "JPEG or PNG, and its name in the annotations"
            )


def missing_image_error(path: epath.Path, folder: epath.Path, shown: str, name: str) -> FoiError:
    """Returns the error for an annotation file whose image is missing or not read.

    Args:
      path: the annotation file.
      folder: the folder of the images, which the error calls `shown`.
      name: the image's path without its suffix.
    """
    for suffix in UNREAD_IMAGE_SUFFIXES:
        for there in (f"{name}{suffix}", f"{name}{suffix.upper()}"):
            if (folder / there).exists():
                return FoiError(
                    f"{path}: its image {shown}{there} is there, but images of its type are not "
                    "read; convert it to JPEG or PNG"
                )
    return FoiError(f"{path}: there is no image {shown}{name}.* for it; add or remove one")


def _find_label_images(root: epath.Path, images: set[str]) -> dict[str, epath.Path]:
    """Finds the annotation images below a folder by their stems.

    Args:
      images: the stems of the images.
    """
    found: dict[str, epath.Path] = {}
    others = []
    for name in folder_listing.list_names(root):
        if not name.lower().endswith(LABEL_SUFFIXES):
            others.append(name)
            continue
        bare = stem(name)
        if bare not in images:  # Some sets call the mask of 1.jpg 1_mask.png.
            shorter = (bare.removesuffix(end) for end in _LABEL_ENDS)
            bare = next((one for one in shorter if one in images), bare)
        if bare in found:
            raise FoiError(f"{root / name}: {found[bare].name} is for the same image; remove one")
        found[bare] = root / name
    unused = [name for name in others if stem(name) in images and stem(name) not in found]
    lossy = [name for name in unused if name.lower().endswith(IMAGE_SUFFIXES)]
    if lossy:
        raise FoiError(
            f"{root / lossy[0]}: {count_noun(len(lossy), 'file')} of {root.name} compressed with "
            "loss, which changes labels; export them anew as PNG"
        )
    if unused:
        doubts.note(
            f"{root}: left out {count_noun(len(unused), 'file')} of types that are not read "
            f"({list_names_briefly(unused)}); save them as PNG of 8 or 16 bits"
        )
    return found


def read_class_names(path: epath.Path) -> tuple[str, ...]:
    """Reads a classes.json: {"classes": ["name", ...]}.

    Raises:
      FoiError: the file is missing or holds anything else.
    """
    if not path.exists():
        raise FoiError(f"{path}: no such file; it must hold {_CLASSES}")
    try:
        names = parsing.parse_json(read_text(path))["classes"]
    except (ValueError, KeyError, TypeError) as error:
        raise FoiError(f"{path}: must hold {_CLASSES}") from error
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise FoiError(f"{path}: 'classes' must be a list of names")
    return tuple(names)
