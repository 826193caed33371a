"""Raw layouts to examples: one small module per format."""

from foi_tf.data.convert.readers import coco, depth, folders, masks, voc, yolo

# What --format names; each reads a raw folder (epath.Path) into a `raw_files.Raw`.
FORMATS = {
    "coco": coco.read,
    "voc": voc.read,
    "yolo": yolo.read,
    "masks": masks.read,
    "depth": depth.read,
    "folders": folders.read,
}
