"""Reads iSAID: tiles of DOTA's images, with the colors of the instances' classes.

Folders: those of its development kit (github.com/CAPTAIN-WHU/iSAID_Devkit); train/images and
val/images hold DOTA's P0000.png beside P0000_instance_color_RGB.png. The colors are those of
its fork of cityscapesScripts (helpers/labels.py). The images are PNG; their tiles are stored
as JPEG.

The development kit (split.py) skips two images, P1527 and P1530. So do the paper's authors and
we; their files may be there.
"""

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts.layout import TRAIN_VAL, Layout, expect_files
from foi_tf.data.convert.readers import labels, tiled
from foi_tf.study.dataset import Dataset

_IMAGES = "{}/images/P????.png"
_LABELS = "{}/images/P*_instance_color_RGB.png"
_SKIPPED = ("P1527", "P1530")

COLORS = {
    (0, 0, 0): "background", (0, 0, 63): "ship", (0, 63, 63): "storage_tank",
    (0, 63, 0): "baseball_diamond", (0, 63, 127): "tennis_court",
    (0, 63, 191): "basketball_court", (0, 63, 255): "Ground_Track_Field",
    (0, 127, 63): "Bridge", (0, 127, 127): "Large_Vehicle", (0, 0, 127): "Small_Vehicle",
    (0, 0, 191): "Helicopter", (0, 0, 255): "Swimming_pool", (0, 191, 127): "Roundabout",
    (0, 127, 191): "Soccer_ball_field", (0, 127, 255): "plane", (0, 100, 155): "Harbor",
}  # fmt: skip


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    coding = tiled.TileCoding(labels.map_codes(COLORS, row))
    return {
        split: tiled.find_tiles(
            raw_dir, _IMAGES.format(split), _LABELS.format(split), coding, "P", _SKIPPED
        )
        for split in ("train", "val")
    }


LAYOUT = Layout(
    read=_read,
    files=expect_files(TRAIN_VAL, (1_411, 458), (_IMAGES, _LABELS)),
    home=(
        "https://captain-whu.github.io/iSAID/ (labels) and "
        "https://captain-whu.github.io/DOTA/ (images of DOTA v1.0)"
    ),
    terms="academic use only; images of Google Earth under its terms",
)
