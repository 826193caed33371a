"""Reads raw folders in the formats of own data (one module each) and parts of published ones."""

from foi_tf.data.convert.readers import coco, depth, folders, masks, voc, yolo

# Values of --format; each function takes a raw folder and returns a `reader_result.ReaderResult`.
FORMATS = {
    "coco": coco.read_folder,
    "voc": voc.read_folder,
    "yolo": yolo.read_folder,
    "masks": masks.read_folder,
    "depth": depth.read_folder,
    "folders": folders.read_folder,
}
