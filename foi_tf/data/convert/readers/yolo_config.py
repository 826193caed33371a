"""Reads what names the classes of a YOLO folder: data.yaml, obj.data, obj.names or classes.txt."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from etils import epath

from foi_tf.data.convert import doubts, text_files
from foi_tf.data.convert.readers import flip_pairs
from foi_tf.errors import FoiError
from foi_tf.parsing import parse_yaml
from foi_tf.wording import count_noun, list_names_briefly

_YAML, _TEXT = "data.yaml", "classes.txt"
_TEXTS = (_TEXT, "obj.names", "labels/classes.txt", "darknet.labels", "_darknet.labels")
# Keys of data.yaml and obj.data, by split; the first that is there counts.
_PLACES = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}


@dataclasses.dataclass(frozen=True)
class YoloConfig:
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


@dataclasses.dataclass(frozen=True)
class YoloFolder:
    """Describes a folder: its classes and where its images are.

    Attributes:
      config: the classes and keypoints.
      path: the file that names them, for error messages.
      places: by split, directories or lists of images as that file writes them; empty if it
        does not say.
    """

    config: YoloConfig
    path: epath.Path
    places: Mapping[str, list[str]]


def read_config(raw_dir: epath.Path) -> YoloFolder:
    """Reads the classes of a folder.

    Raises:
      FoiError: no file names them, or it is wrong.
    """
    if (path := _find_yaml(raw_dir)) is not None:
        content = _read_yaml(path)
        return YoloFolder(_parse_config(content, path), path, _list_places(content))
    if (path := _find_data(raw_dir)) is not None:
        content = _read_data(path)
        named = raw_dir / content.get("names", "").replace("\\", "/").rpartition("/")[2]
        if not named.is_file():
            named = _find_text(raw_dir, path)
        return YoloFolder(YoloConfig(read_lines(named)), path, _list_places(content))
    path = _find_text(raw_dir, raw_dir / _YAML)
    return YoloFolder(YoloConfig(read_lines(path)), path, {})


def _find_yaml(raw_dir: epath.Path) -> epath.Path | None:
    """Returns data.yaml, or the only other YAML file of the folder."""
    if (raw_dir / _YAML).exists():
        return raw_dir / _YAML
    if not raw_dir.is_dir():
        return None
    others = sorted(p for p in raw_dir.iterdir() if p.suffix.lower() in (".yaml", ".yml"))
    if len(others) > 1:
        raise FoiError(
            f"{raw_dir}: {list_names_briefly([p.name for p in others])} may all describe the "
            f"folder; call the right one {_YAML}"
        )
    return others[0] if others else None


def _find_data(raw_dir: epath.Path) -> epath.Path | None:
    """Returns darknet's description of the folder, as obj.data."""
    found = sorted(raw_dir.glob("*.data"))
    if len(found) > 1:
        raise FoiError(
            f"{raw_dir}: {list_names_briefly([p.name for p in found])} may all describe the "
            "folder; keep one of them there"
        )
    return found[0] if found else None


def _find_text(raw_dir: epath.Path, instead: epath.Path) -> epath.Path:
    """Returns the file that has the name of a class on each line."""
    others = [*(raw_dir / name for name in _TEXTS), *sorted(raw_dir.glob("*.names"))]
    for path in others:
        if path.exists():
            return path
    if instead.exists():
        raise FoiError(f"{instead}: names no file of classes that is there; add {_TEXT}")
    raise FoiError(f"{instead}: no such file, nor {_TEXT}; one of them must name the classes")


def _read_data(path: epath.Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in text_files.read_text(path).splitlines())
    return {key.strip(): value.strip() for key, mark, value in pairs if mark}


def _read_yaml(path: epath.Path) -> dict[str, Any]:
    try:
        content = parse_yaml(text_files.read_text(path))
    except ValueError as error:
        raise FoiError(f"{path}: is not YAML ({' '.join(str(error).split())})") from error
    if not isinstance(content, dict) or "names" not in content:
        raise FoiError(f"{path}: must have 'names', a list of the classes")
    return content


def _list_places(content: Mapping[str, Any]) -> dict[str, list[str]]:
    places = {}
    for split, keys in _PLACES.items():
        place = next((content[key] for key in keys if content.get(key)), None)
        if place is not None:
            places[split] = [str(one) for one in (place if isinstance(place, list) else [place])]
    return places


def _parse_config(content: dict[str, Any], path: epath.Path) -> YoloConfig:
    names = _parse_names(content["names"], "names", path)
    if "nc" in content and content["nc"] != len(names):
        doubts.note(
            f"{path}: 'nc' is {content['nc']}, but there are names of "
            f"{count_noun(len(names), 'class', 'classes')}; the names count"
        )
    if "kpt_shape" not in content:
        return YoloConfig(names)
    shape = content["kpt_shape"]
    if (
        not isinstance(shape, list)
        or len(shape) != 2
        or not all(isinstance(number, int) for number in shape)
        or shape[0] not in range(1, 1000)
        or shape[1] not in (2, 3)
    ):
        raise FoiError(f"{path}: 'kpt_shape' must be [keypoints, 2 or 3], not {shape!r}")
    count, numbers = shape
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
    if "flip_idx" not in content:
        pairs = flip_pairs.find_flip_pairs(keypoints)
        if not pairs:
            key = "'flip_idx', as [0, 2, 1], or [0, 1, 2] where there are none"
            flip_pairs.note_missing(keypoints, str(path), key)
    return YoloConfig(names, keypoints, numbers, pairs)


def _parse_names(value: Any, key: str, path: epath.Path) -> tuple[str, ...]:
    if isinstance(value, dict):
        if sorted(map(str, value)) != sorted(map(str, range(len(value)))):
            raise FoiError(f"{path}: the keys of '{key}' must be 0 to {len(value) - 1}")
        value = [value[index] for index in sorted(value, key=int)]
    if not isinstance(value, list) or not value:
        raise FoiError(f"{path}: '{key}' must be a list of names")
    return tuple(str(name) for name in value)


def read_lines(path: epath.Path) -> tuple[str, ...]:
    """Returns the lines of a text file that are not blank.

    Raises:
      FoiError: there are none.
    """
    names = tuple(line.strip() for line in text_files.read_text(path).splitlines() if line.strip())
    if not names:
        raise FoiError(f"{path}: is empty, but must have a name on each line")
    return names
