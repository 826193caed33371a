"""Reads boxes and poses of YOLO, in the layouts of Ultralytics, Roboflow and darknet."""

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert import image_files, text_files
from foi_tf.data.convert.reader_result import ReaderResult
from foi_tf.data.convert.readers import instances, yolo_config, yolo_files
from foi_tf.data.convert.readers.yolo_config import YoloConfig
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Size
from foi_tf.wording import count_noun

_BOX = 5  # Numbers of a box: class, center x, center y, width, height.


def read_folder(raw_dir: epath.Path) -> ReaderResult:
    """Finds the boxes and poses of a folder (docs.ultralytics.com/datasets, detect and pose).

    `names` in data.yaml, a list or {0: name}, are the classes. Without data.yaml, obj.names or
    classes.txt has a name on each line. `train` and `val` in data.yaml or in darknet's
    obj.data, directories or lists of images, are the splits; without them, the splits of
    images/ are, or of the raw folder. Paths of other machines are looked up by their ends
    below the raw folder.

    `yolo_files.find_labels` says where the labels of an image may be. An image without them
    has no objects. A line holds class, center x and y, width and height, in shares of the
    image. A line with more than two corners instead is an outline, whose box is taken.

    `kpt_shape: [K, 2 or 3]` adds poses: x and y of each keypoint follow, and with 3 its
    visibility. With 2, a keypoint whose x or y is not above 0 is unlabeled. `flip_idx` gives
    the flip pairs, and `kpt_names`, a list or {class: list}, the names of the keypoints.

    Raises:
      FoiError: a file is missing, or one of its lines is wrong.
    """
    kind, folder, splits = find_files(raw_dir)
    names = {"detection": kind.names}
    if kind.keypoints:
        names["keypoints"] = kind.keypoints
    return ReaderResult(
        classes={task_type: len(of_type) for task_type, of_type in names.items()},
        names=names,
        splits={
            split: {
                name: functools.partial(_load, raw_dir / folder / name, path, kind)
                for name, path in of_split.items()
            }
            for split, of_split in splits.items()
        },
        flip_pairs=kind.flip_pairs,
        folder=folder,
    )


def find_files(
    raw_dir: epath.Path,
) -> tuple[YoloConfig, str, dict[str, dict[str, epath.Path]]]:
    """Returns the classes, the folder of the images, and the label file of each by split.

    Raises:
      FoiError: as for `read_folder`.
    """
    described = yolo_config.read_config(raw_dir)
    folder, splits = yolo_files.list_splits(raw_dir, described)
    every = [name for names in splits.values() for name in names]
    labels = yolo_files.find_labels(raw_dir, folder, every)
    found = {split: {name: labels[name] for name in names} for split, names in splits.items()}
    return described.config, folder, found


def _load(image: epath.Path, path: epath.Path, kind: YoloConfig) -> dict[str, Any]:
    rows = [row for row, _ in read_rows(path, kind)]
    size = image_files.read_image_size(image)
    boxes = np.asarray([_make_box(row, kind) for row in rows], np.float32).reshape(-1, 4)
    boxes *= np.asarray([*size, *size], np.float32)
    fields = {"box_labels": np.asarray([row[0] for row in rows], np.int64)}
    fields |= instances.make_fields(boxes)
    if kind.keypoints:
        fields["keypoints"] = _make_keypoints(rows, kind, size)
        fields |= instances.make_fields(boxes, prefix="keypoint")
    return fields


def read_rows(path: epath.Path, kind: YoloConfig) -> list[tuple[list[float], str]]:
    """Returns the numbers of each line of a label file, and the line's place for errors.

    Raises:
      FoiError: a line is wrong.
    """
    lines = text_files.read_text(path).splitlines() if path.exists() else []
    places = {n: f"{path}: line {n}" for n, line in enumerate(lines, 1) if line.strip()}
    return [(_parse_line(lines[n - 1], where, kind), where) for n, where in places.items()]


def is_outline(row: Sequence[float], kind: YoloConfig) -> bool:
    """Tells whether a line is an outline, and not a box."""
    return len(row) > _BOX and not kind.keypoints


def _parse_line(line: str, where: str, kind: YoloConfig) -> list[float]:
    try:
        numbers = [float(word) for word in line.split()]
    except ValueError as error:
        raise FoiError(f"{where}: must hold numbers, not '{line.strip()[:40]}'") from error
    if not all(map(math.isfinite, numbers)):
        raise FoiError(f"{where}: all numbers must be finite")
    if numbers[0] not in range(len(kind.names)):
        names = count_noun(len(kind.names), "class", "classes")
        raise FoiError(
            f"{where}: has class {numbers[0]:g}, but there are names of {names}; ids count from 0"
        )
    wanted = _BOX + len(kind.keypoints) * kind.numbers
    outline = not kind.keypoints and len(numbers) > _BOX + 1 and len(numbers) % 2 == 1
    if len(numbers) != wanted and not outline:
        hint = "; a sixth, as a score of detection, must go" if len(numbers) == _BOX + 1 else ""
        raise FoiError(f"{where}: has {count_noun(len(numbers), 'number')}, not {wanted}{hint}")
    # Values above 2 are pixels, not shares. Boxes are checked against the image later.
    if max(map(abs, numbers[1:] if outline else numbers[1:_BOX])) > 2:
        raise FoiError(f"{where}: coordinates must be shares of the image, from 0 to 1, not pixels")
    return numbers


def _make_box(row: Sequence[float], kind: YoloConfig) -> tuple[float, float, float, float]:
    if is_outline(row, kind):
        xs, ys = row[1::2], row[2::2]
        return min(ys), min(xs), max(ys), max(xs)
    _, x, y, width, height = row[:_BOX]
    return y - height / 2, x - width / 2, y + height / 2, x + width / 2


def _make_keypoints(rows: Sequence[Sequence[float]], kind: YoloConfig, size: Size) -> np.ndarray:
    shape = (len(rows), len(kind.keypoints), kind.numbers)
    given = np.asarray([row[_BOX:] for row in rows], np.float32).reshape(shape)
    if kind.numbers == 3:
        visibility = given[..., 2:]
    else:
        visibility = np.where((given > 0).all(-1, keepdims=True), np.float32(2), np.float32(0))
    places = given[..., 1::-1] * np.asarray(size, np.float32)
    marks = np.concatenate([places, visibility], axis=-1)
    return np.where(visibility != 0, marks, np.float32(0))
