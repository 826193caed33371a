"""Boxes and keypoints in COCO JSON: annotations/{split}.json, `file_name` relative to images/."""

import dataclasses
import functools
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert import raw_files
from foi_tf.data.convert.reader_result import Loader, ReaderResult
from foi_tf.data.convert.readers import instances, json_file
from foi_tf.errors import FoiError
from foi_tf.progress import warn


@dataclasses.dataclass(frozen=True, slots=True)
class _CocoCategory:
    id: int
    name: str
    keypoints: tuple[str, ...] = ()
    flip_pairs: tuple[tuple[int, int], ...] | None = None
    sigmas: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class _CocoImage:
    id: int | str
    file_name: str


@dataclasses.dataclass(frozen=True, slots=True)
class _CocoAnnotation:
    image_id: int | str
    category_id: int
    bbox: tuple[float, float, float, float]
    area: float | None = None
    iscrowd: bool = False
    keypoints: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class _CocoFile:
    images: list[_CocoImage]
    annotations: list[_CocoAnnotation]
    categories: list[_CocoCategory]


@dataclasses.dataclass(frozen=True, slots=True)
class CocoCategories:
    """What categories make of a set.

    Attributes:
      ids: of all categories, ascending; a detection set's classes.
      names: by task type, the names of classes or keypoints.
      jointed: the ids of the categories with keypoints.
    """

    ids: tuple[int, ...]
    names: dict[str, tuple[str, ...]]
    jointed: frozenset[int] = frozenset()
    flip_pairs: tuple[tuple[int, int], ...] = ()
    sigmas: tuple[float, ...] = ()


def read_folder(raw_dir: epath.Path) -> ReaderResult:
    """Finds the boxes and keypoints of a folder.

    The categories, on which all splits must agree, say what a file holds. Those with
    `keypoints` make a keypoint set of their instances; they must share one list of them.
    Where there are categories without keypoints, all of them, by ascending id (gaps may
    be), are the classes of a detection set. Keypoint categories alone make none, since
    such sets need not have a box for each object that is seen (COCO's own persons have,
    and stand in its instances' files for detection).

    An instance without `keypoints` has no labeled one. `flip_pairs` (from 0) and OKS
    `sigmas` are our additions to a category; without the first, keypoints whose names
    differ in "left" and "right" are pairs. Boxes are taken as they are; keypoints, which are
    indices of pixels in COCO, at the centers of those. An image
    that the JSON lists without annotations has no objects; one that it does not list is
    not annotated. A box without any width or height tells nothing (train2017 of COCO has
    two of them): it is left out, and a warning counts such boxes.

    Raises:
      FoiError: a file is missing or no such JSON, or an annotation is wrong.
    """
    root = raw_dir / "annotations"
    if not root.is_dir():
        raise FoiError(f"{root}: no such directory; it must hold annotations/{{split}}.json")
    kind, splits = None, {}
    for split, images in raw_files.list_images(raw_dir).items():
        path = root / f"{split}.json"
        if not path.exists():
            continue
        found, splits[split] = read_file(path, "images", frozenset(images))
        if kind not in (None, found):
            raise FoiError(f"{path}: its categories differ from those of another split")
        kind = found
    if not splits:
        raise FoiError(f"{root}: no {{split}}.json for any split of images/")
    return ReaderResult(
        classes={task_type: len(names) for task_type, names in kind.names.items()},
        names=kind.names,
        splits=splits,
        flip_pairs=kind.flip_pairs,
        sigmas=kind.sigmas,
    )


def read_file(
    path: epath.Path, folder: str, images: frozenset[str], *, empty: bool = True
) -> tuple[CocoCategories, dict[str, Loader]]:
    """Reads one JSON file.

    Args:
      folder: where the images are, for errors.
      images: their paths below it.
      empty: whether images without objects count as annotated.

    Returns:
      What its categories make of it and, by image, what loads its annotations.

    Raises:
      FoiError: as `read_folder`.
    """
    content = json_file.read_json(path, _CocoFile, "COCO JSON")
    kind = _summarize_categories(sorted(content.categories, key=lambda category: category.id), path)
    loaders = _make_loaders(content, path, folder, images, kind)
    if not empty:
        listed = {one.image_id for one in content.annotations}
        for image in content.images:
            if image.id not in listed:
                del loaders[image.file_name]
    return kind, loaders


def _summarize_categories(categories: Sequence[_CocoCategory], path: epath.Path) -> CocoCategories:
    ids = tuple(category.id for category in categories)
    if not ids or len(set(ids)) < len(ids):
        raise FoiError(f"{path}: 'categories' must be some, each with an id of its own")
    names = {}
    jointed = [category for category in categories if category.keypoints]
    if len(jointed) < len(categories):
        names["detection"] = tuple(category.name for category in categories)
    if not jointed:
        return CocoCategories(ids, names)
    first = jointed[0]
    names["keypoints"] = first.keypoints
    for one in jointed:
        where = f"{path}: category '{one.name}'"
        if dataclasses.replace(one, id=first.id, name=first.name) != first:
            raise FoiError(f"{where}: its keypoints are not those of '{first.name}'")
        _check_pairs(_flip_pairs(one), len(one.keypoints), where)
        if one.sigmas and (len(one.sigmas) != len(one.keypoints) or min(one.sigmas) <= 0):
            raise FoiError(f"{where}: 'sigmas' must be positive, one for each keypoint")
    jointed_ids = frozenset(category.id for category in jointed)
    return CocoCategories(ids, names, jointed_ids, _flip_pairs(first), first.sigmas)


def _flip_pairs(category: _CocoCategory) -> tuple[tuple[int, int], ...]:
    if category.flip_pairs is not None:
        return category.flip_pairs
    index = {name.lower(): i for i, name in enumerate(category.keypoints)}
    mirrored = ((i, index.get(name.replace("left", "right"))) for name, i in index.items())
    return tuple((i, other) for i, other in mirrored if other not in (None, i))


def _check_pairs(pairs: Sequence[tuple[int, int]], keypoints: int, where: str) -> None:
    used = [index for pair in pairs for index in pair]
    if len(set(used)) < len(used) or not set(used) <= set(range(keypoints)):
        raise FoiError(
            f"{where}: 'flip_pairs' must be pairs of different keypoints, from 0 to {keypoints - 1}"
        )


def _make_loaders(
    content: _CocoFile, path: epath.Path, folder: str, images: frozenset[str], kind: CocoCategories
) -> dict[str, Loader]:
    objects = defaultdict(list)
    kept = [one for one in content.annotations if 0 not in one.bbox[2:]]
    if len(kept) < len(content.annotations):
        every = len(content.annotations)
        warn(f"{path}: left out {every - len(kept)} of {every} boxes, of no width or height")
    for annotation in kept:
        objects[annotation.image_id].append(annotation)
    loaders, ids = {}, set()
    for image in content.images:
        name = image.file_name
        if name not in images:
            raise FoiError(f"{path}: image {image.id}: no file {folder}/{name}")
        if name in loaders or image.id in ids:
            raise FoiError(f"{path}: image {image.id}: {name} or its id is listed twice")
        ids.add(image.id)
        loaders[name] = functools.partial(_load, objects.pop(image.id, []), kind, f"{path}: {name}")
    if objects:
        raise FoiError(
            f"{path}: annotations of image_id {next(iter(objects))}, which is not listed"
        )
    return loaders


def _load(annotations: list[_CocoAnnotation], kind: CocoCategories, where: str) -> dict[str, Any]:
    for one in annotations:
        if one.category_id not in kind.ids:
            raise FoiError(f"{where}: unknown category_id {one.category_id}")
    fields = {}
    if "detection" in kind.names:
        fields |= _instance_fields(annotations, "box")
        labels = [kind.ids.index(one.category_id) for one in annotations]
        fields["box_labels"] = np.asarray(labels, np.int64)
    if "keypoints" in kind.names:
        jointed = [one for one in annotations if one.category_id in kind.jointed]
        count = len(kind.names["keypoints"])
        marks = [_keypoints(one, count, where) for one in jointed]
        fields["keypoints"] = np.asarray(marks, np.float32).reshape(-1, count, 3)
        fields |= _instance_fields(jointed, "keypoint")
    return fields


def _instance_fields(annotations: list[_CocoAnnotation], prefix: str) -> dict[str, np.ndarray]:
    corners, areas = [], []
    for one in annotations:
        x, y, width, height = one.bbox
        corners.append((y, x, y + height, x + width))
        areas.append(width * height if one.area is None else one.area)
    return instances.make_fields(corners, [one.iscrowd for one in annotations], areas, prefix)


def _keypoints(annotation: _CocoAnnotation, count: int, where: str) -> np.ndarray:
    if not annotation.keypoints:
        return np.zeros((count, 3), np.float32)
    if len(annotation.keypoints) != 3 * count:
        raise FoiError(
            f"{where}: {len(annotation.keypoints)} numbers in 'keypoints', "
            f"not x, y and visibility of {count}"
        )
    marks = np.asarray(annotation.keypoints, np.float32).reshape(count, 3)[:, [1, 0, 2]]
    marks[:, :2] += 0.5  # COCO's are indices of pixels, ours are places: here their centers.
    return np.where(marks[:, 2:] > 0, marks, np.float32(0))
