"""Settings: how many images of a source and of a target a chain may see, and which."""

import hashlib
import math
from collections.abc import Sequence

from foi_tf.study.dataset import Dataset

SETTINGS = ("small", "full", "small_source")
SMALL_TARGET = 150  # Section 5.2.
LONG_TAILED_TARGET = 1000  # Section 5.2, for:
LONG_TAILED = frozenset({"coco", "ade"})
SMALL_SOURCE = 1500  # Section 5.4.


def mini_size(images: int) -> int:
    """What a number of images of the paper is in the rendered collection.

    Square root and factor are ours: they keep the order of the datasets by size, and
    the smallest training set (KITTI, 150 images) equal to the small target setting.
    """
    return round(60 * math.sqrt(images / SMALL_TARGET))


def target_images(dataset: Dataset, setting: str) -> int | None:
    """How many training images a target may use; None for all (sections 5.2 to 5.4)."""
    if setting == "full":
        return None
    small = LONG_TAILED_TARGET if dataset.id in LONG_TAILED else SMALL_TARGET
    return mini_size(small) if dataset.collection == "mini" else small


def source_images(dataset: Dataset, setting: str) -> int | None:
    """How many training images a source may use; None for all (section 5.4)."""
    if setting != "small_source":
        return None
    return mini_size(SMALL_SOURCE) if dataset.collection == "mini" else SMALL_SOURCE


def subset(ids: Sequence[str], images: int | None, seed: int = 0) -> list[str]:
    """Chooses `images` of `ids`, the same ones on every machine and in any order of `ids`.

    By the order of SHA-256 digests, since the streams of random number generators may
    change between library versions. Smaller subsets are part of larger ones.
    """
    if images is None or images >= len(ids):
        return sorted(ids)
    ranked = sorted(ids, key=lambda name: hashlib.sha256(f"{seed}/{name}".encode()).digest())
    return sorted(ranked[:images])
