"""The tiny raw trees, one module for a dataset.

Each has `write(root)`, which writes the tree in its publisher's layout and returns, by
split and id, the fields of `schema` that are to be read back; and `SPOILS`: by the error
that is to be raised (a regular expression), what spoils such a tree.
"""

from tests.data.layouts import (
    ade,
    bdd,
    camvid,
    city,
    coco,
    dogs,
    idd,
    ilsvrc,
    isaid,
    isprs,
    kitti,
    mapillary,
    mpii,
    pcontext,
    pvoc,
    scannet,
    suim,
    sunrgbd,
    uwt,
    vgallery,
    vkitti2,
)

TREES = {
    "pcontext": pcontext,
    "pvoc": pvoc,
    "mpii": mpii,
    "ade": ade,
    "coco": coco,
    "kitti": kitti,
    "camvid": camvid,
    "city": city,
    "idd": idd,
    "bdd": bdd,
    "mapillary": mapillary,
    "isprs": isprs,
    "isaid": isaid,
    "sunrgbd": sunrgbd,
    "scannet": scannet,
    "suim": suim,
    "uwt": uwt,
    "dogs": dogs,
    "vkitti2": vkitti2,
    "vgallery": vgallery,
    "ilsvrc": ilsvrc,
}
