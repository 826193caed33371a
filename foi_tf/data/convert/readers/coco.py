"""Reads boxes and keypoints from COCO JSON, in the layouts of the tools that write it."""

import dataclasses
import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert import doubts
from foi_tf.data.convert.reader_result import Loader, ReaderResult
from foi_tf.data.convert.readers import coco_files, coco_json, flip_pairs, instances
from foi_tf.data.convert.readers.coco_json import CocoCategory, CocoImage
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Size
from foi_tf.wording import count_noun, list_names_briefly


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

    `coco_files` says where JSON files may lie and which split each is for. An image is found
    by its `file_name` below images/, or below the raw folder, as `image_lookup` says. An
    object without `bbox` has the box of its `segmentation`. Roboflow's first category, which
    only names the set, is no class.

    All splits must have the same categories, which decide the task types. Categories with
    `keypoints` make a keypoint set of their instances, and must all have the same list of
    keypoints. If any category has no keypoints, all categories are the classes of a
    detection set, by ascending id; ids may have gaps. Keypoint categories alone make no
    detection set, since such files need not have a box for each visible object. (COCO's
    own persons do, and its instances' files hold them for detection.)

    All keypoints of an instance without `keypoints` are unlabeled. A category may also have
    `flip_pairs` (indices from 0) and OKS `sigmas`; both are our additions. Without
    `flip_pairs`, keypoints whose names differ in "left" and "right", or in l and r, are pairs.

    Boxes keep their coordinates. Keypoints, which are indices of pixels in COCO, move to
    the centers of the pixels. An image that the JSON lists without annotations has no
    objects; an image that it does not list is not annotated. Boxes of no width or height
    are left out, with a warning that counts them (train2017 of COCO has two).

    Raises:
      FoiError: a file is missing or is no such JSON, or an annotation is wrong.
    """
    files = coco_files.find_files(raw_dir)
    images = coco_files.CocoImages(raw_dir)
    contents = {split: coco_json.read_boxes(path) for split, path in files.items()}
    kind = choose_categories(contents, files)
    splits: dict[str, dict[str, Loader]] = {}
    sizes: dict[str, Size] = {}
    for split, content in contents.items():
        path = files[split]
        names = find_images(content.images, split, path, images)
        loaders = _make_loaders(content, path, {i: name for i, (_, name) in names.items()}, kind)
        for of_split, name in names.values():
            splits.setdefault(of_split, {})[name] = loaders[name]
        sizes |= list_sizes(content.images, names)
    return ReaderResult(
        classes={task_type: len(of_type) for task_type, of_type in kind.names.items()},
        names=kind.names,
        splits=splits,
        flip_pairs=kind.flip_pairs,
        sigmas=kind.sigmas,
        folder=images.folder,
        sizes=sizes,
    )


def find_images(
    images: Sequence[CocoImage], split: str, path: epath.Path, found: coco_files.CocoImages
) -> dict[str, tuple[str, str]]:
    """Returns the split and the path of each image of a file, by its id as a text.

    Raises:
      FoiError: an image is missing, of another split, or listed twice.
    """
    names: dict[str, tuple[str, str]] = {}
    seen, missing = set(), []
    for image in images:
        place = found.find(image, split, path)
        if place is None:
            missing.append(image)
            continue
        if place[1] in seen or str(image.id) in names:
            raise FoiError(
                f"{path}: image {image.id}: {place[1]} or its id is listed twice; remove one"
            )
        seen.add(place[1])
        names[str(image.id)] = place
    if missing:
        raise found.missing_error(missing, len(images), path)
    return names


def list_sizes(
    images: Sequence[CocoImage], names: Mapping[str, tuple[str, str]]
) -> dict[str, Size]:
    """Returns the (height, width) of each image that has both."""
    return {
        names[str(image.id)][1]: (image.height, image.width)
        for image in images
        if all(isinstance(side, int) and side > 0 for side in (image.height, image.width))
    }


def choose_categories(
    contents: Mapping[str, Any], files: Mapping[str, epath.Path]
) -> CocoCategories:
    """Returns the categories that the files of all splits share.

    Raises:
      FoiError: they differ between splits, or are no categories.
    """
    root, kinds = coco_json.drop_root_category([*contents.values()]), {}
    for split, content in contents.items():
        dropped = {one.id for one in contents[next(iter(contents))].categories} - {
            one.id for one in root
        }
        kept = [one for one in content.categories if one.id not in dropped]
        kinds[split] = _summarize_categories(kept, files[split])
    first = next(iter(kinds))
    for split, kind in kinds.items():
        if kind != kinds[first]:
            raise FoiError(
                f"{files[split]}: its categories differ from those of another split, "
                f"{files[first].name}; list the same in both, with the same ids"
            )
    return kinds[first]


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
    content = coco_json.read_boxes(path)
    names: dict[str, str] = {}
    listed: set[str | int] = set()
    if missing := [one for one in content.images if one.file_name not in images]:
        shown = list_names_briefly([f"{folder}/{one.file_name}" for one in missing])
        raise FoiError(f"{path}: image {missing[0].id}: there is no file {shown}")
    for image in content.images:
        if str(image.id) in names or image.file_name in listed:
            raise FoiError(
                f"{path}: image {image.id}: {image.file_name} or its id is listed twice; remove one"
            )
        listed.add(image.file_name)
        names[str(image.id)] = image.file_name
    kind = _summarize_categories(content.categories, path)
    loaders = _make_loaders(content, path, names, kind)
    if not empty:
        listed = {one.image_id for one in content.annotations}
        for image in content.images:
            if image.id not in listed:
                del loaders[image.file_name]
    return kind, loaders


def _summarize_categories(categories: Sequence[CocoCategory], path: epath.Path) -> CocoCategories:
    categories = sorted(categories, key=lambda one: (isinstance(one.id, str), one.id))
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
        same = dataclasses.replace(one, id=first.id, name=first.name)
        if dataclasses.replace(same, supercategory=first.supercategory) != first:
            raise FoiError(
                f"{where}: its keypoints differ from those of '{first.name}'; list the same ones"
            )
        _check_pairs(_find_flip_pairs(one), len(one.keypoints), where)
        if one.sigmas and (len(one.sigmas) != len(one.keypoints) or min(one.sigmas) <= 0):
            raise FoiError(f"{where}: 'sigmas' must be positive, one for each keypoint")
    jointed_ids = frozenset(category.id for category in jointed)
    pairs = _find_flip_pairs(first)
    if not pairs and first.flip_pairs is None:
        key = "'flip_pairs' of the category, as [[1, 2]], or [] where there are none"
        flip_pairs.note_missing(first.keypoints, str(path), key)
    return CocoCategories(ids, names, jointed_ids, pairs, first.sigmas)


def _find_flip_pairs(category: CocoCategory) -> tuple[tuple[int, int], ...]:
    if category.flip_pairs is not None:
        return category.flip_pairs
    return flip_pairs.find_flip_pairs(category.keypoints)


def _check_pairs(pairs: Sequence[tuple[int, int]], keypoints: int, where: str) -> None:
    used = [index for pair in pairs for index in pair]
    if len(set(used)) < len(used) or not set(used) <= set(range(keypoints)):
        raise FoiError(
            f"{where}: 'flip_pairs' must be pairs of different indices from 0 to {keypoints - 1}, "
            "each used once"
        )


def _make_loaders(
    content: Any, path: epath.Path, names: Mapping[str, str], kind: CocoCategories
) -> dict[str, Loader]:
    """Returns, by image, a function that loads its annotations.

    Args:
      names: the image of each id, as a text.
    """
    objects = defaultdict(list)
    kept = [one for one in content.annotations if 0 not in one.bbox[2:]]
    if len(kept) < len(content.annotations):
        every = len(content.annotations)
        doubts.note(
            f"{path}: left out {every - len(kept)} of {count_noun(every, 'box', 'boxes')}, without "
            "width or height"
        )
    for annotation in kept:
        objects[str(annotation.image_id)].append(annotation)
    check_listed(objects, names, path)
    return {
        name: functools.partial(_load, objects.get(id_, []), kind, f"{path}: {name}")
        for id_, name in names.items()
    }


def check_listed(
    objects: Mapping[str, Sequence], names: Mapping[str, str | tuple], path: epath.Path
) -> None:
    """Checks that a file lists the images of all its annotations.

    Raises:
      FoiError: it does not.
    """
    for missing in objects.keys() - names.keys():
        raise FoiError(
            f"{path}: has annotations of image_id {missing}, but does not list it in 'images'"
        )


def _load(annotations: Sequence[Any], kind: CocoCategories, where: str) -> dict[str, Any]:
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


def _make_instance_fields(annotations: Sequence[Any], prefix: str) -> dict[str, np.ndarray]:
    corners, areas = [], []
    for one in annotations:
        x, y, width, height = one.bbox
        corners.append((y, x, y + height, x + width))
        areas.append(width * height if one.area is None else one.area)
    return instances.make_fields(corners, [one.iscrowd for one in annotations], areas, prefix)


def _make_keypoints(annotation: Any, count: int, where: str) -> np.ndarray:
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
    return np.where(marks[:, 2:] != 0, marks, np.float32(0))
