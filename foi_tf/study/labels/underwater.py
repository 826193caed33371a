"""Lists the classes of the underwater datasets."""

NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "suim": {
        "segmentation": (
            "background", "HD: Human divers", "PF: Plants/sea-grass", "WR: Wrecks/ruins",
            "RO: Robots/instruments", "RI: Reefs and invertebrates",
            "FV: Fish and vertebrates", "SR: Sand/sea-floor (& rocks)",
        )
    },
    "uwt": {"detection": ("plastic", "bio", "rov")},
}  # fmt: skip

# The publisher's "background" is open water. It is class 0 of the paper's authors, which the loss
# (Eq. A.1) ignores in every dataset.
IGNORED = {"suim": ("background",)}
