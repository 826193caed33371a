"""Annotations drawn over their images, for people to look at."""

import colorsys

import cv2
import numpy as np

from foi_tf.data.inspect.contact_sheet import Color, Tile, fit
from foi_tf.data.records import schema
from foi_tf.study.dataset import Dataset

_GOLDEN = 0.618034  # Turns hues so that neighboring classes differ.
_BLEND = 0.55  # Share of a mask's color.
_FAINT = (120, 120, 120)  # Crowds.
_NAMED = 8  # Boxes up to which their names are written; more would hide the image.


def color(index: int) -> Color:
    """A class's color, the same in every picture."""
    lightness = (0.95, 0.75, 0.55)[index % 3]
    red, green, blue = colorsys.hsv_to_rgb(index * _GOLDEN % 1, 0.85, lightness)
    return round(red * 255), round(green * 255), round(blue * 255)


def tiles(example: schema.Example, dataset: Dataset, height: int) -> list[Tile]:
    """The image with what is drawn on it, and a tile for each kind of map.

    Args:
      example: as `read_examples.read` yields it.
      height: of the tiles, in pixels.
    """
    image = fit(np.ascontiguousarray(example["image"]), height)
    found = [Tile(_objects(image.copy(), example, dataset), _caption(example, dataset))]
    if "mask" in example:
        found.append(Tile(_mask(image, example["mask"], dataset), "segmentation"))
    if "depth" in example:
        known = example["depth"][example["depth"] > 0]
        caption = f"{known.min():.2f} - {known.max():.2f} m"
        found.append(Tile(_depth(example["depth"], image.shape[:2]), caption))
    return found


def _caption(example: schema.Example, dataset: Dataset) -> str:
    if "label" not in example:
        return example["id"]
    names = dataset.names.get("classification")
    label = int(example["label"])
    return f"{example['id']}: {names[label] if names else label}"


def _objects(image: np.ndarray, example: schema.Example, dataset: Dataset) -> np.ndarray:
    scale = np.asarray(image.shape[:2]) / example["size"]
    if "boxes" in example:
        names = dataset.names.get("detection")
        rows = zip(example["boxes"], example["box_labels"], example["box_crowds"], strict=True)
        for box, label, crowd in rows:
            text = names[label] if names else str(label)
            if crowd or len(example["boxes"]) > _NAMED:
                text = ""
            _box(image, box, scale, _FAINT if crowd else color(int(label)), text)
    if "keypoints" in example:
        if "boxes" not in example:
            for box, crowd in zip(
                example["keypoint_boxes"], example["keypoint_crowds"], strict=True
            ):
                _box(image, box, scale, _FAINT if crowd else (255, 255, 0), "")
        for instance in example["keypoints"]:
            for index, (y, x, visibility) in enumerate(instance):
                if visibility:
                    place = round(float(x * scale[1])), round(float(y * scale[0]))
                    # Occluded ones are rings.
                    filled = cv2.FILLED if visibility == 2 else 1
                    cv2.circle(image, place, 3, color(index), filled, cv2.LINE_AA)
    return image


def _box(image: np.ndarray, box, scale: np.ndarray, shade: Color, text: str) -> None:
    ymin, xmin, ymax, xmax = (round(float(side)) for side in box * np.tile(scale, 2))
    cv2.rectangle(image, (xmin, ymin), (xmax - 1, ymax - 1), shade, 1)
    if text:
        place = (xmin + 1, max(8, ymin - 2))
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_PLAIN, 0.7, (0, 0, 0), 2, cv2.LINE_AA)
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_PLAIN, 0.7, shade, 1, cv2.LINE_AA)


def _mask(image: np.ndarray, mask: np.ndarray, dataset: Dataset) -> np.ndarray:
    """The mask's colors over a paler image; what is ignored stays as it is."""
    size = image.shape[1::-1]
    mask = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
    palette = np.asarray([color(index) for index in range(dataset.classes["segmentation"])])
    known = mask != schema.IGNORE[mask.dtype]
    shown = image.astype(np.float32)
    shown[known] = (1 - _BLEND) * shown[known] + _BLEND * palette[mask[known]]
    return shown.astype(np.uint8)


def _depth(depth: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Near is red, far is blue, unknown is black."""
    depth = cv2.resize(depth, size[::-1], interpolation=cv2.INTER_NEAREST)
    known = depth > 0
    near, far = np.percentile(depth[known], (1, 99)) if known.any() else (0, 1)
    level = np.clip((far - depth) / max(far - near, 1e-3), 0, 1)
    shown = cv2.applyColorMap((level * 255).astype(np.uint8), cv2.COLORMAP_TURBO)[..., ::-1]
    return np.where(known[..., None], shown, np.uint8(0))
