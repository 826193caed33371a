"""Reads raw folders in the formats of own data (one module each) and parts of published ones."""

from foi_tf.data.convert.readers import (
    coco,
    coco_masks,
    cvat,
    depth,
    folders,
    labelme,
    masks,
    voc,
    yolo,
    yolo_masks,
)

# Values of --format; each function takes a raw folder and returns a `reader_result.ReaderResult`.
FORMATS = {
    "coco": coco.read_folder,
    "coco_masks": coco_masks.read_folder,
    "voc": voc.read_folder,
    "yolo": yolo.read_folder,
    "yolo_masks": yolo_masks.read_folder,
    "labelme": labelme.read_folder,
    "labelme_masks": labelme.read_masks_folder,
    "cvat": cvat.read_folder,
    "cvat_masks": cvat.read_masks_folder,
    "masks": masks.read_folder,
    "binary_masks": masks.read_binary_folder,
    "depth": depth.read_folder,
    "folders": folders.read_folder,
}
