"""Lists the ranges of scenes that each dataset shows. All numbers are ours.

Within a domain the broadest dataset contains the others, as in the paper: Mapillary Vistas was
made to cover the world's streets, COCO is the most diverse of the consumer datasets, ScanNet
is broader than SUN RGB-D, and iSAID is broader than ISPRS.
"""

import dataclasses

from foi_tf.miniworld.breeds import DOGS
from foi_tf.miniworld.variation import (
    AerialRanges,
    AnimalRanges,
    ConsumerRanges,
    LookRanges,
    Range,
    Ranges,
    RoomRanges,
    StreetRanges,
    UnderwaterRanges,
)

_vary = dataclasses.replace
_NONE = Range(0.0, 0.0)
_ONE = Range(1.0, 1.0)
_FLAT_SHADING = LookRanges(
    exposure=Range(0.97, 1.03), warmth=_NONE, contrast=_ONE, saturation=Range(1.1, 1.2),
    noise=_NONE, blur=_NONE, vignette=_NONE, texture=_NONE, gradient=_NONE,
    shadow=Range(0.3, 0.3), haze=Range(0.0, 0.001),
)  # fmt: skip

MAPILLARY = StreetRanges(
    look=LookRanges(
        exposure=Range(0.72, 1.2), warmth=Range(-0.6, 0.7), contrast=Range(0.8, 1.25),
        saturation=Range(0.5, 1.3), noise=Range(0.5, 6.0), blur=Range(0.0, 0.9),
        vignette=Range(0.0, 0.35), texture=Range(0.6, 1.5), gradient=Range(0.0, 0.3),
        shadow=Range(0.1, 0.55), haze=Range(0.001, 0.012),
    ),
    weather=("clear", "overcast", "dusk", "night", "rain", "fog", "dusty"),
    architecture=("gray", "brick", "warm", "suburb", "glass"),
    vehicles=(
        "car", "van", "truck", "bus", "motorcycle", "bicycle", "autorickshaw",
    ),
    ground=("grass", "soil", "pavement"),
    camera_height=Range(1.1, 3.2), focal=Range(0.8, 1.7), horizon=Range(0.3, 0.6),
    yaw=Range(-0.35, 0.35), roll=Range(-0.05, 0.05), road_width=Range(5.0, 14.0),
    pavement_width=Range(0.0, 4.0), setback=Range(0.0, 9.0), building_gap=Range(0.0, 14.0),
    storeys=Range(1.0, 14.0), traffic=Range(1.0, 9.0), people=Range(0.0, 8.0),
    furniture=Range(1.0, 7.0), trees=Range(0.0, 12.0), animals=Range(0.0, 1.5),
    own_car=Range(0.0, 0.7),
)  # fmt: skip

KITTI = _vary(
    MAPILLARY,
    look=LookRanges(
        exposure=Range(1.0, 1.16), warmth=Range(-0.1, 0.2), contrast=Range(1.1, 1.25),
        saturation=Range(0.95, 1.15), noise=Range(1.0, 2.5), blur=Range(0.0, 0.3),
        vignette=Range(0.0, 0.1), shadow=Range(0.4, 0.55), haze=Range(0.002, 0.005),
    ),
    weather=("clear",), architecture=("suburb",),
    vehicles=("car", "car", "van", "truck", "bicycle"), ground=("grass",),
    camera_height=Range(1.6, 1.7), focal=Range(0.95, 1.05),
    horizon=Range(0.45, 0.5), yaw=Range(-0.06, 0.06), roll=_NONE, road_width=Range(6.0, 9.0),
    pavement_width=Range(1.0, 2.5), setback=Range(2.0, 7.0), building_gap=Range(2.0, 10.0),
    storeys=Range(1.0, 2.0), traffic=Range(2.0, 6.0), people=Range(0.0, 2.5),
    furniture=Range(2.0, 5.0), trees=Range(4.0, 11.0), animals=_NONE, own_car=_NONE,
)  # fmt: skip

CAMVID = _vary(
    MAPILLARY,
    look=LookRanges(
        exposure=Range(0.84, 0.92), warmth=Range(-0.1, 0.0), contrast=Range(1.1, 1.16),
        saturation=Range(0.66, 0.74), noise=Range(2.5, 3.5), blur=Range(0.5, 0.65),
        vignette=Range(0.1, 0.18), texture=Range(0.9, 1.0), gradient=Range(0.0, 0.08),
        shadow=Range(0.25, 0.3), haze=Range(0.003, 0.005),
    ),
    weather=("overcast", "dusk"), architecture=("brick",),
    vehicles=("car", "car", "car", "van", "bus", "truck", "bicycle"), ground=("pavement", "grass"),
    camera_height=Range(1.4, 1.4), focal=Range(1.2, 1.2), horizon=Range(0.47, 0.48),
    yaw=Range(-0.02, 0.02), roll=_NONE, road_width=Range(7.0, 8.0), pavement_width=Range(2.0, 3.0),
    setback=Range(0.5, 3.0), building_gap=Range(0.0, 3.0), storeys=Range(2.0, 3.0),
    traffic=Range(3.0, 6.0), people=Range(1.0, 4.0), furniture=Range(3.0, 6.0),
    trees=Range(2.0, 5.0), animals=_NONE, own_car=_NONE,
)  # fmt: skip

CITY = _vary(
    MAPILLARY,
    look=LookRanges(
        exposure=Range(0.74, 0.86), warmth=Range(-0.25, -0.05), contrast=Range(0.95, 1.05),
        saturation=Range(0.55, 0.75), noise=Range(0.6, 1.4), blur=Range(0.0, 0.25),
        vignette=Range(0.0, 0.08), texture=Range(0.8, 1.0), gradient=Range(0.0, 0.1),
        shadow=Range(0.15, 0.3), haze=Range(0.003, 0.007),
    ),
    weather=("overcast", "overcast", "clear"), architecture=("gray",),
    vehicles=("car", "car", "car", "van", "truck", "bus", "bicycle", "motorcycle"),
    ground=("pavement", "grass"), camera_height=Range(1.2, 1.4), focal=Range(1.1, 1.15),
    horizon=Range(0.42, 0.47), yaw=Range(-0.08, 0.08), roll=_NONE, road_width=Range(7.0, 12.0),
    pavement_width=Range(2.0, 4.0), setback=Range(0.0, 3.0), building_gap=Range(0.0, 4.0),
    storeys=Range(3.0, 5.0), traffic=Range(3.0, 8.0), people=Range(2.0, 7.0),
    furniture=Range(3.0, 7.0), trees=Range(2.0, 8.0), animals=_NONE, own_car=Range(0.5, 0.7),
)  # fmt: skip

IDD = _vary(
    MAPILLARY,
    look=LookRanges(
        exposure=Range(0.95, 1.1), warmth=Range(0.2, 0.6), contrast=Range(0.85, 1.0),
        saturation=Range(0.75, 1.0), noise=Range(1.5, 3.5), blur=Range(0.1, 0.5),
        vignette=Range(0.0, 0.15), texture=Range(1.0, 1.5), gradient=Range(0.0, 0.2),
        shadow=Range(0.25, 0.45), haze=Range(0.006, 0.012),
    ),
    weather=("dusty", "clear", "dusty"), architecture=("warm",),
    vehicles=("motorcycle", "motorcycle", "autorickshaw", "autorickshaw", "car", "truck", "bus",
              "bicycle", "van"),
    ground=("soil", "soil", "grass"), camera_height=Range(1.3, 1.6), focal=Range(1.0, 1.2),
    horizon=Range(0.42, 0.5), yaw=Range(-0.1, 0.1), roll=Range(-0.01, 0.01),
    road_width=Range(6.0, 12.0), pavement_width=Range(0.0, 1.5), setback=Range(0.5, 5.0),
    building_gap=Range(0.0, 8.0), storeys=Range(1.0, 3.0), traffic=Range(4.0, 9.0),
    people=Range(2.0, 7.0), furniture=Range(1.0, 5.0), trees=Range(2.0, 8.0),
    animals=Range(0.0, 1.0), own_car=Range(0.0, 0.3),
)  # fmt: skip

BDD = _vary(
    MAPILLARY,
    look=LookRanges(
        exposure=Range(0.8, 1.1), warmth=Range(-0.3, 0.3), contrast=Range(0.9, 1.15),
        saturation=Range(0.7, 1.05), noise=Range(1.5, 4.5), blur=Range(0.1, 0.6),
        vignette=Range(0.05, 0.25), texture=Range(0.8, 1.2), gradient=Range(0.0, 0.2),
        shadow=Range(0.2, 0.45), haze=Range(0.001, 0.006),
    ),
    weather=("clear", "clear", "overcast", "dusk", "night", "night", "rain"),
    architecture=("suburb", "glass"),
    vehicles=("car", "car", "car", "car", "van", "truck", "bus", "motorcycle", "bicycle"),
    ground=("grass", "pavement"), camera_height=Range(1.2, 1.6), focal=Range(1.1, 1.4),
    horizon=Range(0.4, 0.52), yaw=Range(-0.1, 0.1), roll=Range(-0.01, 0.01),
    road_width=Range(9.0, 14.0), pavement_width=Range(1.0, 3.0), setback=Range(1.0, 8.0),
    building_gap=Range(0.0, 10.0), storeys=Range(1.0, 14.0), traffic=Range(3.0, 9.0),
    people=Range(0.0, 4.0), furniture=Range(2.0, 6.0), trees=Range(0.0, 7.0), animals=_NONE,
    own_car=Range(0.1, 0.4),
)  # fmt: skip

# Synthetic streets have KITTI's geometry but flat shading, so they are closer to the driving
# datasets than to synthetic rooms (Table 9).
VKITTI2 = _vary(
    KITTI, look=_FLAT_SHADING, architecture=("plain",),
    weather=("clear", "overcast", "dusk", "fog"), people=_NONE,
    vehicles=("car", "car", "car", "van", "truck"), traffic=Range(2.0, 8.0),
)  # fmt: skip

SCANNET = RoomRanges(
    look=LookRanges(
        exposure=Range(0.72, 1.15), warmth=Range(-0.2, 0.75), contrast=Range(0.85, 1.15),
        saturation=Range(0.75, 1.15), noise=Range(1.5, 6.0), blur=Range(0.1, 1.0),
        vignette=Range(0.0, 0.3), texture=Range(0.7, 1.4), gradient=Range(0.0, 0.5),
        shadow=Range(0.15, 0.5), haze=_NONE,
    ),
    types=("living", "bedroom", "dining", "office", "gallery"),
    camera_height=Range(1.1, 2.0), focal=Range(0.75, 1.3), horizon=Range(0.1, 0.55),
    yaw=Range(-0.7, 0.7), roll=Range(-0.1, 0.1), width=Range(3.0, 7.0), depth=Range(3.0, 8.0),
    height=Range(2.3, 3.4), clutter=Range(0.6, 2.2), people=Range(0.0, 0.5),
    saturated=Range(0.0, 0.5),
)  # fmt: skip
SUNRGBD = _vary(
    SCANNET,
    look=_vary(
        SCANNET.look, exposure=Range(0.85, 1.05), warmth=Range(-0.05, 0.4), blur=Range(0.1, 0.5),
        noise=Range(1.5, 4.0), gradient=Range(0.0, 0.3),
    ),
    types=("living", "bedroom", "office", "dining"), camera_height=Range(1.2, 1.6),
    focal=Range(0.95, 1.1), horizon=Range(0.2, 0.45), yaw=Range(-0.5, 0.5),
    roll=Range(-0.03, 0.03), depth=Range(3.0, 6.0), people=Range(0.0, 0.3),
    saturated=Range(0.0, 0.25),
)  # fmt: skip
VGALLERY = _vary(
    SCANNET, look=_FLAT_SHADING, types=("gallery",), roll=_NONE, people=_NONE,
    horizon=Range(0.35, 0.5), camera_height=Range(1.4, 1.6), width=Range(5.0, 9.0),
    depth=Range(5.0, 12.0), height=Range(3.0, 4.0), saturated=Range(0.2, 0.6),
)  # fmt: skip

ISAID = AerialRanges(
    look=LookRanges(
        exposure=Range(0.78, 1.12), warmth=Range(-0.3, 0.3), contrast=Range(0.8, 1.2),
        saturation=Range(0.5, 1.1), noise=Range(0.5, 4.0), blur=Range(0.0, 0.7),
        vignette=_NONE, texture=Range(0.7, 1.3), gradient=Range(0.0, 0.12),
        shadow=Range(0.25, 0.6), haze=_NONE,
    ),
    land=("town", "harbor", "airfield", "country"),
    span=Range(60.0, 150.0), density=Range(0.2, 1.0), vehicles=Range(1.0, 7.0),
    greenery=Range(0.0, 1.8),
)  # fmt: skip
ISPRS = _vary(
    ISAID,
    look=_vary(
        ISAID.look, exposure=Range(0.86, 0.96), warmth=Range(-0.1, 0.05),
        saturation=Range(0.6, 0.75), contrast=Range(0.95, 1.1), noise=Range(0.5, 1.5),
        blur=Range(0.0, 0.3), shadow=Range(0.45, 0.6),
    ),
    land=("town",), span=Range(62.0, 75.0), density=Range(0.75, 1.0), vehicles=Range(2.0, 4.0),
    greenery=Range(0.8, 1.8),
)  # fmt: skip

SUIM = UnderwaterRanges(
    look=LookRanges(
        exposure=Range(0.85, 1.1), contrast=Range(0.9, 1.15), saturation=Range(0.85, 1.15),
        noise=Range(1.0, 3.0), blur=Range(0.2, 0.6), vignette=Range(0.05, 0.3),
    ),
    water=("blue", "blue", "turquoise", "green"), places=("reef", "reef", "wreck", "open", "sand"),
    visibility=Range(5.0, 12.0), camera_height=Range(0.8, 1.6), horizon=Range(0.2, 0.5),
    fish=Range(1.0, 7.0), divers=Range(0.0, 1.2), robots=Range(0.0, 0.3), trash=_NONE,
    coral=Range(1.0, 8.0),
)  # fmt: skip
UWT = UnderwaterRanges(
    look=LookRanges(
        exposure=Range(0.9, 1.15), contrast=Range(1.0, 1.2), saturation=Range(0.8, 1.05),
        noise=Range(2.0, 5.0), blur=Range(0.5, 1.0), vignette=Range(0.2, 0.5),
    ),
    water=("deep", "green", "murky"), places=("sand", "sand", "open"), visibility=Range(3.5, 8.0),
    camera_height=Range(0.6, 1.3), horizon=Range(0.05, 0.35), fish=Range(0.0, 1.5), divers=_NONE,
    robots=Range(0.2, 0.8), trash=Range(1.0, 4.0), coral=_NONE,
)  # fmt: skip

_PHOTOGRAPH = LookRanges(
    exposure=Range(0.82, 1.15), warmth=Range(-0.3, 0.45), contrast=Range(0.9, 1.2),
    saturation=Range(0.8, 1.25), noise=Range(0.5, 4.0), blur=Range(0.0, 0.6),
    vignette=Range(0.0, 0.25),
)  # fmt: skip
_CONSUMER_STREET = _vary(
    MAPILLARY, look=_PHOTOGRAPH, weather=("clear", "clear", "overcast", "dusk", "night", "rain"),
    vehicles=("car", "car", "van", "truck", "bus", "motorcycle", "bicycle"),
    ground=("grass", "pavement"), camera_height=Range(0.9, 3.2), yaw=Range(-0.8, 0.8),
    people=Range(1.0, 8.0), own_car=_NONE,
)  # fmt: skip
_CONSUMER_ROOM = _vary(
    SCANNET, look=_PHOTOGRAPH, people=Range(0.5, 2.5), horizon=Range(0.25, 0.55),
    types=("living", "bedroom", "dining", "office"),
)  # fmt: skip
_ACTIVITIES = ("standing", "walking", "running", "sitting", "riding", "waving", "reaching")
_ANIMALS = ("dog", "cat", "horse", "cow", "sheep", "bird")

COCO = ConsumerRanges(
    look=_PHOTOGRAPH, settings=("street", "room", "park", "field", "shore", "meadow"),
    street=_CONSUMER_STREET, room=_CONSUMER_ROOM, figures=Range(0.0, 5.0),
    figure_size=Range(0.12, 0.95), animals=_ANIMALS, activities=_ACTIVITIES,
    clutter=Range(0.5, 3.5),
)  # fmt: skip
_NARROW_STREET = _vary(
    _CONSUMER_STREET,
    weather=("clear", "overcast", "dusk"),
    yaw=Range(-0.6, 0.6),
    people=Range(1.0, 6.0),
)
PCONTEXT = _vary(COCO, street=_NARROW_STREET, figures=Range(0.0, 3.0), figure_size=Range(0.25, 0.9))
PVOC = _vary(
    COCO, settings=("street", "room", "room", "park", "field", "shore", "meadow"),
    street=_NARROW_STREET, figures=Range(0.5, 3.0), figure_size=Range(0.3, 0.95),
    clutter=Range(1.0, 3.0),
)  # fmt: skip
ADE = _vary(
    COCO, settings=("street", "street", "room", "room", "park", "shore", "meadow", "field"),
    figures=Range(0.0, 2.0), figure_size=Range(0.12, 0.5), clutter=Range(0.5, 2.5),
    activities=("standing", "walking", "sitting"),
)  # fmt: skip
MPII = _vary(
    COCO, settings=("park", "field", "shore", "meadow", "room"), figures=Range(1.0, 3.0),
    figure_size=Range(0.5, 0.95), animals=(), clutter=Range(0.5, 1.5),
    room=_vary(_CONSUMER_ROOM, people=Range(1.0, 2.5)),
)  # fmt: skip

CLOSE_UP = AnimalRanges(
    look=_PHOTOGRAPH,
    backdrops=("park", "meadow", "shore", "room"),
    breeds=DOGS,
    size=Range(0.34, 0.55),
)
WEB_LOOK = _vary(_PHOTOGRAPH, exposure=Range(0.75, 1.2), saturation=Range(0.7, 1.35))

RANGES: dict[str, Ranges] = {
    "pcontext": PCONTEXT, "pvoc": PVOC, "mpii": MPII, "ade": ADE, "coco": COCO, "kitti": KITTI,
    "camvid": CAMVID, "city": CITY, "idd": IDD, "bdd": BDD, "mapillary": MAPILLARY,
    "isprs": ISPRS, "isaid": ISAID, "sunrgbd": SUNRGBD, "scannet": SCANNET, "suim": SUIM,
    "uwt": UWT, "dogs": CLOSE_UP, "vkitti2": VKITTI2, "vgallery": VGALLERY,
}  # fmt: skip
