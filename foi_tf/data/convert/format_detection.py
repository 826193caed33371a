"""Recognizes the format of a raw folder of own data, by the names and beginnings of its files."""

import codecs
import collections
import re
from collections.abc import Callable, Sequence

from etils import epath

from foi_tf.data.convert import folder_listing, raw_files
from foi_tf.data.convert.readers import masks_beside
from foi_tf.data.convert.text_files import read_bytes
from foi_tf.errors import FoiError
from foi_tf.wording import list_names_briefly

_SAMPLED = 8  # Files of a kind that are looked into; ours.
_BEGINNING = 10_000  # Bytes of a text that are looked into; ours.
_TESTS = ("test", "testing")  # Folders of images without classes that many sets have.
_CORNERS = 4  # Numbers behind the class of a box of YOLO.
_NUMBER = re.compile(rb"[-+.\deE]+")
_TABLES = ("classes.json", "depth.json")
_TEXTS_BESIDE = ("classes.txt", "obj.names", "train.txt", "val.txt", "test.txt")
# Words of JSON files that are not read, and the tools that write them.
_FOREIGN = {
    b'"_via_': "VIA",
    b'"regions"': "VIA",
    b'"data_row"': "Labelbox",
    b'"Labeled Data"': "Labelbox",
    b'"completed_by"': "Label Studio's own JSON",
    b'"classTitle"': "Supervisely",
    b'"coordinates"': "CreateML",
}
_FOREIGN_FILES = {
    "_annotations.csv": "CSV of Roboflow",
    "_classes.csv": "CSV of Roboflow",
    ".tfrecord": "TFRecords",
    ".parquet": "Parquet",
    ".csv": "CSV",
    ".ndjson": "Labelbox's NDJSON",
}


def detect_format(raw_dir: epath.PathLike) -> tuple[str, ...]:
    """Returns the formats that fit a folder, as names in `readers.FORMATS`; () if none does.

    Of formats that read the same files, as "coco" and "coco_masks", only the first is named.
    Several may fit, as of a folder with boxes and masks.

    Raises:
      FoiError: the folder is missing or cannot be listed.
    """
    root = epath.Path(raw_dir)
    if not root.is_dir():
        raise FoiError(f"{root}: no such directory")
    names = folder_listing.list_names(root)
    found = tuple(name for name, fits in _RULES.items() if fits(root, names))
    if not found and _is_classes(names):
        return ("folders",)
    return found


def choose_format(raw_dir: epath.PathLike) -> tuple[str, ...]:
    """Returns the one format that fits a folder.

    Raises:
      FoiError: none fits, or several do.
    """
    found = detect_format(raw_dir)
    if len(found) == 1:
        return found
    if found:
        raise FoiError(
            f"{raw_dir}: fits several formats; say which one is meant, or all, as "
            f"--format={','.join(found)}"
        )
    raise FoiError(
        f"{raw_dir}: {describe_folder(raw_dir)}, which is of no format that is read; put it into "
        "one of the layouts in docs/own-data-and-formats.md"
    )


def describe_folder(raw_dir: epath.PathLike) -> str:
    """Says what a folder of no known format holds."""
    root = epath.Path(raw_dir)
    names = folder_listing.list_names(root)
    if tool := _name_tool(root, names):
        return f"holds {tool}; export it as COCO JSON"
    kinds = collections.Counter(epath.Path(name).suffix.lower() or "no suffix" for name in names)
    shown = [f"{count} {suffix}" for suffix, count in kinds.most_common(5)]
    return f"holds {list_names_briefly(shown, 5)} files" if shown else "holds no files"


def _name_tool(root: epath.Path, names: Sequence[str]) -> str:
    """Names the tool that wrote a folder in a format that is not read, or returns ""."""
    for name in _sample(names, ".json"):
        data = read_bytes(root / name)
        for word, tool in _FOREIGN.items():
            if word in data:
                return f"JSON of {tool} ({name})" if "JSON" not in tool else f"{tool} ({name})"
    for end, tool in _FOREIGN_FILES.items():
        if found := [name for name in names if name.lower().endswith(end)]:
            return f"{tool} ({found[0]})"
    return ""


def _sample(names: Sequence[str], suffix: str) -> list[str]:
    fitting = [
        name
        for name in names
        if name.lower().endswith(suffix) and name.rpartition("/")[2] not in _TABLES
    ]
    return fitting[:_SAMPLED]


def _has_words(suffix: str, *patterns: bytes) -> Callable[[epath.Path, Sequence[str]], bool]:
    def fits(root: epath.Path, names: Sequence[str]) -> bool:
        return any(
            all(re.search(pattern, data) for pattern in patterns)
            for data in (read_bytes(root / name) for name in _sample(names, suffix))
        )

    return fits


def _has_label_images(*folders: str) -> Callable[[epath.Path, Sequence[str]], bool]:
    def fits(root: epath.Path, names: Sequence[str]) -> bool:
        del root
        return any(
            name.partition("/")[0] in folders and name.lower().endswith(raw_files.LABEL_SUFFIXES)
            for name in names
        )

    return fits


def _is_masks(root: epath.Path, names: Sequence[str]) -> bool:
    """Tells whether masks lie in a folder of their own, or beside images as Roboflow's."""
    in_folder = _has_label_images("masks", "SegmentationClass")
    return in_folder(root, names) or bool(masks_beside.find_tables(root, names))


def _is_yolo(root: epath.Path, names: Sequence[str]) -> bool:
    """Tells whether text files of numbers lie beside what names classes."""
    top = [name for name in names if "/" not in name]
    described = [
        name
        for name in (*top, *(n for n in names if n == "labels/classes.txt"))
        if name.lower().endswith((".yaml", ".yml", ".names", ".data", "classes.txt"))
    ]
    texts = [n for n in names if n.lower().endswith(".txt") and "/" in n]
    labels = [n for n in texts if n.rpartition("/")[2] not in _TEXTS_BESIDE][:_SAMPLED]
    fitting = [_is_label(line) for name in labels for line in _read_lines(root / name)]
    # The reader names the lines with a mistake.
    return bool(described and labels) and 2 * sum(fitting) >= len(fitting)


def _read_lines(path: epath.Path) -> list[bytes]:
    """Returns the whole lines at the beginning of a text file that are not blank."""
    data = read_bytes(path)
    lines = data[:_BEGINNING].removeprefix(codecs.BOM_UTF8).splitlines()
    return [line for line in (lines[:-1] if len(data) > _BEGINNING else lines) if line.strip()]


def _is_label(line: bytes) -> bool:
    """Tells whether a line begins with a class and has at least four numbers behind it."""
    first, *others = line.split()
    return first.isdigit() and len(others) >= _CORNERS and all(map(_NUMBER.fullmatch, others))


def _is_classes(names: Sequence[str]) -> bool:
    """Tells whether images lie in two folders of classes, and, but for tests, in no others."""
    images = [name for name in names if name.lower().endswith(raw_files.IMAGE_SUFFIXES)]
    folders = {tuple(p for p in name.split("/")[:-1] if p != "images") for name in images}
    folders -= {parts for parts in folders if len(parts) == 1 and parts[0].lower() in _TESTS}
    classes = {
        parts[-1]
        for parts in folders
        if parts and raw_files.name_folder_split(parts[-1]) not in raw_files.SPLIT_NAMES
    }
    return len(classes) > 1 and all(parts and parts[-1] in classes for parts in folders)


_RULES: dict[str, Callable[[epath.Path, Sequence[str]], bool]] = {
    "coco": _has_words(".json", rb'"categories"', rb'"annotations"', rb'"file_name"'),
    "voc": _has_words(".xml", rb"<annotation[\s>]", rb"<(object|filename)[\s>]"),
    "yolo": _is_yolo,
    "labelme": _has_words(".json", rb'"shapes"', rb'"imagePath"'),
    "cvat": _has_words(".xml", rb"<annotations[\s>]", rb"<image\s"),
    "masks": _is_masks,
    "depth": _has_label_images("depth"),
}
