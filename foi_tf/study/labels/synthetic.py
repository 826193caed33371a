"""Classes of the synthetic datasets."""

NAMES = {
    "vkitti2": {
        "segmentation": (
            "Terrain", "Sky", "Tree", "Vegetation", "Building", "Road", "GuardRail",
            "TrafficSign", "TrafficLight", "Pole", "Misc", "Truck", "Car", "Van",
        )
    },
    "vgallery": {
        "segmentation": (
            "Wall", "Ceiling", "Sky", "Door", "Light", "Floor", "Misc", "Painting",
        )
    },
}  # fmt: skip

IGNORED = {
    "vkitti2": ("Undefined",),
    # Table 1 counts 8 of 9 names. People stand in the way when testing only, so that they
    # cannot be learnt; that it is they who are not counted is our inference.
    "vgallery": ("Background", "Human"),
}
