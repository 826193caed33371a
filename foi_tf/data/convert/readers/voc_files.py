"""Finds the images and annotation files of VOC's layout, and of others with such files."""

import dataclasses
from collections.abc import Mapping

from etils import epath

from foi_tf.data.convert import doubts, folder_listing, raw_files, text_files
from foi_tf.errors import FoiError

_IMAGES = ("JPEGImages", "images", "Images")
_ANNOTATIONS = ("Annotations", "annotations", "xmls", "labels")


@dataclasses.dataclass(frozen=True)
class VocPlaces:
    """Holds what a folder has.

    Attributes:
      images: the folder of the images, relative to the raw folder; "" for itself.
      files: by stem, the images relative to their folder.
      annotations: the folder of the annotation files.
      found: by stem, the annotation files.
      suffix: that of annotation files.
    """

    images: str
    files: Mapping[str, str]
    annotations: epath.Path
    found: Mapping[str, epath.Path]
    suffix: str


def find_places(
    raw_dir: epath.Path, annotations: tuple[str, ...] = _ANNOTATIONS, suffix: str = ".xml"
) -> VocPlaces:
    """Finds a devkit's folders; or images and annotation files side by side.

    Stems are paths without suffix below the folders. Files that lie below Annotations/ as
    plain names are for an image of that name in any folder below that of the images.

    Raises:
      FoiError: there are no images, or no annotation files.
    """
    folder = next((name for name in _IMAGES if (raw_dir / name).is_dir()), "")
    place = next((n for n in annotations if _has(raw_dir / n, suffix)), None)
    if place is None:
        beside = raw_dir / folder if _has(raw_dir / folder, suffix) else None
        if beside is None:
            there = "; it must hold the images" if not folder else ""
            missing = raw_dir / (annotations[0] if folder else _IMAGES[0])
            why = "holds no *" + suffix if missing.is_dir() else "no such directory"
            raise FoiError(
                f"{missing}: {why}{there}, with *{suffix} in {annotations[0]}/ or beside them"
            )
    else:
        beside = raw_dir / place
    names = [
        name
        for name in folder_listing.list_names(raw_dir / folder)
        if name.lower().endswith(raw_files.IMAGE_SUFFIXES)
        and not (not folder and place and name.startswith(f"{place}/"))
    ]
    images = {raw_files.stem(name): name for name in names}
    plain = {raw_files.stem(name).rpartition("/")[2]: name for name in names}
    found = {}
    for name in folder_listing.list_names(beside):
        if name.lower().endswith(suffix):
            stem = raw_files.stem(name)
            if stem not in images and stem in plain:
                images[stem] = plain[stem]
            elif stem not in images and stem.rpartition("/")[2] in images:
                stem = stem.rpartition("/")[2]
            found[stem] = beside / name
    return VocPlaces(folder, images, beside, found, suffix)


def _has(folder: epath.Path, suffix: str) -> bool:
    return any(name.lower().endswith(suffix) for name in folder_listing.list_names(folder))


def list_splits(
    raw_dir: epath.Path, places: VocPlaces, lists: str
) -> dict[str, list[tuple[str, epath.Path]]]:
    """Returns the images of each split with their annotation files.

    Args:
      lists: the folder of lists below ImageSets/, as Main.

    Raises:
      FoiError: a listed image or its annotation file is missing, or an image is in two
        splits.
    """
    root = raw_dir / "ImageSets" / lists
    found = {}
    for name in ("train", "val", "trainval", "test", "default"):
        path = raw_files.find_split_file(root, name, ".txt")
        if path.exists():
            found[name] = [_find_stem(line, places) for line in _read_lines(path)]
            if len(set(found[name])) < len(found[name]):
                twice = next(stem for stem in found[name] if found[name].count(stem) > 1)
                raise FoiError(f"{path}: lists {twice} twice; remove one")
    if not found:
        return _split_by_folders(raw_dir, places)
    val = found.get("val", found.get("test", []))
    if "test" in found and "val" not in found:
        doubts.note(f"{root}: has no val.txt, so the images of test.txt are the validation split")
    train = found.get("train")
    if train is None:
        listed = frozenset(val)
        others = found.get("trainval", found.get("default", []))
        train = [stem for stem in others if stem not in listed]
    if shared := sorted(set(train) & set(val)):
        raise FoiError(f"{root}: {shared[0]} is in both train and val; remove one")
    return {
        split: [_pair(raw_dir, stem, places) for stem in stems]
        for split, stems in (("train", train), ("val", val))
        if stems
    }


def _split_by_folders(
    raw_dir: epath.Path, places: VocPlaces
) -> dict[str, list[tuple[str, epath.Path]]]:
    split_of = {
        name: split
        for split, names in raw_files.list_images(raw_dir, places.images).items()
        for name in names
    }
    splits: dict[str, list[tuple[str, epath.Path]]] = {}
    for stem in places.found:
        name, path = _pair(raw_dir, stem, places)
        if name in split_of:  # Lists may leave images out.
            splits.setdefault(split_of[name], []).append((name, path))
    return splits


def _pair(raw_dir: epath.Path, stem: str, places: VocPlaces) -> tuple[str, epath.Path]:
    path = places.found.get(stem, places.annotations / f"{stem}{places.suffix}")
    if stem not in places.files:
        folder = raw_dir / places.images
        raise raw_files.missing_image_error(path, folder, f"{places.images}/".lstrip("/"), stem)
    if stem not in places.found:
        # A read of the missing file names it, as that of a broken one does.
        text_files.read_bytes(path)
    return places.files[stem], path


def _read_lines(path: epath.Path) -> list[str]:
    lines = text_files.read_text(path).splitlines()
    return [line.strip() for line in lines if line.strip()]


def _find_stem(line: str, places: VocPlaces) -> str:
    """Returns the stem that a line of a list means.

    It may hold spaces, have a suffix or folders in front, or have a second column, as the lists
    of single classes.
    """
    text = line.replace("\\", "/")
    first = text.split()[0]
    forms = [text, raw_files.stem(text), first, raw_files.stem(first)]
    last = [form.rpartition("/")[2] for form in forms]
    for form in (*forms, *last):
        if form in places.found or form in places.files:
            return form
    return first if len(text.split()) == 2 and text.split()[1] in ("1", "-1", "0") else text
