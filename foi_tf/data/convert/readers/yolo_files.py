"""Finds the images of a YOLO folder by split, and the label file of each."""

import collections
import pathlib
from collections.abc import Iterable, Mapping, Sequence

from etils import epath

from foi_tf.data.convert import doubts, folder_listing, raw_files
from foi_tf.data.convert.image_lookup import ImageLookup, fold_name
from foi_tf.data.convert.readers.yolo_config import YoloFolder, read_lines
from foi_tf.errors import FoiError
from foi_tf.wording import count_noun, list_names_briefly

_SUFFIXES = raw_files.IMAGE_SUFFIXES
_NO_LABELS = ("classes.txt", "train.txt", "val.txt", "valid.txt", "test.txt", "readme.txt")


def list_splits(raw_dir: epath.Path, described: YoloFolder) -> tuple[str, dict[str, list[str]]]:
    """Returns the folder of the images, and the images of each split relative to it.

    Raises:
      FoiError: a directory, list or image is missing, or an image is in two splits.
    """
    wanted = {s: places for s, places in described.places.items() if s != "test"}
    if not wanted:
        folder = "images" if (raw_dir / "images").is_dir() else ""
        return folder, raw_files.list_images(raw_dir, folder)
    every = [n for n in folder_listing.list_names(raw_dir) if n.lower().endswith(_SUFFIXES)]
    lookup = ImageLookup(every, raw_dir)
    splits = {
        split: sorted(
            name
            for place in places
            for name in _list_images_at(raw_dir, place, split, described.path, every, lookup)
        )
        for split, places in wanted.items()
    }
    listed = [name for names in splits.values() for name in names]
    if len(set(listed)) < len(listed):
        twice = next(name for name, count in collections.Counter(listed).items() if count > 1)
        raise FoiError(
            f"{described.path}: {twice} is listed twice in train and val; where both are the same "
            "images, remove val, and give --val_fraction=0.2"
        )
    if all(name.startswith("images/") for name in listed):
        cut = len("images/")
        return "images", {split: [n[cut:] for n in names] for split, names in splits.items()}
    return "", splits


def _list_images_at(
    raw_dir: epath.Path,
    place: str,
    split: str,
    source: epath.Path,
    every: Sequence[str],
    lookup: ImageLookup,
) -> list[str]:
    """Lists the images of a directory or a list, which `source` names for a split."""
    found = _find_place(raw_dir, place)
    if found is None:
        raise FoiError(
            f"{source}: '{split}': {place} is neither a directory nor a list below {raw_dir}; move "
            f"the images below it, and write the path relative to it, as {split}/images"
        )
    path = raw_dir / found
    if path.is_dir():
        start = f"{found}/" if found else ""
        images = [name for name in every if name.startswith(start)]
        if not images:
            raise FoiError(f"{source}: '{split}': {path} holds no image; correct the path")
        return images
    images = []
    for line in read_lines(path):
        name = lookup.find(line, (), str(path))
        if name is None:
            raw_files.refuse_unread_type([raw_dir / line, path.parent / line], str(path))
            raise FoiError(f"{path}: lists {raw_dir / line}, which is missing below {raw_dir}")
        images.append(name)
    return images


def _find_place(raw_dir: epath.Path, place: str) -> str | None:
    """Returns a directory or list relative to the raw folder: the longest end of its path.

    Exports write ../train/images for a folder beside data.yaml, or the path that a folder had
    on another machine.
    """
    parts = [p for p in place.strip().replace("\\", "/").split("/") if p not in ("", ".", "..")]
    if not parts:
        return ""  # The raw folder itself.
    for start in range(len(parts)):
        end = pathlib.PurePosixPath(*parts[start:])
        path = raw_dir / end
        if path.is_dir() or (path.suffix.lower() == ".txt" and path.exists()):
            return end.as_posix()
    return None


def find_labels(
    raw_dir: epath.Path, folder: str, images: Iterable[str]
) -> Mapping[str, epath.Path]:
    """Finds the label file of each image.

    It is the image's path with labels/ in place of images/ and the suffix .txt; or lies
    beside the image; or in labels/ itself. An image without one has no objects; its file is
    then the first of these.

    Raises:
      FoiError: a label file fits several images.
    """
    every = [name for name in folder_listing.list_names(raw_dir) if name.lower().endswith(".txt")]
    by_form = {fold_name(name): name for name in every}
    found, owners = {}, collections.defaultdict(list)
    for image in images:
        places = _list_label_places(folder, image)
        name = next((by_form[f] for f in map(fold_name, places) if f in by_form), None)
        found[image] = raw_dir / (name or places[0])
        if name:
            owners[name].append(image)
    for name, of_name in owners.items():
        if len(of_name) > 1:
            raise FoiError(
                f"{raw_dir / name}: is for the images {list_names_briefly(of_name)} alike; put the "
                "labels of each into the folder of its split, as labels/train"
            )
    folders = {name.rpartition("/")[0] for name in owners}
    unused = [
        name
        for name in every
        if name not in owners
        and not name.startswith("labels/")  # `folder_doubts` counts those.
        and name.rpartition("/")[0] in folders
        and name.rpartition("/")[2].lower() not in _NO_LABELS
    ]
    if unused and len(owners):
        doubts.note(
            f"{raw_dir}: left out {count_noun(len(unused), 'label file')} without an image that "
            f"is read ({list_names_briefly(unused)}); add the images, or list them"
        )
    return found


def _list_label_places(folder: str, image: str) -> list[str]:
    """Lists where the labels of an image may be, relative to the raw folder."""
    beside = epath.Path(folder, image).with_suffix(".txt")
    parts = list(beside.parts)
    for index in reversed(range(len(parts) - 1)):
        if parts[index].lower() == "images":
            start, rest = [*parts[:index], "labels"], parts[index + 1 :]
            return ["/".join([*start, *rest]), "/".join(parts), "/".join([*start, parts[-1]])]
    return ["/".join(parts), "/".join(["labels", *parts]), f"labels/{parts[-1]}"]
