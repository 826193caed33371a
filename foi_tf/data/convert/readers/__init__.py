"""Raw layouts to examples: one small module per format."""

from foi_tf.data.convert.readers import coco, depth, folders, masks, voc, yolo

# What --format names; each reads a raw folder (epath.Path) into a `reader_result.ReaderResult`.
FORMATS = {
    "coco": coco.read_folder,
    "voc": voc.read_folder,
    "yolo": yolo.read_folder,
    "masks": masks.read_folder,
    "depth": depth.read_folder,
    "folders": folders.read_folder,
}
