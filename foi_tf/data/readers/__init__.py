"""Raw layouts to examples: one small module per format."""

from foi_tf.data.readers import coco, masks

# What --format names; each reads a raw folder (epath.Path) into a `raw.Raw`.
FORMATS = {"coco": coco.read, "masks": masks.read}
