"""Lists the classes of the aerial datasets."""

NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "isprs": {
        "segmentation": (
            "background", "impervious_surfaces", "building", "low_vegetation", "tree", "car",
        )
    },
    "isaid": {
        "segmentation": (
            "background", "ship", "storage_tank", "baseball_diamond", "tennis_court",
            "basketball_court", "Ground_Track_Field", "Bridge", "Large_Vehicle",
            "Small_Vehicle", "Helicopter", "Swimming_pool", "Roundabout", "Soccer_ball_field",
            "plane", "Harbor",
        )
    },
}  # fmt: skip

IGNORED = {
    "isprs": ("background", "clutter and unmatched colours"),
    "isaid": ("background",),
}
