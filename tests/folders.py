"""A raw folder of one's own, in the layouts that --format reads: coloured rectangles."""

import json

import cv2
import numpy as np

CLASSES = ("ground", "brick", "leaf")
COLOURS = np.asarray([(90, 90, 90), (200, 60, 40), (40, 180, 60)], np.uint8)


def write(root, *, train=8, val=4, size=(48, 64), masks=True, boxes=True, seed=0):
    """Writes images/, masks/ with classes.json, and annotations/; returns the root."""
    rng = np.random.default_rng(seed)
    for split, count in (("train", train), ("val", val)):
        images, annotations = [], []
        for index in range(count):
            mask, rectangles = draw(rng, size)
            name = f"{split}/{index:03d}"
            save(root / "images" / f"{name}.jpg", shade(mask, rng)[..., ::-1])
            if masks:
                save(root / "masks" / f"{name}.png", mask)
            images.append({"id": index, "file_name": f"{name}.jpg"})
            annotations += [
                {"id": len(annotations) + n, "image_id": index, "category_id": 10 * label,
                 "bbox": [x, y, w, h], "area": w * h, "iscrowd": 0}
                for n, (label, y, x, h, w) in enumerate(rectangles)
            ]  # fmt: skip
        if boxes and count:
            categories = [{"id": 10 * i, "name": CLASSES[i]} for i in (1, 2)]
            content = {"images": images, "annotations": annotations, "categories": categories}
            path = root / "annotations" / f"{split}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content))
    if masks:
        (root / "classes.json").write_text(json.dumps({"classes": CLASSES}))
    return root


def draw(rng, size):
    """A mask [H, W] and its rectangles (class, y, x, height, width), which do not overlap."""
    mask = np.zeros(size, np.uint8)
    rectangles = []
    for label, left in ((1, 0), (2, size[1] // 2)):
        h, w = (int(rng.integers(side // 4, side // 2)) for side in (size[0], size[1] // 2))
        y, x = int(rng.integers(0, size[0] - h)), left + int(rng.integers(0, size[1] // 2 - w))
        mask[y : y + h, x : x + w] = label
        rectangles.append((label, y, x, h, w))
    return mask, rectangles


def shade(mask, rng):
    """Colours the classes and adds noise."""
    noise = rng.normal(0, 8, (*mask.shape, 3))
    return np.clip(COLOURS[mask] + noise, 0, 255).astype(np.uint8)


def save(path, pixels):
    """Writes an image file (BGR, or one channel)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
