"""The tiny raw trees, one module for a dataset.

Each has `write(root)`, which writes the tree in its publisher's layout and returns, by
split and id, the fields of `schema` that are to be read back; and `SPOILS`: by the error
that is to be raised (a regular expression), what spoils such a tree.
"""

from tests.data.layouts import (
    bdd,
    camvid,
    city,
    idd,
    isaid,
    isprs,
    kitti,
    mapillary,
    suim,
    uwt,
    vgallery,
    vkitti2,
)

TREES = {
    "kitti": kitti,
    "camvid": camvid,
    "city": city,
    "idd": idd,
    "bdd": bdd,
    "mapillary": mapillary,
    "isprs": isprs,
    "isaid": isaid,
    "suim": suim,
    "uwt": uwt,
    "vkitti2": vkitti2,
    "vgallery": vgallery,
}
