"""Lists the classes of the indoor datasets: those of NYU Depth v2 that label images of rooms.

The words and their order are those of the authors' own metadata of these datasets
(google-research/factors_of_influence), which are the publishers'.
"""

_NYU37 = (
    "wall", "floor", "cabinet", "bed", "chair", "sofa", "table", "door", "window", "bookshelf",
    "picture", "counter", "blinds", "desk", "shelves", "curtain", "dresser", "pillow", "mirror",
    "floor mat", "clothes", "ceiling", "books", "refridgerator", "television", "paper", "towel",
    "shower curtain", "box", "whiteboard", "person", "night stand", "toilet", "sink", "lamp",
    "bathtub", "bag",
)  # fmt: skip

NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "sunrgbd": {"segmentation": _NYU37},
    # Table 1 counts unlabeled pixels, id 0, as a class.
    "scannet": {
        "segmentation": ("unlabeled", *_NYU37, "otherstructure", "otherfurniture", "otherprop")
    },
}

IGNORED = {"sunrgbd": ("unlabeled",), "scannet": ("unlabeled",)}
