"""Finds the COCO JSON files of a raw folder, their splits and their images."""

import re
from collections.abc import Mapping, Sequence

from etils import epath

from foi_tf.data.convert import doubts, folder_listing, raw_files
from foi_tf.data.convert.image_lookup import ImageLookup
from foi_tf.data.convert.readers.coco_json import CocoImage
from foi_tf.errors import FoiError
from foi_tf.wording import count_noun, list_names_briefly

# JSON files of raw folders that hold no annotations of COCO.
_OTHERS = ("classes.json", "depth.json", "notes.json", "meta.json", "package.json")
_OTHER_KINDS = re.compile(r"captions|stuff|panoptic|createml|image_info", re.IGNORECASE)
_FOLDERS = ("annotations/", "Annotations/")
_TEST = ("test", "testing")
_ALIASES = {name: s for s, names in raw_files.SPLIT_NAMES.items() for name in names}
_ALIASES |= dict.fromkeys(_TEST, "test")
_WHERE = "annotations/{split}.json, or {split}/_annotations.coco.json beside the images"


def find_files(root: epath.Path) -> dict[str, epath.Path]:
    """Finds the JSON file of each split; the split "" is a file for all images.

    The first of these places that has any is taken: annotations/, a folder for each split,
    the raw folder itself. The split stands in the file's name, as in instances_val2017.json,
    or else in the folder's. Other JSON files of annotations/ are noted.

    Raises:
      FoiError: there is none, or several fit a split.
    """
    top = [name for name in folder_listing.list_names(root) if _is_json(name)]
    for places in (
        [name for name in top if name.startswith(_FOLDERS)],
        [name for name in top if name.count("/") == 1],
        [name for name in top if "/" not in name],
    ):
        if places:
            found: dict[str, list[str]] = {}
            for name in places:
                found.setdefault(name_split(name), []).append(name)
            chosen = _choose_files(root, found)
            _note_unused(root, [*chosen.values()], places)
            return chosen
    if not (root / "annotations").is_dir():
        raise FoiError(f"{root}: no such file as {_WHERE}")
    raise FoiError(f"{root / 'annotations'}: holds no JSON file; it must hold {_WHERE}")


def name_split(name: str) -> str:
    """Returns the split that a file's name or its folder says, or ""."""
    *folders, last = name.split("/")
    for part in (last.rpartition(".")[0], *reversed(folders)):
        words = re.split(r"[^a-z]+", part.lower())
        if splits := {_ALIASES[word] for word in words if word in _ALIASES}:
            return splits.pop() if len(splits) == 1 else ""
    return ""


def _is_json(name: str) -> bool:
    last = name.rpartition("/")[2]
    return (
        last.lower().endswith(".json")
        and last not in _OTHERS
        and not _OTHER_KINDS.search(last)
        and not name.startswith("images/")
    )


def _choose_files(root: epath.Path, found: Mapping[str, list[str]]) -> dict[str, epath.Path]:
    chosen = {}
    for split, names in found.items():
        plain = [n for n in names if n.rpartition("/")[2] in _plain_names(split)]
        instances = [n for n in names if "instances" in n.rpartition("/")[2].lower()]
        best = plain[:1] or (instances if len(instances) == 1 else names)
        if len(best) > 1:
            kind = f"the split {split}" if split else "no split"
            raise FoiError(
                f"{root}: {count_noun(len(names), 'JSON file')} are for {kind} "
                f"({list_names_briefly(names)}); keep one in the folder, and name the splits as "
                "in annotations/train.json and annotations/val.json"
            )
        if len(names) > 1:
            others = [name for name in names if name not in best]
            doubts.note(f"{root}: reads {best[0]}, and not {list_names_briefly(others)}")
        chosen[split] = root / best[0]
    if "" in chosen and len(chosen) > 1:
        if chosen.keys() & raw_files.SPLIT_NAMES.keys():
            doubts.note(f"{root}: left out {chosen.pop('').name}, whose name says no split")
        else:
            chosen = {"": chosen[""]}
    return chosen


def _note_unused(root: epath.Path, used: Sequence[epath.Path], considered: Sequence[str]) -> None:
    """Notes JSON files of annotations/ and of the other places of COCO's that no split uses.

    Args:
      considered: files that `_choose_files` had to choose among, which it notes itself.
    """
    places = {path.relative_to(root).as_posix() for path in used}
    splits = {name_split(name) for name in places}
    left_out = [
        name
        for name in folder_listing.list_names(root)
        if name.lower().endswith(".json")
        and name not in places
        and name not in considered
        and (
            (name.startswith(_FOLDERS) and name.rpartition("/")[2] not in _OTHERS)
            or (name.lower().endswith(".coco.json") and name_split(name) not in splits)
        )
    ]
    if left_out:
        doubts.note(
            f"{root}: left out {count_noun(len(left_out), 'JSON file')} that no split uses "
            f"({list_names_briefly(left_out)}); name a file of boxes or masks after its split, as "
            "annotations/train.json and annotations/val.json"
        )


def _plain_names(split: str) -> list[str]:
    return [f"{name}.json" for name in raw_files.SPLIT_NAMES.get(split, (split,))]


def choose_image_folder(root: epath.Path) -> str:
    """Returns the folder of the images, relative to the raw folder: images/, or itself."""
    return "images" if (root / "images").is_dir() else ""


class CocoImages:
    """Holds the images of a raw folder and finds those that a JSON file lists."""

    def __init__(self, root: epath.Path):
        """Lists the images.

        Raises:
          FoiError: there are none, or lists of splits are wrong.
        """
        self._root = root
        self.folder = choose_image_folder(root)
        self._splits = {
            name: split
            for split, names in raw_files.list_images(root, self.folder).items()
            for name in names
        }
        self._lookup = ImageLookup(self._splits, self.folder or root)
        self._told = len(set(self._splits.values())) > 1

    def find(self, image: CocoImage, split: str, path: epath.Path) -> tuple[str, str] | None:
        """Returns the split and the path of an image that a JSON file of a split lists.

        Returns None if the file is missing.

        Raises:
          FoiError: the file is of a type that is not read, or belongs to another split.
        """
        where = f"{path}: image {image.id}"
        aliases = {split, *raw_files.SPLIT_NAMES.get(split, ())}
        near = {f"{alias}{year}" for alias in aliases if alias for year in ("", "2017", "2014")}
        name = self._lookup.find(image.file_name, near, where)
        if name is None:
            raw_files.refuse_unread_type([self._root / self._place(image)], where)
            return None
        by_folder = self._splits[name]
        if split and self._told and by_folder != split:
            raise FoiError(
                f"{where}: {name} is of the split {by_folder} by its folder or list, but listed "
                f"for {split}; give both the same split"
            )
        return split or by_folder, name

    def missing_error(
        self, missing: Sequence[CocoImage], listed: int, path: epath.Path
    ) -> FoiError:
        """Returns the error for images that a JSON file lists and that are missing.

        Args:
          listed: number of the images that the file lists.
        """
        below = self.folder or self._root
        if len(missing) == 1:
            return FoiError(
                f"{path}: image {missing[0].id}: there is no file {self._place(missing[0])}; add "
                f"it, remove the image from the JSON file, or write its path below {below}"
            )
        return FoiError(
            f"{path}: there are no files for {len(missing)} of its {listed} images "
            f"({list_names_briefly([self._place(one) for one in missing])}); add them, remove the "
            f"images from the JSON file, or write their paths below {below}"
        )

    def _place(self, image: CocoImage) -> str:
        return f"{self.folder}/{image.file_name}".lstrip("/")
