"""The one example schema: what every reader writes and every pipeline parses.

An example is a dict with `id` (str), `image` and, by the dataset's task types:

  classification  label          int
  segmentation    mask           [H, W] class ids from 0; IGNORE marks pixels of no class
  detection       boxes          [N, 4] float32 (ymin, xmin, ymax, xmax) pixels, half-open
                  box_labels     [N] int64 from 0
                  box_areas      [N] float32 pixels
                  box_crowds     [N] bool
  keypoints       keypoints      [M, K, 3] float32 (y, x, visibility 0 | 1 | 2)
                  keypoint_boxes [M, 4], keypoint_areas [M], keypoint_crowds [M]
  depth           depth          [H, W] float32 meters, 0 = unknown

`image` is uint8 [H, W, 3] RGB, or the bytes of a JPEG or PNG file, which are kept as
they are. An example may lack what belongs to a task type; it then serves the others.
"""

import io
from collections.abc import Iterable, Mapping
from typing import Any

import cv2
import numpy as np
import PIL.Image
import tensorflow_datasets as tfds

from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset

SPLITS = ("train", "val")
IGNORE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}
FIELDS = {
    "classification": ("label",),
    "segmentation": ("mask",),
    "detection": ("boxes", "box_labels", "box_areas", "box_crowds"),
    "keypoints": ("keypoints", "keypoint_boxes", "keypoint_areas", "keypoint_crowds"),
    "depth": ("depth",),
}
DEPTH_STEPS = 65535  # Of a `depth_unit`; stored depth ends there.
_JPEG_QUALITY = 95  # Ours; for images that come as arrays.

Example = dict[str, Any]


def mask_dtype(dataset: Dataset) -> np.dtype:
    """uint8 while the classes and the ignore label fit into it, else uint16."""
    return np.dtype(np.uint8 if dataset.classes["segmentation"] <= 255 else np.uint16)


def depth_unit(dataset: Dataset) -> float:
    """Meters in one step of stored depth: a millimeter, or a centimeter beyond 65 m."""
    farthest = dataset.depth_range[1] if dataset.depth_range else 0
    return 0.001 if farthest <= 65.535 else 0.01


def record_features(
    dataset: Dataset, task_types: Iterable[str] | None = None
) -> tfds.features.FeaturesDict:
    """The TFDS features of a dataset's records, or those that some task types need.

    Stored with them are `size`, the image's (height, width), and `annotated`, the task
    types that the record has annotations for, separated by spaces. Depth is stored as
    uint16 in `depth_unit`s; an absent annotation is an empty array or a 1 x 1 picture.
    """
    tensor = tfds.features.Tensor
    spec = {
        "id": tfds.features.Text(),
        "image": tfds.features.Image(shape=(None, None, 3)),
        "size": tensor(shape=(2,), dtype=np.int64),
        "annotated": tfds.features.Text(),
    }
    for task_type in dataset.classes if task_types is None else task_types:
        if task_type == "classification":
            spec["label"] = tensor(shape=(), dtype=np.int64)
        elif task_type == "segmentation":
            dtype = mask_dtype(dataset)
            spec["mask"] = tfds.features.Image(shape=(None, None, 1), dtype=dtype)
        elif task_type == "detection":
            spec |= _objects("box", tensor) | {"boxes": tensor(shape=(None, 4), dtype=np.float32)}
            spec["box_labels"] = tensor(shape=(None,), dtype=np.int64)
        elif task_type == "keypoints":
            shape = (None, dataset.classes["keypoints"], 3)
            spec |= _objects("keypoint", tensor) | {
                "keypoints": tensor(shape=shape, dtype=np.float32)
            }
            spec["keypoint_boxes"] = tensor(shape=(None, 4), dtype=np.float32)
        elif task_type == "depth":
            spec["depth"] = tfds.features.Image(shape=(None, None, 1), dtype=np.uint16)
    return tfds.features.FeaturesDict(spec)


def _objects(prefix: str, tensor) -> dict[str, Any]:
    return {
        f"{prefix}_areas": tensor(shape=(None,), dtype=np.float32),
        f"{prefix}_crowds": tensor(shape=(None,), dtype=np.bool_),
    }


def annotated_task_types(example: Mapping[str, Any]) -> list[str]:
    """The task types that an example (of the write side) has annotations for."""
    return [kind for kind, names in FIELDS.items() if all(n in example for n in names)]


def encode_example(example: Example, dataset: Dataset, size: tuple[int, int]) -> Example:
    """Turns an example of the write side into what `record_features` stores.

    Args:
      size: (height, width) of the image, checked by the caller to be true of its bytes.
    """
    image = example["image"]
    if isinstance(image, np.ndarray):
        image = _compress(image)
    have = annotated_task_types(example)
    stored = {"id": example["id"], "image": image, "size": np.asarray(size, np.int64)}
    stored["annotated"] = " ".join(have)
    for task_type in dataset.classes:
        for name in FIELDS[task_type]:
            stored[name] = example[name] if task_type in have else _absent(name, dataset)
    if "mask" in stored:
        mask, dtype = stored["mask"], mask_dtype(dataset)
        ignored = mask == IGNORE.get(mask.dtype)
        stored["mask"] = _compress_labels(np.where(ignored, IGNORE[dtype], mask).astype(dtype))
    if "depth" in stored:
        steps = np.rint(np.nan_to_num(stored["depth"]) / depth_unit(dataset))
        stored["depth"] = _compress_labels(steps.clip(0, DEPTH_STEPS).astype(np.uint16))
    return stored


def _absent(name: str, dataset: Dataset) -> Any:
    if name == "label":
        return -1
    if name in ("mask", "depth"):
        return np.zeros((1, 1), np.uint8)
    empty = {"boxes": (0, 4), "keypoint_boxes": (0, 4)}
    if name == "keypoints":
        return np.zeros((0, dataset.classes["keypoints"], 3), np.float32)
    kinds = {"box_labels": np.int64, "box_crowds": np.bool_, "keypoint_crowds": np.bool_}
    return np.zeros(empty.get(name, (0,)), kinds.get(name, np.float32))


def _compress_labels(image: np.ndarray) -> bytes:
    # Pillow leaves rows unfiltered that deflate well, which reads twice as fast as OpenCV's.
    buffer = io.BytesIO()
    PIL.Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def _compress(image: np.ndarray) -> bytes:
    done, data = cv2.imencode(".jpg", image[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY))
    if not done:
        raise FoiError(f"an image of shape {image.shape} cannot be encoded as JPEG")
    return data.tobytes()
