"""Lists the classes of the driving datasets."""

_CAMVID = (
    "Bicyclist", "Building", "Car", "CartLuggagePram", "Child", "Column_Pole", "Fence",
    "LaneMkgsDriv", "Misc_Text", "OtherMoving", "ParkingBlock", "Pedestrian", "Road",
    "RoadShoulder", "Sidewalk", "SignSymbol", "Sky", "SUVPickupTruck", "TrafficLight",
    "Tree", "Truck_Bus", "VegetationMisc", "Wall",
)  # fmt: skip

# Table 1 counts 30 of Cityscapes' 34 names: without the two of its camera and car.
_KITTI = (
    "static", "dynamic", "ground", "road", "sidewalk", "parking", "rail track", "building",
    "wall", "fence", "guard rail", "bridge", "tunnel", "pole", "polegroup", "traffic light",
    "traffic sign", "vegetation", "terrain", "sky", "person", "rider", "car", "truck", "bus",
    "caravan", "trailer", "train", "motorcycle", "bicycle",
)  # fmt: skip

_IDD = (
    "background", "road", "parking", "drivable fallback", "sidewalk", "rail track",
    "non-drivable fallback", "person", "animal", "rider", "motorcycle", "bicycle",
    "autorickshaw", "car", "truck", "bus", "caravan", "trailer", "vehicle fallback", "curb",
    "wall", "fence", "guard rail", "billboard", "traffic sign", "traffic light", "pole",
    "polegroup", "obs-str-bar-fallback", "building", "bridge", "tunnel", "vegetation", "sky",
    "fallback background",
)  # fmt: skip

_BDD_MASKS = (
    "background", "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light",
    "traffic sign", "vegetation", "terrain", "sky", "person", "rider", "car", "truck", "bus",
    "train", "motorcycle", "bicycle",
)  # fmt: skip
_BDD_BOXES = (
    "pedestrian", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
    "traffic light", "traffic sign",
)  # fmt: skip

_MAPILLARY = (
    "background", "Bird", "Ground Animal", "Curb", "Fence", "Guard Rail", "Barrier", "Wall",
    "Bike Lane", "Crosswalk - Plain", "Curb Cut", "Parking", "Pedestrian Area", "Rail Track",
    "Road", "Service Lane", "Sidewalk", "Bridge", "Building", "Tunnel", "Person", "Bicyclist",
    "Motorcyclist", "Other Rider", "Lane Marking - Crosswalk", "Lane Marking - General",
    "Mountain", "Sand", "Sky", "Snow", "Terrain", "Vegetation", "Water", "Banner", "Bench",
    "Bike Rack", "Billboard", "Catch Basin", "CCTV Camera", "Fire Hydrant", "Junction Box",
    "Mailbox", "Manhole", "Phone Booth", "Pothole", "Street Light", "Pole",
    "Traffic Sign Frame", "Utility Pole", "Traffic Light", "Traffic Sign (Back)",
    "Traffic Sign (Front)", "Trash Can", "Bicycle", "Boat", "Bus", "Car", "Caravan",
    "Motorcycle", "On Rails", "Other Vehicle", "Trailer", "Truck", "Wheeled Slow",
    "Car Mount", "Ego Vehicle",
)  # fmt: skip

NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "camvid": {"segmentation": _CAMVID},
    "kitti": {"segmentation": _KITTI},
    "city": {"segmentation": ("background", "ego vehicle", "rectification border", *_KITTI)},
    "idd": {"segmentation": _IDD},
    "bdd": {"segmentation": _BDD_MASKS, "detection": _BDD_BOXES},
    "mapillary": {"segmentation": _MAPILLARY},
}

IGNORED = {
    # Table 1 counts 23 of the publisher's 31 names and does not print which it leaves out.
    # Our choice: Void and the eight rarest.
    "camvid": (
        "Void", "Animal", "Archway", "Bridge", "LaneMkgsNonDriv", "MotorcycleScooter",
        "TrafficCone", "Train", "Tunnel",
    ),
    "kitti": ("unlabeled", "out of roi", "ego vehicle", "rectification border"),
    "city": ("background", "unlabeled", "out of roi"),
    "idd": (
        "background", "unlabeled", "out of roi", "train", "ego vehicle",
        "rectification border", "license plate",
    ),
    "bdd": ("background",),
    "mapillary": ("background", "Unlabeled"),
}  # fmt: skip
