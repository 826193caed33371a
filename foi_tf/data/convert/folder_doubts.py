"""Checks what a raw folder holds beyond what is read, and the names of its classes."""

import collections
import itertools
import unicodedata
from collections.abc import Collection, Mapping, Sequence

from etils import epath

from foi_tf.data.convert import doubts, folder_listing, raw_files
from foi_tf.data.convert.readers import masks_beside
from foi_tf.errors import FoiError
from foi_tf.wording import count_noun, list_names_briefly

# Hidden files of these types may be data; others are settings of programs.
_DATA_SUFFIXES = (*raw_files.IMAGE_SUFFIXES, ".xml", ".txt")
# Folders of annotations that have a file for each image, with its suffix.
_ANNOTATION_FILES = {"labels": ".txt", "Annotations": ".xml"}
_CLASS_LIST = "classes"  # Some tools put it beside the labels.
_TEST_FOLDERS = ("test", "testing", "unlabeled", "unlabelled")  # Left out on purpose.


def check_class_names(names: Mapping[str, Sequence[str]], root: epath.Path) -> None:
    """Checks the names of classes and keypoints, by task type.

    Names that differ in case, spaces, hyphens, a plural "s" or in the way that Unicode writes
    a letter are noted as doubtful; so are names in which an encoding was mistaken.

    Raises:
      FoiError: a class has an empty name, or two have the same one.
    """
    for task_type, of_type in names.items():
        if any(not name.strip() for name in of_type):
            index = next(i for i, name in enumerate(of_type) if not name.strip())
            raise FoiError(f"{root}: class {index} of {task_type} has an empty name; name it")
        groups = collections.defaultdict(list)
        for name in of_type:
            groups[_simplify(name)].append(name)
        for group in groups.values():
            if len(set(group)) < len(group):
                raise FoiError(
                    f"{root}: two classes of {task_type} have the name '{group[0]}'; merge them or "
                    "rename one"
                )
            if len(group) > 1:
                shown = " and ".join(f"'{name}'" for name in group)
                doubts.note(
                    f"{root}: {shown} are different classes of {task_type}, but look like one; "
                    "merge them if they are"
                )
        for name in of_type:
            if (right := _repair_encoding(name)) != name:
                doubts.note(
                    f"{root}: class '{name}' of {task_type} looks like '{right}' in a mistaken "
                    "encoding; save the file that names it as UTF-8"
                )


def note_left_out(root: epath.Path, folder: str, used: Collection[str]) -> None:
    """Notes images that are not read: hidden, of another type, or without an annotation.

    Where lists make the splits, images without annotation are taken for left out on purpose.

    Args:
      folder: the folder of the images, relative to `root`.
      used: the images that are read, relative to that folder.
    """
    every = folder_listing.list_names(root / folder)
    unread = [name for name in every if name.lower().endswith(raw_files.UNREAD_IMAGE_SUFFIXES)]
    if unread:
        doubts.note(
            f"{root / folder}: left out {count_noun(len(unread), 'file')} of types that are not "
            f"read ({list_names_briefly(unread)}); convert them to JPEG or PNG"
        )
    hidden = [
        name
        for name in folder_listing.list_hidden_names(root)
        if name.lower().endswith(_DATA_SUFFIXES)
    ]
    if hidden:
        doubts.note(
            f"{root}: left out {count_noun(len(hidden), 'hidden file')} "
            f"({list_names_briefly(hidden)}); remove or rename them"
        )
    if not _has_lists(root):
        names = [name for name in every if name.lower().endswith(raw_files.IMAGE_SUFFIXES)]
        if masks_beside.find_tables(root / folder, every):
            stems = {raw_files.stem(name) for name in used}
            names = [name for name in names if not masks_beside.is_mask_of(name, stems)]
        _note_unannotated(root / folder, names, frozenset(used))
        _note_annotations_without_image(root, used)


def _has_lists(root: epath.Path) -> bool:
    lists = (raw_files.find_split_file(root, split, ".txt") for split in raw_files.SPLIT_NAMES)
    return (root / "ImageSets").is_dir() or any(path.exists() for path in lists)


def _note_unannotated(folder: epath.Path, names: Sequence[str], used: frozenset[str]) -> None:
    """Notes the images without annotation, by the first folder of their path."""
    for place, of_place in itertools.groupby(names, lambda name: name.rpartition("/")[0]):
        listed = list(of_place)
        left_out = [name for name in listed if name not in used]
        if left_out and place.partition("/")[0].lower() not in _TEST_FOLDERS:
            doubts.note(
                f"{folder / place}: left out {len(left_out)} of {count_noun(len(listed), 'image')} "
                f"without an annotation ({list_names_briefly(left_out)}); annotate or remove them"
            )


def _note_annotations_without_image(root: epath.Path, used: Collection[str]) -> None:
    """Notes label files of which no image has the name."""
    stems = {_base(name) for name in used}
    for folder, suffix in _ANNOTATION_FILES.items():
        every = folder_listing.list_names(root / folder)
        names = [n for n in every if n.endswith(suffix) and _base(n) != _CLASS_LIST]
        lonely = [n for n in names if _base(n) not in stems]
        if lonely:
            doubts.note(
                f"{root / folder}: left out {len(lonely)} of {count_noun(len(names), 'file')} "
                f"without an image that is read ({list_names_briefly(lonely)}); add the images or "
                "remove the files"
            )


def _base(name: str) -> str:
    return raw_files.stem(name.rpartition("/")[2])


def _simplify(name: str) -> str:
    """Returns a form that two spellings of one name share."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    letters = "".join(c for c in plain if not c.isspace() and c not in "_-")
    return letters.removesuffix("s") or plain


def _repair_encoding(name: str) -> str:
    """Returns a name whose UTF-8 was read as a Windows encoding as it was meant."""
    try:
        return name.encode("cp1252").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return name
