"""Writes a tiny tree of Virtual KITTI 2: rgb, classSegmentation and depth of some cameras."""

import numpy as np

from tests.data.convert.layouts import drawing

_COLORS = [(210, 0, 200), (90, 200, 255), (0, 139, 139), (0, 0, 0)]
_MASK = [0, 1, 13, 255]  # Terrain, sky, van, undefined.
_CENTIMETERS = [94, 8000, 12345, 65535]


def frame(folder, camera, number, colors, centimeters, classes):
    """Writes a frame's three files and returns what is to be read of the depth."""
    drawing.photo(folder / f"rgb/{camera}/rgb_{number:05d}.jpg")
    path = folder / f"{classes}/{camera}/classgt_{number:05d}.png"
    drawing.save(path, drawing.stripes(colors).astype(np.uint8))
    steps = drawing.stripes(centimeters).astype(np.uint16)
    drawing.save(folder / f"depth/{camera}/depth_{number:05d}.png", steps)
    return steps.astype(np.float32) / 100


def write(root):
    expected = {"train": {}, "val": {}}
    for scene, variation, camera, number in (
        ("Scene01", "clone", 0, 0),
        ("Scene01", "15-deg-left", 1, 446),
        ("Scene02", "rain", 0, 5),
        ("Scene06", "30-deg-right", 0, 5),
        ("Scene18", "fog", 0, 338),
        ("Scene20", "clone", 1, 12),
    ):
        folder = root / scene / variation / "frames"
        meters = frame(
            folder, f"Camera_{camera}", number, _COLORS, _CENTIMETERS, "classSegmentation"
        )
        split = "val" if scene == "Scene18" else "train"
        expected[split][f"{scene}/{variation}/{camera}/{number:05d}"] = {
            "mask": drawing.stripes(_MASK).astype(np.uint8),
            "depth": meters,
        }
    return expected


def _folder(root):
    return root / "Scene01/clone/frames"


SPOILS = {
    r"classgt_00000\.png: color \(1, 1, 1\)": lambda root: drawing.save(
        _folder(root) / "classSegmentation/Camera_0/classgt_00000.png",
        np.ones((*drawing.SIZE, 3), np.uint8),
    ),
    r"rgb_00000\.jpg: has no .*depth_00000\.png": lambda root: (
        _folder(root) / "depth/Camera_0/depth_00000.png"
    ).unlink(),
    r"depth_00000\.png: depth must have 16 bits": lambda root: drawing.save(
        _folder(root) / "depth/Camera_0/depth_00000.png", np.ones(drawing.SIZE, np.uint8)
    ),
    r"depth_00000\.png: not a whole image": lambda root: drawing.truncate(
        _folder(root) / "depth/Camera_0/depth_00000.png"
    ),
    r"rgb_00000\.jpg: depth is 6x9, but its image is 6x8": lambda root: drawing.save(
        _folder(root) / "depth/Camera_0/depth_00000.png", np.ones((6, 9), np.uint16)
    ),
}
