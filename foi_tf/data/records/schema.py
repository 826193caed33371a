"""Defines the examples that every reader writes and every input pipeline parses.

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

`image` is uint8 [H, W, 3] RGB, or the bytes of a JPEG or PNG file, which are stored
unchanged. An example may lack the fields of a task type; it then serves the others only.

`FIELDS` is the table of these fields. All of `data` (validation, storage, augmentation,
statistics, pictures) dispatches on the geometry of a field, so that a new task type with
annotations of a known geometry only adds rows to the table.
"""

import dataclasses
import enum
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from foi_tf.data.records import compression
from foi_tf.study.dataset import Dataset

SPLITS = ("train", "val")
IGNORE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}
MAX_STEP = 65535  # The largest uint16, hence the largest stored value of a real map.

Example = dict[str, Any]


class Geometry(enum.Enum):
    """Tells how the values of a field belong to the image.

    The fields of one task type that hold an entry per object have the same length.
    """

    LABEL = "one class id of the whole image"
    CLASS_MAP = "[H, W] class ids from 0, or IGNORE"
    REAL_MAP = "[H, W] float32, 0 = unknown"
    BOXES = "[N, 4] float32 (ymin, xmin, ymax, xmax), one box per object"
    POINTS = "[N, K, 3] float32 (y, x, visibility), K points per object"
    OBJECT_LABELS = "[N] int64 class ids, one per object"
    OBJECT_AREAS = "[N] float32 pixels, one per object"
    OBJECT_CROWDS = "[N] bool; True where a box is around a group of objects"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RealValues:
    """Describes the numbers of a real map.

    Attributes:
      quantity: the name of the unit in plural, "meters".
      symbol: the symbol of the unit, "m".
      step: returns the size of one step of the stored uint16 for a dataset.
      limits: returns the (lowest, highest) value that numbers are clipped to, or None.
      divided_by_zoom: whether augmentation divides the numbers by the magnification.
    """

    quantity: str
    symbol: str
    step: Callable[[Dataset], float]
    limits: Callable[[Dataset], tuple[float, float] | None] = lambda dataset: None
    divided_by_zoom: bool = False


@dataclasses.dataclass(frozen=True)
class FieldSpec:
    """Describes one field of an example: a row of `FIELDS`.

    Attributes:
      task_type: the task type that the field belongs to.
      name: its key in examples and records.
      geometry: how its values belong to the image.
      values: describes the numbers of a real map; None for other geometries.
    """

    task_type: str
    name: str
    geometry: Geometry
    values: RealValues | None = None

    def feature(self, dataset: Dataset) -> tfds.features.FeatureConnector:
        """Returns the TFDS feature that the field is stored as."""
        if self.geometry is Geometry.LABEL:
            return tfds.features.Tensor(shape=(), dtype=np.int64)
        if self.is_map:
            return tfds.features.Image(shape=(None, None, 1), dtype=self.stored_dtype(dataset))
        shape, dtype = self._entry(dataset)
        return tfds.features.Tensor(shape=(None, *shape), dtype=dtype)

    @property
    def is_map(self) -> bool:
        """Tells whether the field has a value per pixel, and is stored as a PNG file."""
        return self.geometry in (Geometry.CLASS_MAP, Geometry.REAL_MAP)

    @property
    def is_per_object(self) -> bool:
        """Tells whether the field has an entry per object."""
        return self.geometry is not Geometry.LABEL and not self.is_map

    def stored_dtype(self, dataset: Dataset) -> np.dtype:
        """Returns the type of the pixels that a map is stored as."""
        if self.geometry is Geometry.CLASS_MAP:
            return mask_dtype(dataset, self.task_type)
        return np.dtype(np.uint16)

    def step(self, dataset: Dataset) -> float:
        """Returns the size of one stored step of a real map."""
        return self.values.step(dataset)

    def encode(self, value: Any, dataset: Dataset) -> Any:
        """Turns a field's value, None if it is missing, into what `feature` stores."""
        if value is None:
            value = self._absent(dataset)
        if self.geometry is Geometry.CLASS_MAP:
            dtype = mask_dtype(dataset, self.task_type)
            ignored = value == IGNORE.get(value.dtype)
            wide = value.astype(dtype)  # NumPy 2 would cut the label to the mask's type.
            return compression.to_png(np.where(ignored, dtype.type(IGNORE[dtype]), wide))
        if self.geometry is Geometry.REAL_MAP:
            steps = np.rint(np.nan_to_num(value) / self.step(dataset))
            return compression.to_png(steps.clip(0, MAX_STEP).astype(np.uint16))
        return value

    def decode(self, stored: Any, dataset: Dataset) -> Any:
        """Turns a decoded record's value, a map as [H, W, 1], back into what was encoded."""
        if self.geometry is Geometry.CLASS_MAP:
            return stored[..., 0]
        if self.geometry is Geometry.REAL_MAP:
            return stored[..., 0].astype(np.float32) * np.float32(self.step(dataset))
        return stored

    def _absent(self, dataset: Dataset) -> Any:
        """Returns the value that records store for a missing annotation."""
        if self.geometry is Geometry.LABEL:
            return -1
        if self.is_map:
            return np.zeros((1, 1), np.uint8)
        shape, dtype = self._entry(dataset)
        return np.zeros((0, *shape), dtype)

    def _entry(self, dataset: Dataset) -> tuple[tuple[int, ...], type]:
        """Returns the shape and type of an object's entry."""
        return {
            Geometry.BOXES: ((4,), np.float32),
            Geometry.POINTS: ((dataset.classes[self.task_type], 3), np.float32),
            Geometry.OBJECT_LABELS: ((), np.int64),
            Geometry.OBJECT_AREAS: ((), np.float32),
            Geometry.OBJECT_CROWDS: ((), np.bool_),
        }[self.geometry]


def mask_dtype(dataset: Dataset, task_type: str = "segmentation") -> np.dtype:
    """Returns uint8 while the classes and the ignore label fit into it, else uint16."""
    return np.dtype(np.uint8 if dataset.classes[task_type] <= 255 else np.uint16)


def depth_unit(dataset: Dataset) -> float:
    """Returns the meters in one step of stored depth: 1 mm, or 1 cm for ranges beyond 65 m."""
    farthest = dataset.depth_range[1] if dataset.depth_range else 0
    return 0.001 if farthest <= 65.535 else 0.01


_METERS = RealValues(
    quantity="meters",
    symbol="m",
    step=depth_unit,
    limits=lambda dataset: dataset.depth_range,
    divided_by_zoom=True,
)
# A row for each field. The first field of a task type is its main one.
FIELDS = (
    FieldSpec("classification", "label", Geometry.LABEL),
    FieldSpec("segmentation", "mask", Geometry.CLASS_MAP),
    FieldSpec("detection", "boxes", Geometry.BOXES),
    FieldSpec("detection", "box_labels", Geometry.OBJECT_LABELS),
    FieldSpec("detection", "box_areas", Geometry.OBJECT_AREAS),
    FieldSpec("detection", "box_crowds", Geometry.OBJECT_CROWDS),
    FieldSpec("keypoints", "keypoints", Geometry.POINTS),
    FieldSpec("keypoints", "keypoint_boxes", Geometry.BOXES),
    FieldSpec("keypoints", "keypoint_areas", Geometry.OBJECT_AREAS),
    FieldSpec("keypoints", "keypoint_crowds", Geometry.OBJECT_CROWDS),
    FieldSpec("depth", "depth", Geometry.REAL_MAP, _METERS),
)


def fields_of(task_type: str) -> tuple[FieldSpec, ...]:
    """Returns the fields of a task type, the main field first."""
    return tuple(field for field in FIELDS if field.task_type == task_type)


def find_field(task_type: str, geometry: Geometry) -> FieldSpec | None:
    """Returns the first field of a task type that has a geometry; None if none has."""
    return next((field for field in fields_of(task_type) if field.geometry is geometry), None)


def known_task_types() -> tuple[str, ...]:
    """Returns the task types of the table, each once, in its order."""
    return tuple(dict.fromkeys(field.task_type for field in FIELDS))


def annotated_task_types(example: Mapping[str, Any]) -> list[str]:
    """Returns the task types that an example has all annotations for, in the table's order."""
    return [
        task_type
        for task_type in known_task_types()
        if all(field.name in example for field in fields_of(task_type))
    ]


def record_features(
    dataset: Dataset, task_types: Iterable[str] | None = None
) -> tfds.features.FeaturesDict:
    """Returns the TFDS features of a dataset's records, or those that some task types need.

    Every record also has `size`, the (height, width) of the image, and `annotated`, the task
    types that it has annotations for, separated by spaces. A real map is stored as uint16
    steps. An absent annotation is stored as -1, an empty array or a 1 x 1 picture.
    """
    features = {
        "id": tfds.features.Text(),
        "image": tfds.features.Image(shape=(None, None, 3)),
        "size": tfds.features.Tensor(shape=(2,), dtype=np.int64),
        "annotated": tfds.features.Text(),
    }
    for task_type in dataset.classes if task_types is None else task_types:
        for field in fields_of(task_type):
            features[field.name] = field.feature(dataset)
    return tfds.features.FeaturesDict(features)


def encode_example(example: Example, dataset: Dataset, size: tuple[int, int]) -> Example:
    """Turns an example of a reader into what `record_features` stores.

    Args:
      size: (height, width) of the image; the caller has checked it against the image.
    """
    image = example["image"]
    if isinstance(image, np.ndarray):
        image = compression.to_jpeg(image)
    annotated = annotated_task_types(example)
    stored = {"id": example["id"], "image": image, "size": np.asarray(size, np.int64)}
    stored["annotated"] = " ".join(annotated)
    for task_type in dataset.classes:
        for field in fields_of(task_type):
            value = example[field.name] if task_type in annotated else None
            stored[field.name] = field.encode(value, dataset)
    return stored


def decode_example(record: Mapping[str, Any], dataset: Dataset) -> Example:
    """Turns a record, deserialized to NumPy, back into an example.

    Returns:
      The fields that the record is annotated for, and `size`, (height, width).
    """
    example = {"id": record["id"].decode(), "image": record["image"]}
    example["size"] = tuple(record["size"].tolist())
    for task_type in record["annotated"].decode().split():
        for field in fields_of(task_type):
            example[field.name] = field.decode(record[field.name], dataset)
    return example
