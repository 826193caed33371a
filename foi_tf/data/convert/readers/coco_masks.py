"""Reads masks for segmentation from the outlines of COCO JSON: polygons and run lengths."""

import functools
from collections import defaultdict
from typing import Any

from etils import epath

from foi_tf.data.convert import doubts
from foi_tf.data.convert.reader_result import Loader, ReaderResult
from foi_tf.data.convert.readers import coco, coco_files, coco_json, outlines, painting
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Size
from foi_tf.wording import count_noun


def read_folder(raw_dir: epath.Path) -> ReaderResult:
    """Finds the outlines of a folder, in the layouts of `coco.read_folder`.

    The classes are "background" and then the categories, by ascending id. Pixels outside all
    outlines are background. Crowds are ignored, and smaller objects cover larger ones. An
    image that the JSON lists without annotations is all background. Objects without outline
    are left out, with a warning that counts them.

    Raises:
      FoiError: as for `coco.read_folder`, or no object has an outline.
    """
    files = coco_files.find_files(raw_dir)
    images = coco_files.CocoImages(raw_dir)
    contents = {split: coco_json.read_outlines(path) for split, path in files.items()}
    kept = coco.choose_categories(contents, files)
    named = {one.id: one.name for one in next(iter(contents.values())).categories}
    names = painting.add_background([named[id_] for id_ in kept.ids])
    labels = {id_: painting.find_label(names, named[id_]) for id_ in kept.ids}
    splits: dict[str, dict[str, Loader]] = {}
    sizes: dict[str, Size] = {}
    for split, content in contents.items():
        path = files[split]
        found = coco.find_images(content.images, split, path, images)
        objects = _parse_objects(content, labels, path)
        coco.check_listed(objects, found, path)
        for id_, (of_split, name) in found.items():
            splits.setdefault(of_split, {})[name] = functools.partial(
                painting.load_mask,
                objects.get(id_, []),
                len(names),
                raw_dir / images.folder / name,
                f"{path}: {name}",
            )
        sizes |= coco.list_sizes(content.images, found)
    return ReaderResult(
        classes={"segmentation": len(names)},
        names={"segmentation": names},
        splits=splits,
        folder=images.folder,
        sizes=sizes,
    )


def _parse_objects(
    content: Any, labels: dict[int | str, int], path: epath.Path
) -> dict[str, list[painting.PaintedOutline]]:
    """Returns the outlines of each image, by its id as a text."""
    objects = defaultdict(list)
    bare = 0
    for index, one in enumerate(content.annotations):
        where = f"{path}: annotations[{index}]"
        if one.category_id not in labels:
            raise FoiError(f"{where}: category_id {one.category_id} is not in 'categories'")
        outline = outlines.parse_coco(one.segmentation, where)
        bare += outline is None
        if outline is not None:
            label = painting.IGNORED if one.iscrowd else labels[one.category_id]
            objects[str(one.image_id)].append(painting.PaintedOutline(label, outline))
    if bare and bare == len(content.annotations):
        raise FoiError(
            f"{path}: none of its {count_noun(bare, 'object')} has a 'segmentation' to paint; "
            "export polygons, or read boxes with --format=coco"
        )
    if bare:
        every = count_noun(len(content.annotations), "object")
        doubts.note(f"{path}: left out {bare} of {every}, which have no 'segmentation'")
    return objects
