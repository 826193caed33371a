"""Rendered domains differ in color and texture, and some include others."""

import dataclasses

import numpy as np
import pytest

from foi_tf.miniworld import render
from foi_tf.miniworld.ranges import RANGES
from foi_tf.miniworld.variation import Range, contains
from tests.miniworld.scenes import samples


@pytest.mark.parametrize(
    "outer, inner",
    [("mapillary", dataset_id) for dataset_id in ("kitti", "camvid", "city", "idd", "bdd")]
    + [("coco", dataset_id) for dataset_id in ("pcontext", "pvoc", "ade", "mpii")]
    + [("scannet", "sunrgbd"), ("isaid", "isprs")],
)
def test_broad_domains_contain_narrow_ones(outer, inner):
    assert contains(RANGES[outer], RANGES[inner])
    assert not contains(RANGES[inner], RANGES[outer])


def test_consumer_photographs_contain_other_domains():
    coco = RANGES["coco"]
    assert {"street", "room", "shore"} <= set(coco.settings)
    geometry = ("camera_height", "focal", "horizon", "yaw", "road_width", "storeys")
    for dataset_id in ("kitti", "camvid", "city", "bdd"):
        for name in geometry:
            assert contains(getattr(coco.street, name), getattr(RANGES[dataset_id], name)), name


def test_camvid_is_the_narrowest_driving_set():
    def width(ranges) -> float:
        spans = [
            (value.high - value.low) / (whole.high - whole.low)
            for field in dataclasses.fields(ranges)
            if isinstance(value := getattr(ranges, field.name), Range)
            and (whole := getattr(RANGES["mapillary"], field.name)).high > whole.low
        ]
        return float(np.mean(spans))

    driving = {name: width(RANGES[name]) for name in ("camvid", "city", "idd", "bdd", "mapillary")}
    assert min(driving, key=driving.get) == "camvid"
    assert max(driving, key=driving.get) == "mapillary"


def test_contains_by_hand():
    assert contains(Range(0, 2), Range(0, 1)) and not contains(Range(0, 1), Range(0, 2))
    assert contains(Range(0, 1), 0.5) and not contains(("a",), ("a", "b"))


def color_statistics(dataset_id: str, split: str, count: int) -> np.ndarray:
    """Returns mean and deviation of each channel, and its change from top to bottom."""
    rows = []
    for index in range(count):
        image = render(dataset_id, split, index)["image"] / 255.0
        third = len(image) // 3
        slope = image[:third].mean((0, 1)) - image[-third:].mean((0, 1))
        rows.append(np.concatenate([image.mean((0, 1)), image.std((0, 1)), slope]))
    return np.array(rows)


def nearest_mean_accuracy(domains: tuple[str, ...]) -> float:
    """Returns the accuracy of a nearest-mean classifier of images by nine color statistics."""
    train = [color_statistics(name, "train", 20) for name in domains]
    scale = np.concatenate(train).std(0)
    means = np.array([values.mean(0) for values in train])
    right = 0
    for number, name in enumerate(domains):
        values = color_statistics(name, "val", 12)
        distance = (((values[:, None] - means) / scale) ** 2).sum(-1)
        right += (distance.argmin(1) == number).sum()
    return right / (12 * len(domains))


def test_domains_are_told_apart_by_color_alone():
    assert nearest_mean_accuracy(("uwt", "kitti")) > 0.9
    assert nearest_mean_accuracy(("city", "suim", "isprs", "sunrgbd", "dogs")) > 0.6  # Chance: 0.2.


def test_synthetic_streets_have_no_texture_or_noise():
    def roughness(dataset_id: str) -> float:
        images = [example["image"].astype(float) for example in samples(dataset_id)]
        return float(np.median([np.median(np.abs(np.diff(image, axis=1))) for image in images]))

    assert roughness("vkitti2") == 0 < roughness("kitti")
