"""Reads tables of the colors that classes have in masks, and turns colors into classes."""

import csv
import dataclasses
import re
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert import image_files, raw_files, text_files
from foi_tf.data.records import schema
from foi_tf.errors import FoiError
from foi_tf.parsing import parse_json
from foi_tf.wording import count_noun

# Share of an image's pixels that may have unknown colors, as at painted edges; they are ignored.
_STRAYS = 1e-3  # As in `labels`; ours.
_SHOWN = 4  # Colors that an error names; ours.
_IGNORED = ("ignore", "ignored")  # Names in a table whose color is ignored.
_TABLES = ("labelmap.txt", "class_dict.csv")
_FORM = '{"background": [0, 0, 0], "road": [128, 64, 128]}'


@dataclasses.dataclass(frozen=True)
class ClassColors:
    """Holds the classes of masks and their colors.

    Attributes:
      names: names of the classes.
      labels: by color (R, G, B), the class, or the ignore label.
    """

    names: tuple[str, ...]
    labels: tuple[tuple[tuple[int, int, int], int], ...]


def find_colors(raw_dir: epath.Path, given: str | None) -> ClassColors | None:
    """Reads the table of colors of a folder; None if it has none.

    Args:
      raw_dir: the raw folder. Its labelmap.txt (CVAT), class_dict.csv (name, r, g, b) or
        `colors` in classes.json is the table.
      given: another file in one of these forms, by itself or below the raw folder.

    Raises:
      FoiError: the file is missing or wrong.
    """
    if given:
        path = next((p for p in (epath.Path(given), raw_dir / given) if p.exists()), None)
        if path is None:
            raise FoiError(f"{given}: no such file, nor {raw_dir / given}; it must hold {_FORM}")
        return read_colors(path)
    for name in _TABLES:
        if (raw_dir / name).exists():
            return read_colors(raw_dir / name)
    path = raw_dir / "classes.json"
    if path.exists() and '"color' in text_files.read_text(path):
        return read_colors(path)
    return None


def read_colors(path: epath.Path) -> ClassColors:
    """Reads a table of colors: JSON, a labelmap.txt of CVAT, or name, r, g, b as CSV.

    JSON is {name: color}, {"classes": [name], "colors": [color] or {name: color}} or
    {"classes": [{"name": name, "color": color}]}. Colors are [r, g, b] or "#rrggbb". A color
    named "ignore" is ignored.

    Raises:
      FoiError: the file holds anything else, or a color twice.
    """
    suffix = path.suffix.lower()
    text = text_files.read_text(path)
    if suffix == ".json":
        pairs = _parse_json(text, path)
    elif suffix == ".csv":
        pairs = [(row[0].strip(), row[1:4]) for row in csv.reader(text.splitlines()) if row][1:]
    else:
        lines = [line for line in text.splitlines() if line.strip() and line[0] != "#"]
        pairs = [(line.split(":")[0].strip(), (line + ":").split(":")[1]) for line in lines]
    names: list[str] = []
    colors: dict[tuple[int, int, int], str] = {}
    for name, value in pairs:
        color = _parse_color(value, f"{path}: {name}")
        if color in colors:
            raise FoiError(
                f"{path}: '{colors[color]}' and '{name}' have the same color {color}; change one"
            )
        colors[color] = name
        if name.lower() not in _IGNORED and name not in names:
            names.append(name)
    if not names:
        raise FoiError(f"{path}: holds no color of a class; it must be as {_FORM}")
    index = {name: i for i, name in enumerate(names)}
    labels = tuple((color, index.get(name, _ignore(names))) for color, name in colors.items())
    return ClassColors(tuple(names), labels)


def has_names(path: epath.Path) -> bool:
    """Tells whether a classes.json names its classes apart from any colors."""
    try:
        return bool(raw_files.read_class_names(path))
    except FoiError:
        return False


def _ignore(names: list[str]) -> int:
    return schema.IGNORE[np.dtype(np.uint8 if len(names) < 255 else np.uint16)]


def _parse_json(text: str, path: epath.Path) -> list[tuple[str, Any]]:
    try:
        content = parse_json(text)
        if not isinstance(content, dict):
            raise TypeError
        classes, colors = content.get("classes"), content.get("colors", content)
        if colors is content and isinstance(classes, list):
            return [(str(one["name"]), one["color"]) for one in classes]
        if isinstance(colors, list):
            return [(str(n), c) for n, c in zip(classes or (), colors, strict=True)]
        if isinstance(classes, list):
            return [(str(name), colors[name]) for name in classes] + [
                pair for pair in colors.items() if pair[0].lower() in _IGNORED
            ]
        return list(colors.items())
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FoiError(f"{path}: must hold a color for each class, as {_FORM}") from error


def _parse_color(value: Any, where: str) -> tuple[int, int, int]:
    if isinstance(value, str) and re.fullmatch("#[0-9a-fA-F]{6}", value.strip()):
        digits = value.strip()[1:]
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    parts = value.split(",") if isinstance(value, str) else value
    try:
        red, green, blue = (int(part) for part in parts)
    except (TypeError, ValueError) as error:
        raise FoiError(f"{where}: must be a color as [128, 64, 128], not {value!r}") from error
    if not all(0 <= part <= 255 for part in (red, green, blue)):
        raise FoiError(f"{where}: the parts of a color must be from 0 to 255, not {value!r}")
    return red, green, blue


def load_mask(colors: ClassColors, path: epath.Path) -> dict[str, Any]:
    """Loads a mask whose classes are colors or gray values, as the field of `schema`.

    Raises:
      FoiError: more than a share of 0.001 of the pixels have colors that the table lacks.
    """
    packed = _pack(image_files.read_colors(path, gray=True))
    table = sorted((_pack(np.asarray(color)).item(), label) for color, label in colors.labels)
    codes = np.asarray([code for code, _ in table])
    labels = np.asarray([label for _, label in table])
    place = np.searchsorted(codes, packed).clip(max=len(codes) - 1)
    unknown = codes[place] != packed
    count = np.count_nonzero(unknown)
    if count > _STRAYS * packed.size:
        raise FoiError(
            f"{path}: {_name_colors(packed[unknown])} not in the table of "
            f"{count_noun(len(codes), 'color')} ({100 * count / packed.size:.3g} % of the pixels); "
            "add what is missing, or save masks without smooth edges"
        )
    ignore = _ignore(list(colors.names))
    dtype = np.uint8 if ignore <= 255 else np.uint16
    return {"mask": np.where(unknown, ignore, labels[place]).astype(dtype)}


def describe_colors(path: epath.Path) -> str:
    """Names the most frequent colors of an image; "" if it has none."""
    try:
        return _name_colors(_pack(image_files.read_colors(path)).ravel())
    except FoiError:
        return ""


def _name_colors(packed: np.ndarray) -> str:
    found, counts = np.unique(packed, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    shown = ", ".join(
        f"({code >> 16}, {code >> 8 & 255}, {code & 255})"
        for code in found[order[:_SHOWN]].tolist()
    )
    more = ", ..." if len(found) > _SHOWN else ""
    return f"{count_noun(len(found), 'color')} ({shown}{more})"


def _pack(colors: np.ndarray) -> np.ndarray:
    red, green, blue = np.moveaxis(colors.astype(np.int64), -1, 0)
    return (red << 16) | (green << 8) | blue
