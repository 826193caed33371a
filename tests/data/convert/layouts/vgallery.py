"""Writes a tiny tree of Virtual Gallery: training loops and testing occlusions."""

import numpy as np

from tests.data.convert.layouts import drawing, vkitti2

_COLORS = [(255, 127, 80), (128, 0, 0), (0, 255, 0), (0, 0, 0)]
_MASK = [0, 7, 255, 255]  # Wall, painting, a person, nothing.
_CENTIMETERS = [21, 333, 1489, 6000]


def write(root):
    expected = {}
    for split, place, camera, number in (
        ("train", "training/gallery_light6_loop5", 4, 220),
        ("val", "testing/gallery_light1_occlusion4", 0, 495),
    ):
        meters = vkitti2.frame(
            root / place / "frames", f"camera_{camera}", number, _COLORS, _CENTIMETERS,
            "classsegmentation",
        )  # fmt: skip
        mask = drawing.stripes(_MASK).astype(np.uint8)
        expected[split] = {f"{place}/{camera}/{number:05d}": {"mask": mask, "depth": meters}}
    return expected


def _folder(root):
    return root / "training/gallery_light6_loop5/frames"


SPOILS = {
    r"classgt_00220\.png: color \(0, 0, 9\)": lambda root: drawing.save(
        _folder(root) / "classsegmentation/camera_4/classgt_00220.png",
        drawing.stripes([(0, 0, 9)]).astype(np.uint8),
    ),
    r"rgb_00220\.jpg: has no .*classgt_00220\.png": lambda root: (
        _folder(root) / "classsegmentation/camera_4/classgt_00220.png"
    ).unlink(),
    r"rgb_00220\.jpg: not a whole image": lambda root: drawing.truncate(
        _folder(root) / "rgb/camera_4/rgb_00220.jpg"
    ),
}
