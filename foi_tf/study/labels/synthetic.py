"""Lists the classes of the synthetic datasets."""

NAMES: dict[str, dict[str, tuple[str, ...]]] = {
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
    # Table 1 counts 8 of 9 names. People appear only in the test images, so a network cannot
    # learn them. We infer that Table 1 leaves them out.
    "vgallery": ("Background", "Human"),
}
