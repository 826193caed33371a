"""Reads boxes and poses in Ultralytics' YOLO layout: images/, labels/ and data.yaml."""

import dataclasses
import functools
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from etils import epath

from foi_tf import parsing
from foi_tf.data.convert import folder_listing, image_files, raw_files, text_files
from foi_tf.data.convert.reader_result import ReaderResult
from foi_tf.data.convert.readers import instances
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Size
from foi_tf.wording import count_noun

_YAML, _TEXT = "data.yaml", "classes.txt"
_BOX = 5  # Numbers of a box: class, center x, center y, width, height.


@dataclasses.dataclass(frozen=True)
class _YoloConfig:
    """Holds the content of data.yaml.

    Attributes:
      names: names of the classes.
      keypoints: names of the keypoints; empty without poses.
      numbers: numbers per keypoint, 2 (x, y) or 3 (with visibility); 0 without poses.
      flip_pairs: index pairs of left and right keypoints.
    """

    names: tuple[str, ...]
    keypoints: tuple[str, ...] = ()
    numbers: int = 0
    flip_pairs: tuple[tuple[int, int], ...] = ()


def read_folder(raw_dir: epath.Path) -> ReaderResult:
    """Finds the boxes and poses of a folder (docs.ultralytics.com/datasets, detect and pose).

    `names` in data.yaml, a list or {0: name}, are the classes. Without data.yaml,
    classes.txt has a name on each line. `train` and `val` in data.yaml, directories or lists
    of images below the raw folder, are the splits; without them, the splits of images/ are.
    `path` is ignored, since folders move.

    The labels of an image are in the file of its path with labels/ in place of images/ and
    the suffix .txt. An image without that file has no objects. A line holds class, center x
    and y, width and height, in shares of the image. A line with more than two corners
    instead is an outline, whose box is taken.

    `kpt_shape: [K, 2 or 3]` adds poses: x and y of each keypoint follow, and with 3 its
    visibility. With 2, a keypoint whose x or y is not above 0 is unlabeled. `flip_idx` gives
    the flip pairs, and `kpt_names`, a list or {class: list}, the names of the keypoints.

    Raises:
      FoiError: a file is missing, or one of its lines is wrong.
    """
    content = _read_yaml(raw_dir)
    path = raw_dir / (_YAML if content else _TEXT)
    kind = _parse_config(content, path) if content else _YoloConfig(_read_lines(path))
    folder, splits = _list_splits(raw_dir, content)
    names = {"detection": kind.names}
    if kind.keypoints:
        names["keypoints"] = kind.keypoints
    return ReaderResult(
        classes={task_type: len(of_type) for task_type, of_type in names.items()},
        names=names,
        splits={
            split: {
                name: functools.partial(
                    _load, raw_dir / folder / name, raw_dir / _label_path(folder, name), kind
                )
                for name in of_split
            }
            for split, of_split in splits.items()
        },
        flip_pairs=kind.flip_pairs,
        folder=folder,
    )


def _read_yaml(raw_dir: epath.Path) -> dict[str, Any]:
    path = raw_dir / _YAML
    if not path.exists():
        if not (raw_dir / _TEXT).exists():
            raise FoiError(f"{path}: no such file, nor {_TEXT}; one of them must name the classes")
        return {}
    try:
        content = parsing.parse_yaml(text_files.read_text(path))
    except ValueError as error:
        raise FoiError(f"{path}: is not YAML ({error})") from error
    if not isinstance(content, dict) or "names" not in content:
        raise FoiError(f"{path}: must have 'names', a list of the classes")
    return content


def _parse_config(content: dict[str, Any], path: epath.Path) -> _YoloConfig:
    names = _parse_names(content["names"], "names", path)
    if "kpt_shape" not in content:
        return _YoloConfig(names)
    shape = content["kpt_shape"]
    if not isinstance(shape, list) or len(shape) != 2 or shape[0] not in range(1, 1000):
        raise FoiError(f"{path}: 'kpt_shape' must be [keypoints, 2 or 3], not {shape!r}")
    count, numbers = shape
    if numbers not in (2, 3):
        raise FoiError(f"{path}: 'kpt_shape' must be [keypoints, 2 or 3], not {shape!r}")
    flipped = content.get("flip_idx", list(range(count)))
    if not isinstance(flipped, list) or sorted(flipped, key=repr) != sorted(range(count), key=repr):
        raise FoiError(f"{path}: 'flip_idx' must list each of 0 to {count - 1} once")
    pairs = tuple((i, j) for i, j in enumerate(flipped) if i < j)
    if any(flipped[j] != i for i, j in pairs):
        raise FoiError(f"{path}: 'flip_idx' must swap keypoints in pairs")
    given = content.get("kpt_names", [f"keypoint {i}" for i in range(count)])
    if isinstance(given, dict):
        given = next(iter(given.values()), [])
    keypoints = _parse_names(given, "kpt_names", path)
    if len(keypoints) != count:
        raise FoiError(
            f"{path}: has {len(keypoints)} 'kpt_names', but 'kpt_shape' has {count} keypoints"
        )
    return _YoloConfig(names, keypoints, numbers, pairs)


def _parse_names(value: Any, key: str, path: epath.Path) -> tuple[str, ...]:
    if isinstance(value, dict):
        if sorted(map(str, value)) != sorted(map(str, range(len(value)))):
            raise FoiError(f"{path}: the keys of '{key}' must be 0 to {len(value) - 1}")
        value = [value[index] for index in sorted(value, key=int)]
    if not isinstance(value, list) or not value:
        raise FoiError(f"{path}: '{key}' must be a list of names")
    return tuple(str(name) for name in value)


def _read_lines(path: epath.Path) -> tuple[str, ...]:
    names = tuple(line.strip() for line in text_files.read_text(path).splitlines() if line.strip())
    if not names:
        raise FoiError(f"{path}: is empty, but must have a name on each line")
    return names


def _list_splits(raw_dir: epath.Path, content: dict[str, Any]) -> tuple[str, dict[str, list[str]]]:
    given = {"train": content.get("train"), "val": content.get("val", content.get("valid"))}
    places = {
        split: place if isinstance(place, list) else [place]
        for split, place in given.items()
        if place
    }
    if not places:
        return "images", raw_files.list_images(raw_dir)
    splits = {split: _list_images_at(raw_dir, of_split) for split, of_split in places.items()}
    every = [name for names in splits.values() for name in names]
    if len(set(every)) < len(every):
        twice = next(name for name, count in Counter(every).items() if count > 1)
        raise FoiError(f"{raw_dir / _YAML}: {twice} is listed twice in train and val")
    if all(name.startswith("images/") for name in every):
        cut = len("images/")
        return "images", {split: [n[cut:] for n in names] for split, names in splits.items()}
    return "", splits


def _list_images_at(raw_dir: epath.Path, places: Sequence[str]) -> list[str]:
    found = []
    for place in places:
        # Exports write ../train/images for a folder beside data.yaml.
        path = raw_dir / str(place).removeprefix("../").removeprefix("./")
        if path.is_dir():
            files = [
                p
                for p in folder_listing.list_files(path)
                if p.suffix.lower() in raw_files.IMAGE_SUFFIXES
            ]
        elif path.suffix == ".txt" and path.exists():
            files = [raw_dir / name.removeprefix("./") for name in _read_lines(path)]
            if missing := next((f for f in files if not _is_below(f, raw_dir)), None):
                raise FoiError(f"{path}: lists {missing}, which is missing below {raw_dir}")
        else:
            raise FoiError(
                f"{raw_dir / _YAML}: {place} is neither a directory nor a list below {raw_dir}"
            )
        found += [file.relative_to(raw_dir).as_posix() for file in files]
    return sorted(found)


def _is_below(path: epath.Path, raw_dir: epath.Path) -> bool:
    return path.is_relative_to(raw_dir) and path.exists()


def _label_path(folder: str, name: str) -> epath.Path:
    """Returns the path of an image's labels, relative to the raw folder."""
    parts = list(epath.Path(folder, name).with_suffix(".txt").parts)
    for index in reversed(range(len(parts) - 1)):
        if parts[index] == "images":
            parts[index] = "labels"
            break
    return epath.Path(*parts)


def _load(image: epath.Path, path: epath.Path, kind: _YoloConfig) -> dict[str, Any]:
    lines = text_files.read_text(path).splitlines() if path.exists() else []
    rows = [
        _parse_line(line, f"{path}: line {number}", kind)
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    size = image_files.read_image_size(image)
    boxes = np.asarray([_make_box(row, kind) for row in rows], np.float32).reshape(-1, 4)
    boxes *= np.asarray([*size, *size], np.float32)
    fields = {"box_labels": np.asarray([row[0] for row in rows], np.int64)}
    fields |= instances.make_fields(boxes)
    if kind.keypoints:
        fields["keypoints"] = _make_keypoints(rows, kind, size)
        fields |= instances.make_fields(boxes, prefix="keypoint")
    return fields


def _parse_line(line: str, where: str, kind: _YoloConfig) -> list[float]:
    try:
        numbers = [float(word) for word in line.split()]
    except ValueError as error:
        raise FoiError(f"{where}: must hold numbers, not '{line.strip()[:40]}'") from error
    if not all(map(math.isfinite, numbers)):
        raise FoiError(f"{where}: all numbers must be finite")
    if numbers[0] not in range(len(kind.names)):
        names = count_noun(len(kind.names), "class", "classes")
        raise FoiError(f"{where}: has class {numbers[0]:g}, but there are names of {names}")
    wanted = _BOX + len(kind.keypoints) * kind.numbers
    outline = not kind.keypoints and len(numbers) > _BOX + 1 and len(numbers) % 2 == 1
    if len(numbers) != wanted and not outline:
        raise FoiError(f"{where}: has {count_noun(len(numbers), 'number')}, not {wanted}")
    # Values above 2 are pixels, not shares. Boxes are checked against the image later.
    if max(map(abs, numbers[1:_BOX])) > 2:
        raise FoiError(f"{where}: coordinates must be shares of the image, from 0 to 1, not pixels")
    return numbers


def _make_box(row: Sequence[float], kind: _YoloConfig) -> tuple[float, float, float, float]:
    if len(row) > _BOX and not kind.keypoints:
        xs, ys = row[1::2], row[2::2]
        return min(ys), min(xs), max(ys), max(xs)
    _, x, y, width, height = row[:_BOX]
    return y - height / 2, x - width / 2, y + height / 2, x + width / 2


def _make_keypoints(rows: Sequence[Sequence[float]], kind: _YoloConfig, size: Size) -> np.ndarray:
    shape = (len(rows), len(kind.keypoints), kind.numbers)
    given = np.asarray([row[_BOX:] for row in rows], np.float32).reshape(shape)
    if kind.numbers == 3:
        visibility = given[..., 2:]
    else:
        visibility = np.where((given > 0).all(-1, keepdims=True), np.float32(2), np.float32(0))
    places = given[..., 1::-1] * np.asarray(size, np.float32)
    marks = np.concatenate([places, visibility], axis=-1)
    return np.where(visibility > 0, marks, np.float32(0))
