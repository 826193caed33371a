"""Draws annotations over their images, for people to look at."""

import cv2
import numpy as np

from foi_tf.data.inspect.contact_sheet import Tile, resize_to_height
from foi_tf.data.inspect.palette import Color, class_color
from foi_tf.data.records import schema
from foi_tf.data.records.schema import FieldSpec, Geometry
from foi_tf.study.dataset import Dataset

_BLEND = 0.55  # Share of a class's color in the pixels of a mask.
_FAINT, _YELLOW = (120, 120, 120), (255, 255, 0)  # Boxes of crowds, and boxes without a class.
_MAX_NAMED = 8  # Boxes up to which their names are written; more would hide the image.


def draw_tiles(
    example: schema.Example,
    dataset: Dataset,
    height: int,
    limits: tuple[float, float] | None = None,
) -> list[Tile]:
    """Draws the image with its objects, and a tile for each map.

    Args:
      example: as `read_examples` yields it.
      height: of the tiles, in pixels.
      limits: smallest and largest number that colors of real maps tell apart; None takes those
        of each map.
    """
    image = resize_to_height(np.ascontiguousarray(example["image"]), height)
    fields = [field for field in schema.FIELDS if field.name in example]
    tiles = [Tile(_draw_objects(image, example, fields, dataset), _caption(example, dataset))]
    for field in fields:
        if field.geometry is Geometry.CLASS_MAP:
            drawn = _draw_class_map(image, example[field.name], field, dataset)
            tiles.append(Tile(drawn, field.task_type))
        elif field.geometry is Geometry.REAL_MAP:
            numbers = example[field.name]
            known = numbers[numbers > 0]
            span = f"{known.min():.2f} - {known.max():.2f}" if known.size else "no"
            drawn = _draw_real_map(numbers, image.shape[:2], limits or find_limits(numbers))
            tiles.append(Tile(drawn, f"{span} {field.values.symbol}"))
    return tiles


def _caption(example: schema.Example, dataset: Dataset) -> str:
    """Returns the example's id and the names of its labels."""
    captions = []
    for field in schema.FIELDS:
        if field.geometry is Geometry.LABEL and field.name in example:
            names, label = dataset.names.get(field.task_type), int(example[field.name])
            captions.append(names[label] if names else str(label))
    return ": ".join([example["id"], *captions])


def _draw_objects(
    image: np.ndarray, example: schema.Example, fields: list[FieldSpec], dataset: Dataset
) -> np.ndarray:
    """Draws boxes and points on a copy of the image.

    The boxes of points are drawn only where the image has no boxes with classes.
    """
    image = image.copy()
    scale = np.asarray(image.shape[:2]) / example["size"]
    boxes = [field for field in fields if field.geometry is Geometry.BOXES]
    with_classes = [
        field for field in boxes if schema.find_field(field.task_type, Geometry.OBJECT_LABELS)
    ]
    for field in with_classes or boxes:
        _draw_boxes(image, example, field, scale, dataset)
    for field in fields:
        if field.geometry is Geometry.POINTS:
            _draw_points(image, example[field.name], scale)
    return image


def _draw_boxes(
    image: np.ndarray,
    example: schema.Example,
    field: FieldSpec,
    scale: np.ndarray,
    dataset: Dataset,
) -> None:
    boxes = example[field.name]
    labels = schema.find_field(field.task_type, Geometry.OBJECT_LABELS)
    crowds = example[schema.find_field(field.task_type, Geometry.OBJECT_CROWDS).name]
    names = dataset.names.get(field.task_type)
    for index, (box, crowd) in enumerate(zip(boxes, crowds, strict=True)):
        color, text = _YELLOW, ""
        if labels:
            label = example[labels.name][index]
            color = class_color(int(label))
            if not crowd and len(boxes) <= _MAX_NAMED:
                text = names[label] if names else str(label)
        _draw_box(image, box, scale, _FAINT if crowd else color, text)


def _draw_box(image: np.ndarray, box, scale: np.ndarray, color: Color, text: str) -> None:
    ymin, xmin, ymax, xmax = (round(float(side)) for side in box * np.tile(scale, 2))
    cv2.rectangle(image, (xmin, ymin), (xmax - 1, ymax - 1), color, 1)
    if text:
        place = (xmin + 1, max(8, ymin - 2))
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_PLAIN, 0.7, (0, 0, 0), 2, cv2.LINE_AA)
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_PLAIN, 0.7, color, 1, cv2.LINE_AA)


def _draw_points(image: np.ndarray, objects: np.ndarray, scale: np.ndarray) -> None:
    """Draws visible points as discs and occluded ones as rings."""
    for points in objects:
        for index, (y, x, visibility) in enumerate(points):
            if visibility:
                place = round(float(x * scale[1])), round(float(y * scale[0]))
                thickness = cv2.FILLED if visibility == 2 else 1
                cv2.circle(image, place, 3, class_color(index), thickness, cv2.LINE_AA)


def _draw_class_map(
    image: np.ndarray, mask: np.ndarray, field: FieldSpec, dataset: Dataset
) -> np.ndarray:
    """Blends the colors of a mask with the image; ignored pixels do not change."""
    size = image.shape[1::-1]
    mask = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
    classes = dataset.classes[field.task_type]
    palette = np.asarray([class_color(index) for index in range(classes)])
    known = mask != schema.IGNORE[mask.dtype]
    shown = image.astype(np.float32)
    shown[known] = (1 - _BLEND) * shown[known] + _BLEND * palette[mask[known]]
    return shown.astype(np.uint8)


def find_limits(numbers: np.ndarray) -> tuple[float, float]:
    """Finds the range of the known numbers of a real map, without the outermost per cent."""
    known = numbers[numbers > 0]
    near, far = np.percentile(known, (1, 99)) if known.size else (0, 1)
    return float(near), float(far)


def _draw_real_map(
    numbers: np.ndarray, size: tuple[int, int], limits: tuple[float, float]
) -> np.ndarray:
    """Draws small numbers (near) in yellow, large ones (far) in violet, unknown ones in black."""
    numbers = cv2.resize(numbers, size[::-1], interpolation=cv2.INTER_NEAREST)
    near, far = limits
    level = np.clip((far - numbers) / max(far - near, 1e-3), 0, 1)
    shown = cv2.applyColorMap((level * 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS)[..., ::-1]
    return np.where((numbers > 0)[..., None], shown, np.uint8(0))
