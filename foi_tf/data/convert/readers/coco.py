"""Reads boxes and keypoints from COCO JSON: annotations/{split}.json, beside images/."""

import dataclasses
import functools
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert import doubts, raw_files
from foi_tf.data.convert.reader_result import Loader, ReaderResult
from foi_tf.data.convert.readers import instances, json_file
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Size
from foi_tf.wording import count_noun


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
    height: Any = None
    width: Any = None


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
    """Describes the task types and the classes that a file's categories define.

    Attributes:
      ids: ids of all categories, ascending; the classes of a detection set.
      names: by task type, the names of the classes or keypoints.
      jointed: the ids of the categories with keypoints.
      flip_pairs: index pairs of left and right keypoints.
      sigmas: OKS falloff of each keypoint; empty where the file has none.
    """

    ids: tuple[int, ...]
    names: dict[str, tuple[str, ...]]
    jointed: frozenset[int] = frozenset()
    flip_pairs: tuple[tuple[int, int], ...] = ()
    sigmas: tuple[float, ...] = ()


def read_folder(raw_dir: epath.Path) -> ReaderResult:
    """Finds the boxes and keypoints of a folder.

    All splits must have the same categories, which decide the task types. Categories with
    `keypoints` make a keypoint set of their instances, and must all have the same list of
    keypoints. If any category has no keypoints, all categories are the classes of a
    detection set, by ascending id; ids may have gaps. Keypoint categories alone make no
    detection set, since such files need not have a box for each visible object. (COCO's
    own persons do, and its instances' files hold them for detection.)

    All keypoints of an instance without `keypoints` are unlabeled. A category may also have
    `flip_pairs` (indices from 0) and OKS `sigmas`; both are our additions. Without
    `flip_pairs`, keypoints whose names differ in "left" and "right" are pairs.

    Boxes keep their coordinates. Keypoints, which are indices of pixels in COCO, move to
    the centers of the pixels. An image that the JSON lists without annotations has no
    objects; an image that it does not list is not annotated. Boxes of no width or height
    are left out, with a warning that counts them (train2017 of COCO has two).

    Raises:
      FoiError: a file is missing or is no such JSON, or an annotation is wrong.
    """
    root = raw_dir / "annotations"
    if not root.is_dir():
        raise FoiError(f"{root}: no such directory; it must hold annotations/{{split}}.json")
    kind, splits, sizes = None, {}, {}
    for split, images in raw_files.list_images(raw_dir).items():
        path = raw_files.find_split_file(root, split, ".json")
        if not path.exists():
            continue
        content = json_file.read_json(path, _CocoFile, "COCO JSON")
        found, splits[split] = _parse_file(content, path, "images", frozenset(images))
        sizes |= _list_sizes(content)
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
        sizes=sizes,
    )


def _list_sizes(content: _CocoFile) -> dict[str, Size]:
    """Returns the (height, width) of each image that has both."""
    return {
        image.file_name: (image.height, image.width)
        for image in content.images
        if all(isinstance(side, int) and side > 0 for side in (image.height, image.width))
    }


def read_file(
    path: epath.Path, folder: str, images: frozenset[str], *, empty: bool = True
) -> tuple[CocoCategories, dict[str, Loader]]:
    """Reads one JSON file.

    Args:
      path: the JSON file.
      folder: the folder of the images, for error messages.
      images: paths of the images, relative to `folder`.
      empty: whether images without objects count as annotated.

    Returns:
      The file's categories and, by image, a function that loads its annotations.

    Raises:
      FoiError: as for `read_folder`.
    """
    content = json_file.read_json(path, _CocoFile, "COCO JSON")
    kind, loaders = _parse_file(content, path, folder, images)
    if not empty:
        listed = {one.image_id for one in content.annotations}
        for image in content.images:
            if image.id not in listed:
                del loaders[image.file_name]
    return kind, loaders


def _parse_file(
    content: _CocoFile, path: epath.Path, folder: str, images: frozenset[str]
) -> tuple[CocoCategories, dict[str, Loader]]:
    kind = _summarize_categories(sorted(content.categories, key=lambda category: category.id), path)
    return kind, _make_loaders(content, path, folder, images, kind)


def _summarize_categories(categories: Sequence[_CocoCategory], path: epath.Path) -> CocoCategories:
    ids = tuple(category.id for category in categories)
    if not ids or len(set(ids)) < len(ids):
        raise FoiError(f"{path}: 'categories' must not be empty, and their ids must differ")
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
            raise FoiError(
                f"{where}: its keypoints differ from those of '{first.name}'; list the same ones"
            )
        _check_pairs(_find_flip_pairs(one), len(one.keypoints), where)
        if one.sigmas and (len(one.sigmas) != len(one.keypoints) or min(one.sigmas) <= 0):
            raise FoiError(f"{where}: 'sigmas' must be positive, one for each keypoint")
    jointed_ids = frozenset(category.id for category in jointed)
    return CocoCategories(ids, names, jointed_ids, _find_flip_pairs(first), first.sigmas)


def _find_flip_pairs(category: _CocoCategory) -> tuple[tuple[int, int], ...]:
    if category.flip_pairs is not None:
        return category.flip_pairs
    index = {name.lower(): i for i, name in enumerate(category.keypoints)}
    mirrored = ((i, index.get(name.replace("left", "right"))) for name, i in index.items())
    return tuple((i, other) for i, other in mirrored if other not in (None, i))


def _check_pairs(pairs: Sequence[tuple[int, int]], keypoints: int, where: str) -> None:
    used = [index for pair in pairs for index in pair]
    if len(set(used)) < len(used) or not set(used) <= set(range(keypoints)):
        raise FoiError(
            f"{where}: 'flip_pairs' must be pairs of different indices from 0 to {keypoints - 1}, "
            "each used once"
        )


def _make_loaders(
    content: _CocoFile, path: epath.Path, folder: str, images: frozenset[str], kind: CocoCategories
) -> dict[str, Loader]:
    objects = defaultdict(list)
    kept = [one for one in content.annotations if 0 not in one.bbox[2:]]
    if len(kept) < len(content.annotations):
        every = len(content.annotations)
        doubts.note(
            f"{path}: left out {every - len(kept)} of {count_noun(every, 'box', 'boxes')}, without "
            "width or height"
        )
    for annotation in kept:
        objects[annotation.image_id].append(annotation)
    loaders, ids = {}, set()
    for image in content.images:
        name = image.file_name
        if name not in images:
            raise FoiError(f"{path}: image {image.id}: there is no file {folder}/{name}")
        if name in loaders or image.id in ids:
            raise FoiError(
                f"{path}: image {image.id}: {name} or its id is listed twice; remove one"
            )
        ids.add(image.id)
        loaders[name] = functools.partial(_load, objects.pop(image.id, []), kind, f"{path}: {name}")
    if objects:
        raise FoiError(
            f"{path}: has annotations of image_id {next(iter(objects))}, but does not list it in "
            "'images'"
        )
    return loaders


def _load(annotations: list[_CocoAnnotation], kind: CocoCategories, where: str) -> dict[str, Any]:
    for one in annotations:
        if one.category_id not in kind.ids:
            raise FoiError(f"{where}: category_id {one.category_id} is not in 'categories'")
    fields = {}
    if "detection" in kind.names:
        fields |= _make_instance_fields(annotations, "box")
        labels = [kind.ids.index(one.category_id) for one in annotations]
        fields["box_labels"] = np.asarray(labels, np.int64)
    if "keypoints" in kind.names:
        jointed = [one for one in annotations if one.category_id in kind.jointed]
        count = len(kind.names["keypoints"])
        marks = [_make_keypoints(one, count, where) for one in jointed]
        fields["keypoints"] = np.asarray(marks, np.float32).reshape(-1, count, 3)
        fields |= _make_instance_fields(jointed, "keypoint")
    return fields


def _make_instance_fields(annotations: list[_CocoAnnotation], prefix: str) -> dict[str, np.ndarray]:
    corners, areas = [], []
    for one in annotations:
        x, y, width, height = one.bbox
        corners.append((y, x, y + height, x + width))
        areas.append(width * height if one.area is None else one.area)
    return instances.make_fields(corners, [one.iscrowd for one in annotations], areas, prefix)


def _make_keypoints(annotation: _CocoAnnotation, count: int, where: str) -> np.ndarray:
    if not annotation.keypoints:
        return np.zeros((count, 3), np.float32)
    if len(annotation.keypoints) != 3 * count:
        numbers = count_noun(len(annotation.keypoints), "number")
        raise FoiError(
            f"{where}: 'keypoints' has {numbers}, but must have "
            f"{3 * count}: x, y and visibility of {count}"
        )
    marks = np.asarray(annotation.keypoints, np.float32).reshape(count, 3)[:, [1, 0, 2]]
    marks[:, :2] += 0.5  # From the index of a pixel to the coordinates of its center.
    return np.where(marks[:, 2:] > 0, marks, np.float32(0))
