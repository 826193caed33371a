"""Draws annotations over their images, for people to look at."""

import colorsys

import cv2
import numpy as np

from foi_tf.data.inspect.contact_sheet import Color, Tile, resize_to_height
from foi_tf.data.records import schema
from foi_tf.data.records.schema import FieldSpec, Geometry
from foi_tf.study.dataset import Dataset

_GOLDEN = 0.618034  # Golden ratio; it turns hues so that neighboring classes differ.
_BLEND = 0.55  # Share of a class's color in the pixels of a mask.
_FAINT, _YELLOW = (120, 120, 120), (255, 255, 0)  # Boxes of crowds, and boxes without a class.
_MAX_NAMED = 8  # Boxes up to which their names are written; more would hide the image.


def class_color(index: int) -> Color:
    """Returns the color of a class, the same in every picture."""
    lightness = (0.95, 0.75, 0.55)[index % 3]
    red, green, blue = colorsys.hsv_to_rgb(index * _GOLDEN % 1, 0.85, lightness)
    return round(red * 255), round(green * 255), round(blue * 255)


def draw_tiles(example: schema.Example, dataset: Dataset, height: int) -> list[Tile]:
    """Draws the image with its objects, and a tile for each map.

    Args:
      example: as `read_examples` yields it.
      height: of the tiles, in pixels.
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
            caption = f"{known.min():.2f} - {known.max():.2f} {field.values.symbol}"
            tiles.append(Tile(_draw_real_map(numbers, image.shape[:2]), caption))
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


def _draw_real_map(numbers: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Draws small numbers (near) in red, large ones (far) in blue, unknown ones in black."""
    numbers = cv2.resize(numbers, size[::-1], interpolation=cv2.INTER_NEAREST)
    known = numbers > 0
    near, far = np.percentile(numbers[known], (1, 99)) if known.any() else (0, 1)
    level = np.clip((far - numbers) / max(far - near, 1e-3), 0, 1)
    shown = cv2.applyColorMap((level * 255).astype(np.uint8), cv2.COLORMAP_TURBO)[..., ::-1]
    return np.where(known[..., None], shown, np.uint8(0))
