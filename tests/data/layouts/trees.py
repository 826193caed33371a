"""The tiny raw trees, one module for a dataset.

Each has `write(root)`, which writes the tree in its publisher's layout and returns, by
split and id, the fields of `schema` that are to be read back; and `SPOILS`: by the error
that is to be raised (a regular expression), what spoils such a tree.
"""

from tests.data.layouts import (
    ade,
    camvid,
    coco,
    dogs,
    ilsvrc,
    mpii,
    pcontext,
    pvoc,
    scannet,
    sunrgbd,
)

TREES = {
    "pcontext": pcontext,
    "pvoc": pvoc,
    "mpii": mpii,
    "ade": ade,
    "coco": coco,
    "camvid": camvid,
    "sunrgbd": sunrgbd,
    "scannet": scannet,
    "dogs": dogs,
    "ilsvrc": ilsvrc,
}
