"""Maps the kinds of things in the rendered world to each dataset's classes, in its order.

As in the real datasets, some merge kinds that others tell apart, and some leave kinds out (the
ignore label). A label map is {class name: kinds of things}.
"""

from collections.abc import Mapping

import numpy as np

from foi_tf.miniworld.vocabulary import IGNORE, KIND_IDS, KINDS

LabelMap = Mapping[str, tuple[str, ...]]


def _same(*names: str) -> dict[str, tuple[str, ...]]:
    """Returns the map of classes that have the same name as their kind."""
    return {name: (name,) for name in names}


_PEDESTRIANS = ("person", "rider")
_FLAT = ("road", "lane marking", "crosswalk", "parking")
_GREEN = ("tree", "bush")

SEGMENTATION: dict[str, LabelMap] = {
    "pcontext": {
        "sky": ("sky",), "grass": ("grass", "field"), "ground": ("soil", "sand"),
        "tree": _GREEN, "mountain": ("mountain", "rock"), "water": ("water",),
        "road": ("road", "lane marking", "crosswalk", "parking"), "sidewalk": ("pavement",),
        "building": ("building",), "wall": ("room wall", "wall"), "fence": ("fence",),
        "floor": ("floor", "rug"), "ceiling": ("ceiling",), "window": ("window", "curtain"),
        "door": ("door",), "table": ("table",), "chair": ("chair",), "sofa": ("sofa", "pillow"),
        "bed": ("bed",), "shelves": ("shelf", "cabinet"), "person": _PEDESTRIANS,
        "car": ("car", "van"), "bus": ("bus",), "truck": ("truck",), "bicycle": ("bicycle",),
        "motorbike": ("motorcycle",), "boat": ("boat",), "dog": ("dog",), "cat": ("cat",),
        "horse": ("horse",), "cow": ("cow",), "sheep": ("sheep",), "bird": ("bird",),
        "potted plant": ("potted plant",), "bottle": ("bottle",), "sign": ("traffic sign",),
    },
    "pvoc": {
        **_same("bicycle", "bird", "boat", "bottle", "bus"), "car": ("car", "van"),
        **_same("cat", "chair", "cow"), "dining table": ("table",), **_same("dog", "horse"),
        "motorbike": ("motorcycle",), "person": _PEDESTRIANS,
        **_same("potted plant", "sheep", "sofa"), "tv monitor": ("television",),
    },
    "ade": {
        "wall": ("room wall",), **_same("building", "sky", "floor", "tree", "ceiling"),
        **_same("road", "bed"), "windowpane": ("window",), **_same("grass", "cabinet"),
        "sidewalk": ("pavement", "crosswalk"), "person": _PEDESTRIANS, "earth": ("soil",),
        **_same("door", "table", "mountain"), "plant": ("potted plant", "bush"),
        **_same("curtain", "chair", "car", "water"), "painting": ("picture",),
        **_same("sofa", "shelf", "mirror", "rug", "field", "fence", "rock", "lamp"),
        "cushion": ("pillow",), **_same("sand", "truck", "bus"), "boat": ("boat", "ship"),
        "signboard": ("billboard", "traffic sign"), "streetlight": ("street lamp",),
        "television": ("television",), "pole": ("pole",), **_same("bicycle", "van", "bench"),
        "minibike": ("motorcycle",), "animal": ("dog", "cat", "horse", "cow", "sheep", "bird"),
        **_same("ball", "bottle"), "traffic light": ("traffic light",), "bridge": ("bridge",),
        "ashcan": ("bin",), "outdoor wall": ("wall",), "vase": ("cup",),
    },
    "coco": {
        "person": _PEDESTRIANS, **_same("bicycle"), "car": ("car", "van"),
        **_same("motorcycle", "bus", "truck", "boat", "traffic light"),
        "stop sign": ("traffic sign",), **_same("bench", "bird", "cat", "dog", "horse", "sheep"),
        **_same("cow", "umbrella", "kite"), "sports ball": ("ball",),
        **_same("surfboard", "bottle", "cup", "chair"), "couch": ("sofa",),
        **_same("potted plant", "bed"), "dining table": ("table",), "tv": ("television",),
        "banner": ("billboard",), **_same("bridge", "cabinet", "ceiling"),
        "curtain": ("curtain",), "dirt": ("soil",), "door": ("door",), "fence": ("fence",),
        "floor": ("floor",), "grass": ("grass",), "house": ("building",),
        "light": ("lamp", "street lamp"),
        "mirror": ("mirror",), "mountain": ("mountain",), "net": ("goal",),
        "pavement": ("pavement",), "picture": ("picture",), "pillow": ("pillow",),
        "playing field": ("field",), "road": _FLAT, "rock": ("rock",), "rug": ("rug",),
        "sand": ("sand",), "shelf": ("shelf",), "sky": ("sky",), "tree": _GREEN,
        "wall": ("room wall", "wall"), "water": ("water",), "window": ("window",),
    },
    "kitti": {
        "road": _FLAT, "sidewalk": ("pavement",), "building": ("building",), "wall": ("wall",),
        "fence": ("fence",), "pole": ("pole", "street lamp"), "traffic light": ("traffic light",),
        "traffic sign": ("traffic sign",), "vegetation": _GREEN, "terrain": ("grass",),
        "sky": ("sky",), "person": ("person",), "car": ("car", "van"), "truck": ("truck",),
        "bicycle": ("bicycle", "rider"),
    },
    "camvid": {
        **_same("sky", "building"), "column pole": ("pole", "street lamp"), **_same("road"),
        "lane markings": ("lane marking", "crosswalk"), "sidewalk": ("pavement",),
        **_same("tree"), "vegetation misc": ("bush", "grass"),
        "sign symbol": ("traffic sign", "billboard"), "traffic light": ("traffic light",),
        **_same("fence", "wall", "car"), "truck bus": ("truck", "bus", "van"),
        "pedestrian": ("person",), "bicyclist": ("rider", "bicycle"), "parking": ("parking",),
    },
    "city": {
        "road": ("road", "lane marking", "crosswalk"), "sidewalk": ("pavement",),
        **_same("parking", "building", "wall", "fence", "bridge"),
        "pole": ("pole", "street lamp"), **_same("traffic light", "traffic sign"),
        "vegetation": _GREEN, "terrain": ("grass", "soil"),
        **_same("sky", "person", "rider", "car", "van", "truck", "bus", "motorcycle", "bicycle"),
    },
    "idd": {
        "road": ("road", "crosswalk", "lane marking"), "drivable fallback": ("soil", "parking"),
        "sidewalk": ("pavement",), "non-drivable fallback": ("grass",), "person": ("person",),
        "animal": ("cow", "dog"), **_same("rider", "motorcycle", "bicycle", "autorickshaw", "car"),
        **_same("truck", "bus", "wall", "fence", "billboard", "traffic sign", "traffic light"),
        "pole": ("pole", "street lamp"), "obs-str-bar-fallback": ("bench", "bin"),
        **_same("building", "bridge"), "vegetation": _GREEN, "sky": ("sky",), "van": ("van",),
    },
    "bdd": {
        "road": _FLAT, "sidewalk": ("pavement",), **_same("building", "wall", "fence"),
        "pole": ("pole", "street lamp"), **_same("traffic light", "traffic sign"),
        "vegetation": _GREEN, "terrain": ("grass", "soil"), **_same("sky", "person", "rider"),
        "car": ("car", "van"), **_same("truck", "bus", "motorcycle", "bicycle"),
    },
    "mapillary": {
        "animal": ("dog", "cow"), "fence": ("fence",), "wall": ("wall",),
        **_same("crosswalk", "parking", "road", "bridge", "building", "person", "rider"),
        "sidewalk": ("pavement",), "lane marking": ("lane marking",), **_same("mountain", "sky"),
        "terrain": ("soil", "grass"), "vegetation": _GREEN, **_same("bench", "billboard"),
        "street light": ("street lamp",), **_same("pole", "traffic light", "traffic sign"),
        "trash can": ("bin",), **_same("bicycle", "bus", "car", "van", "motorcycle", "truck"),
        "other vehicle": ("autorickshaw",), "ego vehicle": ("ego vehicle",),
    },
    "isprs": {
        "impervious surfaces": ("road", "pavement", "parking", "lane marking"),
        "building": ("roof",), "low vegetation": ("grass", "bush", "roundabout"),
        "tree": ("tree",), "car": ("car", "truck"),
    },
    "isaid": {
        **_same("ship"), "storage tank": ("tank",), "tennis court": ("court",),
        "soccer field": ("field",), "large vehicle": ("truck",), "small vehicle": ("car",),
        "swimming pool": ("pool",), "roundabout": ("roundabout",), "plane": ("plane",),
        "harbor": ("pier",),
    },
    "sunrgbd": {
        "wall": ("room wall",), **_same("floor", "cabinet", "bed", "chair", "sofa", "table"),
        **_same("door", "window"), "bookshelf": ("shelf",), **_same("picture", "curtain"),
        "pillow": ("pillow",), "mirror": ("mirror",), "floor mat": ("rug",), **_same("ceiling"),
        "tv": ("television",), "lamp": ("lamp",), "person": ("person",),
        "other": ("potted plant", "cup", "bottle", "dog", "cat"),
    },
    "scannet": {
        "wall": ("room wall",), "floor": ("floor",), "furniture": ("cabinet",),
        **_same("bed", "chair", "sofa", "table", "door", "window"), "bookshelf": ("shelf",),
        "picture": ("picture",), "curtain": ("curtain",), "rug": ("rug",), "ceiling": ("ceiling",),
        "television": ("television",), **_same("lamp", "mirror", "pillow", "potted plant"),
        "cup": ("cup",), "bottle": ("bottle",), "person": ("person",), "sculpture": ("sculpture",),
        "pet": ("dog", "cat"),
    },
    "suim": {  # Water is ignored, as in SUIM.
        "human divers": ("diver",), "plants": ("seaweed",),
        "wrecks": ("wreck",), "robots": ("robot",), "reefs": ("coral",),
        "fish": ("fish",), "sea floor": ("sand", "rock"),
    },
    "vkitti2": {
        "terrain": ("grass", "soil"), "sky": ("sky", "mountain"), "tree": _GREEN,
        "building": ("building", "wall"), "road": (*_FLAT, "pavement"), "guard rail": ("fence",),
        "pole": ("pole", "traffic sign", "traffic light", "street lamp"),
        "truck": ("truck", "van", "bus"), "car": ("car",),
    },
    "vgallery": {
        "floor": ("floor", "rug"), "ceiling": ("ceiling",), "wall": ("room wall",),
        "window": ("window", "curtain"), "door": ("door",), "picture": ("picture", "mirror"),
        "sculpture": ("sculpture",), "furniture": ("chair", "potted plant", "lamp"),
    },
}  # fmt: skip
DETECTION: dict[str, LabelMap] = {
    "pvoc": SEGMENTATION["pvoc"],
    "coco": dict(list(SEGMENTATION["coco"].items())[:28]),
    "bdd": {
        "pedestrian": ("person",), **_same("rider"), "car": ("car", "van"),
        **_same("truck", "bus", "motorcycle", "bicycle", "traffic light", "traffic sign"),
    },
    "uwt": {"plastic": ("plastic", "bottle"), "bio": ("bio", "fish"), "rov": ("robot",)},
}  # fmt: skip


def make_label_table(labels: LabelMap) -> np.ndarray:
    """Returns the class id of each kind: uint8 [kinds], 255 for kinds without a class."""
    lookup = np.full(len(KINDS), IGNORE, np.uint8)
    for number, kinds in enumerate(labels.values()):
        for kind in kinds:
            lookup[KIND_IDS[kind]] = number
    return lookup
