"""Chooses the colors of classes, which people with color-vision deficiencies can tell, too."""

Color = tuple[int, int, int]

# The first seven are those of Okabe and Ito (Color universal design, 2008). Each further one is, of
# a grid of colors, the one farthest from all before it in CIELAB, in the worst of four kinds of
# vision: normal, and without one of the three cones (Machado et al., 2009). Ours.
COLORS: tuple[Color, ...] = (
    (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66),
    (0, 114, 178), (213, 94, 0), (204, 121, 167), (135, 0, 240),
    (105, 30, 0), (75, 45, 60), (195, 240, 195), (45, 30, 150),
    (105, 255, 135), (150, 120, 255), (240, 0, 75), (105, 0, 105),
    (135, 75, 120), (210, 195, 225), (135, 195, 120), (210, 165, 165),
    (105, 105, 60), (180, 30, 0), (210, 0, 180), (150, 30, 210),
    (150, 180, 75), (195, 225, 90), (15, 75, 135), (120, 150, 240),
    (105, 45, 45), (240, 45, 105), (165, 240, 225), (0, 210, 30),
)  # fmt: skip


def class_color(index: int) -> Color:
    """Returns the color of a class, the same in every picture; after 32 classes colors repeat."""
    return COLORS[index % len(COLORS)]
