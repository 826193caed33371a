"""Lists all kinds of things in the rendered world, and the texture of each."""

IGNORE = 255  # The value in masks of kinds that a label map leaves out.

STREET = (
    "sky", "mountain", "road", "lane marking", "crosswalk", "pavement", "parking", "building",
    "fence", "wall", "bridge", "pole", "traffic sign", "traffic light", "street lamp",
    "billboard", "bench", "bin", "tree", "bush", "grass", "soil", "ego vehicle",
)  # fmt: skip
VEHICLES = (
    "car", "van", "truck", "bus", "autorickshaw", "motorcycle", "bicycle", "boat", "ship", "plane",
)  # fmt: skip
LIVING = ("person", "rider", "dog", "cat", "horse", "cow", "sheep", "bird")
ROOM = (
    "floor", "ceiling", "room wall", "window", "door", "curtain", "table", "chair", "sofa", "bed",
    "lamp", "picture", "shelf", "cabinet", "rug", "television", "potted plant", "mirror",
    "pillow", "cup", "bottle", "sculpture",
)  # fmt: skip
WATER = (
    "water", "sand", "rock", "coral", "seaweed", "fish", "diver", "robot", "wreck", "plastic",
    "bio",
)  # fmt: skip
LEISURE = ("ball", "goal", "umbrella", "kite", "surfboard", "field")
AERIAL = ("roof", "pool", "court", "tank", "roundabout", "pier")

KINDS = STREET + VEHICLES + LIVING + ROOM + WATER + LEISURE + AERIAL
KIND_IDS = {kind: number for number, kind in enumerate(KINDS)}

# Strengths of fine grain, soft clouds and horizontal streaks in a surface's brightness.
Texture = tuple[float, float, float]
PLAIN: Texture = (0.015, 0.02, 0.0)
TEXTURES: dict[str, Texture] = {
    "sky": (0.0, 0.015, 0.0),
    "mountain": (0.04, 0.08, 0.0),
    "road": (0.05, 0.04, 0.01),
    "pavement": (0.05, 0.05, 0.0),
    "parking": (0.05, 0.06, 0.0),
    "building": (0.03, 0.06, 0.0),
    "wall": (0.06, 0.05, 0.03),
    "tree": (0.16, 0.12, 0.0),
    "bush": (0.18, 0.10, 0.0),
    "grass": (0.14, 0.10, 0.03),
    "soil": (0.10, 0.10, 0.03),
    "floor": (0.02, 0.03, 0.05),
    "rug": (0.10, 0.03, 0.0),
    "sofa": (0.05, 0.04, 0.0),
    "bed": (0.03, 0.05, 0.0),
    "dog": (0.05, 0.04, 0.05),
    "cat": (0.06, 0.04, 0.05),
    "cow": (0.03, 0.04, 0.03),
    "sheep": (0.12, 0.06, 0.0),
    "water": (0.01, 0.03, 0.05),
    "sand": (0.07, 0.06, 0.03),
    "rock": (0.10, 0.12, 0.0),
    "coral": (0.16, 0.08, 0.0),
    "wreck": (0.10, 0.12, 0.05),
    "field": (0.06, 0.05, 0.0),
    "roof": (0.05, 0.06, 0.03),
    "court": (0.03, 0.03, 0.0),
    "person": (0.03, 0.04, 0.0),
    "seaweed": (0.10, 0.06, 0.0),
}
