"""Classes of the driving datasets."""

_CAMVID = (
    "Bicyclist", "Building", "Car", "CartLuggagePram", "Child", "Column_Pole", "Fence",
    "LaneMkgsDriv", "Misc_Text", "OtherMoving", "ParkingBlock", "Pedestrian", "Road",
    "RoadShoulder", "Sidewalk", "SignSymbol", "Sky", "SUVPickupTruck", "TrafficLight",
    "Tree", "Truck_Bus", "VegetationMisc", "Wall",
)  # fmt: skip

NAMES = {
    "camvid": {"segmentation": _CAMVID},
}

IGNORED = {
    # Besides Void the eight rarest, since Table 1 counts 23 of the publisher's 31 names;
    # which ones it leaves out is not printed: ours.
    "camvid": (
        "Void", "Animal", "Archway", "Bridge", "LaneMkgsNonDriv", "MotorcycleScooter",
        "TrafficCone", "Train", "Tunnel",
    ),
    "kitti": ("unlabeled", "out of roi"),
    "city": ("unlabeled", "out of roi"),
    "idd": (
        "unlabeled", "out of roi", "train", "ego vehicle", "rectification border",
        "license plate",
    ),
}  # fmt: skip
