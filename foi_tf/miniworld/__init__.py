"""Renders the collection `mini`: a counterpart of every dataset of the paper.

Scenes are drawn from seeds. All their annotations are exact, since they are read off the
same drawing. The domains differ in geometry, palette, light and sensor. Which domain includes
which other one follows the paper (see `ranges`).
"""

import random

from foi_tf.errors import unknown_name_error
from foi_tf.miniworld import annotate
from foi_tf.miniworld.aerial import paint_land
from foi_tf.miniworld.consumer import paint_close_up, paint_photograph
from foi_tf.miniworld.datasets import DATASETS
from foi_tf.miniworld.labels import DETECTION, SEGMENTATION
from foi_tf.miniworld.painter import Painter
from foi_tf.miniworld.person import PERSON_JOINTS
from foi_tf.miniworld.ranges import RANGES, WEB_LOOK
from foi_tf.miniworld.room import paint_room
from foi_tf.miniworld.shading import develop_image
from foi_tf.miniworld.single import paint_single
from foi_tf.miniworld.street import paint_street
from foi_tf.miniworld.underwater import paint_dive
from foi_tf.miniworld.variation import (
    AerialRanges,
    AnimalRanges,
    ConsumerRanges,
    RoomRanges,
    StreetRanges,
    UnderwaterRanges,
)
from foi_tf.study.dataset import Dataset, Size
from foi_tf.study.labels.joints import KEYPOINTS

__all__ = ["DATASETS", "render"]

_SCENES = {
    StreetRanges: paint_street,
    RoomRanges: paint_room,
    AerialRanges: paint_land,
    UnderwaterRanges: paint_dive,
    AnimalRanges: paint_close_up,
    ConsumerRanges: paint_photograph,
}


def render(dataset_id: str, split: str, index: int, size: Size | None = None) -> dict:
    """Draws one example of the collection with the annotations its dataset has.

    The same arguments give the same scene anywhere, and the same bits wherever OpenCV
    and NumPy have the same versions.

    Args:
      dataset_id: a key of `DATASETS`.
      split: "train" or "val".
      index: a number from 0; any number works, but the dataset uses only as many as its row
        says.
      size: (height, width); the dataset's own by default. A larger size of the same
        aspect ratio shows the same scene in finer detail.

    Returns:
      "id": str; "image": uint8 [H, W, 3] RGB; and for the dataset's task types
      "label": int;
      "mask": uint8 [H, W] class ids from 0, 255 = ignore;
      "boxes": float32 [N, 4] (ymin, xmin, ymax, xmax) in pixels, half-open, tight around
      what is visible, "box_labels": int64 [N], "box_areas": float32 [N] visible pixels,
      "box_crowds": bool [N];
      "keypoints": float32 [M, K, 3] (y, x, visibility: 0 outside the image, 1 occluded,
      2 visible), "keypoint_boxes": float32 [M, 4], "keypoint_areas": float32 [M],
      "keypoint_crowds": bool [M];
      "depth": float32 [H, W] meters, 0 = unknown.
      Instances that cover less than `annotate.MIN_AREA` of the image are left out.

    Raises:
      FoiError: there is no such dataset or split.
    """
    if dataset_id not in DATASETS:
        raise unknown_name_error("dataset", dataset_id, DATASETS, where="mini")
    if split not in ("train", "val"):
        raise unknown_name_error("split", split, ("train", "val"), where=f"mini {dataset_id}")
    dataset = DATASETS[dataset_id]
    # Python's generator is used, since scenes need thousands of single draws, and each costs
    # ten times as much with NumPy. A string is the same seed on every machine.
    rng = random.Random(f"{dataset_id}/{split}/{index}")
    painter = Painter(size or dataset.crop, dataset.crop)
    example = {"id": make_example_id(split, index)}
    if dataset_id == "ilsvrc":
        look, example["label"] = paint_single(painter, rng, WEB_LOOK, index)
    else:
        ranges = RANGES[dataset_id]
        look = _SCENES[type(ranges)](painter, rng, ranges)
    example["image"] = develop_image(painter, look, rng)
    return example | _annotate_scene(painter, dataset)


def make_example_id(split: str, index: int) -> str:
    """Returns the id of an example of a split, in any dataset."""
    return f"{split}/{index:06d}"


def _annotate_scene(painter: Painter, dataset: Dataset) -> dict:
    """Returns the annotations of a painted scene that the dataset has."""
    found = {}
    if "segmentation" in dataset.classes:
        found["mask"] = annotate.make_mask(painter, SEGMENTATION[dataset.id])
    if "detection" in dataset.classes:
        found |= annotate.make_boxes(painter, DETECTION[dataset.id])
    if "keypoints" in dataset.classes:
        names = KEYPOINTS[dataset.id]
        if dataset.id == "dogs":
            found |= annotate.make_keypoints(painter, ("dog",), list(range(len(names))))
        else:
            order = [PERSON_JOINTS[name] for name in names]
            found |= annotate.make_keypoints(painter, ("person", "rider"), order)
    if "depth" in dataset.classes:
        found["depth"] = annotate.make_depth(painter)
    return found
