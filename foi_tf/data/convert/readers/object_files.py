"""Turns the labeled outlines of annotation files into boxes, or into masks for segmentation."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.convert import doubts, raw_files
from foi_tf.data.convert.reader_result import Loader, ReaderResult
from foi_tf.data.convert.readers import instances, outlines, painting
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study.dataset import Size
from foi_tf.wording import count_noun


@dataclasses.dataclass(frozen=True)
class FoundObject:
    """Describes an object in an annotation file.

    Attributes:
      label: name of its class.
      outline: its pixels; None for points and lines, which have no area.
      ignored: whether training and evaluation ignore it.
      level: objects of a higher level cover those of lower ones in masks.
    """

    label: str
    outline: outlines.Outline | None
    ignored: bool = False
    level: int = 0


@dataclasses.dataclass(frozen=True)
class ObjectFiles:
    """Holds the objects of a raw folder.

    Attributes:
      folder: the folder of the images, relative to the raw folder.
      splits: by split and image, the annotation file and the objects.
      sizes: (height, width) that the files say of images.
      names: classes that the files list; empty if they do not.
    """

    folder: str
    splits: dict[str, dict[str, tuple[epath.Path, list[FoundObject]]]]
    sizes: dict[str, Size]
    names: tuple[str, ...] = ()

    def add(
        self,
        split: str,
        name: str,
        path: epath.Path,
        objects: list[FoundObject],
        size: tuple[Any, Any],
    ) -> None:
        """Adds an image, with the (height, width) that its annotation file says.

        Raises:
          FoiError: the image is there already.
        """
        of_split = self.splits.setdefault(split, {})
        if name in of_split:
            raise FoiError(
                f"{path}: {name} is annotated in {of_split[name][0].name} as well; remove one"
            )
        of_split[name] = path, objects
        if all(isinstance(side, int) and side > 0 for side in size):
            self.sizes[name] = size


def to_boxes(raw_dir: epath.Path, found: ObjectFiles) -> ReaderResult:
    """Returns the boxes of all objects that have an area.

    Raises:
      FoiError: a label is not in classes.json, or there is no object.
    """
    names = _choose_names(raw_dir, found)
    return _make_result(
        found,
        "detection",
        names,
        lambda name, path, objects: functools.partial(load_boxes, objects, names),
    )


def to_masks(raw_dir: epath.Path, found: ObjectFiles) -> ReaderResult:
    """Returns the masks that the objects make: "background" is the first class.

    Raises:
      FoiError: as for `to_boxes`.
    """
    names = painting.add_background(_choose_names(raw_dir, found))

    def make_loader(name: str, path: epath.Path, objects: Sequence[FoundObject]) -> Loader:
        painted = [
            painting.PaintedOutline(
                painting.IGNORED if one.ignored else painting.find_label(names, one.label),
                one.outline,
                one.level,
            )
            for one in objects
            if one.outline is not None
        ]
        image = raw_dir / found.folder / name
        return functools.partial(painting.load_mask, painted, len(names), image, f"{path}: {name}")

    return _make_result(found, "segmentation", names, make_loader)


def load_boxes(objects: Sequence[FoundObject], names: Sequence[str]) -> dict[str, Any]:
    """Loads the boxes of an image as fields of `schema`."""
    corners, labels, crowds = [], [], []
    for one in objects:
        box = None if one.outline is None else outlines.find_box(one.outline)
        if box is not None and (one.ignored or one.label in names):
            corners.append(box)
            labels.append(0 if one.ignored else names.index(one.label))
            crowds.append(one.ignored)
    fields = instances.make_fields(corners, crowds)
    return fields | {"box_labels": np.asarray(labels, np.int64)}


def _make_result(
    found: ObjectFiles, task_type: str, names: tuple[str, ...], make_loader: Any
) -> ReaderResult:
    return ReaderResult(
        classes={task_type: len(names)},
        names={task_type: names},
        splits={
            split: {
                name: make_loader(name, path, objects) for name, (path, objects) in of_split.items()
            }
            for split, of_split in found.splits.items()
        },
        folder=found.folder,
        sizes=found.sizes,
    )


def _choose_names(raw_dir: epath.Path, found: ObjectFiles) -> tuple[str, ...]:
    """Returns the classes without the background, and notes objects without an area."""
    every = [
        (path, one)
        for of_split in found.splits.values()
        for path, objects in of_split.values()
        for one in objects
    ]
    flat = [path for path, one in every if one.outline is None]
    if flat:
        doubts.note(
            f"{raw_dir}: left out {len(flat)} of {count_noun(len(every), 'object')}: points, lines "
            f"and others without an area (in {flat[0].name})"
        )
    used = {
        one.label: path
        for path, one in every
        if one.outline is not None and not one.ignored and not painting.is_background(one.label)
    }
    if not used:
        raise FoiError(f"{raw_dir}: no annotation file has an object with an area; annotate some")
    listed = raw_dir / "classes.json"
    names = raw_files.read_class_names(listed) if listed.exists() else found.names
    names = tuple(name for name in names if not painting.is_background(name))
    for label, path in used.items():
        if names and label not in names:
            raise unknown_name_error("class", label, names, where=str(path))
    return names or tuple(sorted(used))
