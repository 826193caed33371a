"""Writes raw folders in the layouts that --format reads; their images are colored rectangles."""

import json

import cv2
import numpy as np

CLASSES = ("ground", "brick", "leaf")
JOINTS = ("left_top", "right_top", "middle", "absent")
COLORS = np.asarray([(90, 90, 90), (200, 60, 40), (40, 180, 60)], np.uint8)


def write_folder(
    root,
    *,
    train=8,
    val=4,
    size=(48, 64),
    masks=True,
    boxes=True,
    keypoints=(),
    depth=False,
    seed=0,
):
    """Writes images/, masks/ with classes.json, annotations/ and depth/; returns the root.

    Args:
      keypoints: names of the classes whose categories have keypoints, namely `JOINTS`.
    """
    rng = np.random.default_rng(seed)
    for split, count in (("train", train), ("val", val)):
        images, annotations = [], []
        for index in range(count):
            mask, rectangles = draw_mask(rng, size)
            name = f"{split}/{index:03d}"
            save_image(root / "images" / f"{name}.jpg", shade_mask(mask, rng)[..., ::-1])
            if masks:
                save_image(root / "masks" / f"{name}.png", mask)
            if depth:
                save_image(root / "depth" / f"{name}.png", depth_of_classes(mask))
            images.append({"id": index, "file_name": f"{name}.jpg"})
            for label, y, x, h, w in rectangles:
                annotation = {
                    "id": len(annotations), "image_id": index, "category_id": 10 * label,
                    "bbox": [x, y, w, h], "area": w * h, "iscrowd": 0,
                }  # fmt: skip
                if CLASSES[label] in keypoints:
                    annotation["keypoints"] = coco_keypoints(y, x, h, w)
                annotations.append(annotation)
        if (boxes or keypoints) and count:
            categories = [{"id": 10 * i, "name": CLASSES[i]} for i in (1, 2)]
            for category in categories:
                if category["name"] in keypoints:
                    category |= {"keypoints": JOINTS, "flip_pairs": [[0, 1]]}
            content = {"images": images, "annotations": annotations, "categories": categories}
            path = root / "annotations" / f"{split}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content))
    if masks:
        (root / "classes.json").write_text(json.dumps({"classes": CLASSES}))
    return root


def write_voc(root, *, train=4, val=2, size=(48, 64), seed=0):
    """Writes the folders of a VOC devkit; returns the root and the rectangles by file stem."""
    rng = np.random.default_rng(seed)
    drawn = {}
    for split, count in (("train", train), ("val", val)):
        stems = [f"2007_{split}{index}" for index in range(count)]
        for stem in stems:
            mask, drawn[stem] = draw_mask(rng, size)
            save_image(root / "JPEGImages" / f"{stem}.jpg", shade_mask(mask, rng)[..., ::-1])
            write_text(root / "Annotations" / f"{stem}.xml", voc_xml(stem, drawn[stem]))
        if stems:
            write_text(root / "ImageSets/Main" / f"{split}.txt", "".join(f"{s}\n" for s in stems))
    return root, drawn


def write_yolo(root, *, train=4, val=2, size=(48, 64), pose=False, seed=0):
    """Writes images/, labels/ and data.yaml; returns the root and the rectangles by file stem."""
    rng = np.random.default_rng(seed)
    drawn = {}
    for split, count in (("train", train), ("val", val)):
        for index in range(count):
            stem = f"{split}/{index:03d}"
            mask, drawn[stem] = draw_mask(rng, size)
            save_image(root / "images" / f"{stem}.jpg", shade_mask(mask, rng)[..., ::-1])
            lines = [yolo_line(rectangle, size, pose) for rectangle in drawn[stem]]
            write_text(root / "labels" / f"{stem}.txt", "\n".join(lines))
    names = "".join(f"  {i}: {name}\n" for i, name in enumerate(CLASSES[1:]))
    shape = f"kpt_shape: [{len(JOINTS)}, 3]\nflip_idx: [1, 0, 2, 3]\n" if pose else ""
    write_text(root / "data.yaml", f"train: images/train\nval: images/val\nnames:\n{names}{shape}")
    return root, drawn


def yolo_line(rectangle, size, pose=False):
    """Formats a rectangle like YOLO: class, center and sides as shares of the image."""
    label, y, x, h, w = rectangle
    shares = [(x + w / 2) / size[1], (y + h / 2) / size[0], w / size[1], h / size[0]]
    if pose:
        marks = np.asarray(coco_keypoints(y, x, h, w)).reshape(-1, 3) / [size[1], size[0], 1]
        shares += marks.ravel().tolist()
    return " ".join([str(label - 1), *(f"{share:.6f}" for share in shares)])


def write_classes(root, *, train=4, val=2, size=(48, 64), seed=0):
    """Writes {split}/{class}/*.jpg, `train` and `val` images in total; classes take turns."""
    rng = np.random.default_rng(seed)
    for split, count in (("train", train), ("val", val)):
        for index in range(count):
            pixels = shade_mask(np.full(size, index % len(CLASSES), np.uint8), rng)
            label = CLASSES[index % len(CLASSES)]
            save_image(root / split / label / f"{index:03d}.jpg", pixels[..., ::-1])
    return root


def voc_xml(stem, rectangles):
    """Formats rectangles like VOC: corners count from 1, and the last pixel is included."""
    objects = "".join(
        f"<object><name>{CLASSES[label]}</name><difficult>0</difficult><bndbox><xmin>{x + 1}</xmin>"
        f"<ymin>{y + 1}</ymin><xmax>{x + w}</xmax><ymax>{y + h}</ymax></bndbox></object>"
        for label, y, x, h, w in rectangles
    )
    return f"<annotation><filename>{stem}.jpg</filename>{objects}</annotation>"


def coco_keypoints(y, x, h, w):
    """Lists the `JOINTS` of a rectangle like COCO; the last one is not labeled."""
    return [x, y, 2, x + w, y, 2, x + w / 2, y + h / 2, 1, 0, 0, 0]


def depth_of_classes(mask):
    """Returns a depth in millimeters for each class; it is unknown in the first column."""
    depth = np.asarray([4000, 1250, 2003], np.uint16)[mask]
    depth[:, 0] = 0
    return depth


def draw_mask(rng, size):
    """Draws a mask [H, W] of rectangles (class, y, x, height, width) that do not overlap."""
    mask = np.zeros(size, np.uint8)
    rectangles = []
    for label, left in ((1, 0), (2, size[1] // 2)):
        h, w = (int(rng.integers(side // 4, side // 2)) for side in (size[0], size[1] // 2))
        y, x = int(rng.integers(0, size[0] - h)), left + int(rng.integers(0, size[1] // 2 - w))
        mask[y : y + h, x : x + w] = label
        rectangles.append((label, y, x, h, w))
    return mask, rectangles


def shade_mask(mask, rng):
    """Colors the classes and adds noise."""
    noise = rng.normal(0, 8, (*mask.shape, 3))
    return np.clip(COLORS[mask] + noise, 0, 255).astype(np.uint8)


def write_text(path, text):
    """Writes a text file and creates its directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def save_image(path, pixels):
    """Writes an image file (BGR, or one channel)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
