"""Writes raw folders as annotation tools export them, from those of `raw_folders`."""

import json

import cv2
import numpy as np

from tests import raw_folders

SPLITS = ("train", "val")


def write_export(root, form):
    """Writes images/, masks/ and the objects of the masks in a format; returns the root."""
    raw_folders.write_folder(root)
    (root / "classes.json").write_text('{"classes": ["background", "brick", "leaf"]}')
    FORMS[form](root)
    return root


def read_objects(root, *, remove=True):
    """Returns (image's path, name of the class, corners) of each rectangle."""
    found = []
    for split in SPLITS:
        path = root / f"annotations/{split}.json"
        content = json.loads(path.read_text())
        for image in content["images"]:
            for one in content["annotations"]:
                if one["image_id"] == image["id"]:
                    name = raw_folders.CLASSES[one["category_id"] // 10]
                    found.append((image["file_name"], name, corners(one["bbox"])))
        if remove:
            path.unlink()
    return found


def corners(bbox):
    """Returns the corners (x, y) of a COCO box."""
    x, y, w, h = bbox
    return [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]


def edit_json(path, function):
    """Changes a JSON file by a function of its content."""
    content = json.loads(path.read_text())
    function(content)
    path.write_text(json.dumps(content))


def _write_coco(root):
    def outline(content):
        for one in content["annotations"]:
            one["segmentation"] = [[x for corner in corners(one["bbox"]) for x in corner]]

    for split in SPLITS:
        edit_json(root / f"annotations/{split}.json", outline)


def _write_yolo(root):
    raw_folders.write_text(root / "data.yaml", "names: [brick, leaf]\n")
    for image, name, points in read_objects(root):
        path = (root / "labels" / image).with_suffix(".txt")
        shares = " ".join(f"{x / 64} {y / 48}" for x, y in points)
        before = path.read_text() if path.exists() else ""
        label = raw_folders.CLASSES.index(name) - 1
        raw_folders.write_text(path, f"{before}{label} {shares}\n")


def _write_labelme(root):
    for image, name, points in read_objects(root):
        path = (root / "images" / image).with_suffix(".json")
        if not path.exists():
            file = image.rpartition("/")[2]
            path.write_text(json.dumps({"imagePath": file, "imageData": "QUJD", "shapes": []}))
        shape = {"label": name, "points": [points[0], points[2]], "shape_type": "rectangle"}
        edit_json(path, lambda content, shape=shape: content["shapes"].append(shape))


def _write_cvat(root):
    images = {}
    for image, name, points in read_objects(root):
        text = ";".join(f"{x:.1f},{y:.1f}" for x, y in points)
        shape = f'<polygon label="{name}" points="{text}" z_order="0" occluded="0"/>'
        images.setdefault(image, []).append(shape)
    labels = "".join(f"<label><name>{name}</name></label>" for name in ("brick", "leaf"))
    meta = f"<meta><project><labels>{labels}</labels></project></meta>"
    listed = "".join(
        f'<image id="{i}" name="{name}" width="64" height="48">{"".join(shapes)}</image>'
        for i, (name, shapes) in enumerate(images.items())
    )
    text = f"<annotations><version>1.1</version>{meta}{listed}</annotations>"
    raw_folders.write_text(root / "annotations.xml", text)


def _write_binary(root):
    read_objects(root)
    (root / "classes.json").unlink()
    for path in (root / "masks").rglob("*.png"):
        mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        cv2.imwrite(str(path), np.where(mask > 0, 255, 0).astype(np.uint8))


FORMS = {
    "coco_masks": _write_coco,
    "yolo_masks": _write_yolo,
    "labelme": _write_labelme,
    "labelme_masks": _write_labelme,
    "cvat": _write_cvat,
    "cvat_masks": _write_cvat,
    "binary_masks": _write_binary,
}
