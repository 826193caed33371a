"""Estimates of memory, and micro-batches that fit."""

import dataclasses
from unittest import mock

import pytest

from foi_tf.errors import FoiError
from foi_tf.study import configuration, memory
from foi_tf.study.backbones import BACKBONES, Backbone
from foi_tf.study.dataset import Task
from foi_tf.study.memory import DEVICES, GIB, Device, choose_micro_batch
from foi_tf.study.registry import DATASETS
from foi_tf.study.validation_tasks import PUBLISHED

CONFIG = configuration.load_config("paper", PUBLISHED)


def estimate(task, device, precision="bfloat16", backbone="hrnet_w48", **options):
    return memory.estimate_memory(
        Task.parse(task), DATASETS, CONFIG, backbone, precision, device, **options
    )


def test_micro_batches_are_the_fewest_equal_parts():
    assert [choose_micro_batch(12, most) for most in (0, 20, 12, 11, 6, 5, 1)] == [
        0, 0, 0, 6, 6, 4, 1,
    ]  # fmt: skip
    assert choose_micro_batch(7, 6) == 1


def test_an_estimate_by_hand():
    """SGD in float32: weights, gradients and one slot; kept maps and nine maps of each class."""
    found = estimate("camvid:segmentation", Device(8, 16, xla=True), "float32")
    height, width = DATASETS["camvid"].crop
    classes = DATASETS["camvid"].classes["segmentation"]
    weights = 65_325_120 + 720 * classes
    assert found.images == 32 / 8 and found.fixed == pytest.approx(12 * weights / GIB)
    kept = 1.07 * 4 * (1080 + classes / 16)
    assert found.image == pytest.approx(height * width * (kept + 9 * 4 * classes) / GIB)
    assert found.whole == pytest.approx(found.fixed + 4 * found.image)


def test_rematerialization_spares_most_maps():
    device, network = Device(8, 16, xla=True), BACKBONES["hrnet_w48"].size
    plain, again = (
        estimate("camvid:segmentation", device, "float32", rematerialize=rematerialize)
        for rematerialize in (False, True)
    )
    height, width = DATASETS["camvid"].crop
    spared = height * width * 1.07 * 4 * (network.kept - network.rematerialized)
    assert plain.image - again.image == pytest.approx(spared / GIB) and plain.fixed == again.fixed
    with pytest.raises(FoiError, match="no estimate for keras:MobileNet with --rematerialize"):
        estimate("ade:segmentation", device, backbone="keras:MobileNet", rematerialize=True)


def test_what_fits_is_below_the_device():
    for name, device in DEVICES.items():
        found = estimate("coco:detection", device)
        assert found.micro_batch and found.images % found.micro_batch == 0, name
        assert found.fitted < 0.92 * device.gib < found.whole
        larger = next(
            n for n in range(found.micro_batch + 1, found.images + 1) if found.images % n == 0
        )
        assert found.fixed + found.accumulated + larger * found.image > 0.92 * device.gib
    small = dataclasses.replace(DEVICES["v2-8"], gib=1)
    assert estimate("coco:detection", small).micro_batch is None
    assert estimate("pvoc:segmentation", DEVICES["gpu_80gb"]).micro_batch == 0


def test_a_set_has_the_memory_of_its_largest_member():
    device = DEVICES["v3-8"]
    members = [estimate(task, device) for task in ("sunrgbd:depth", "vgallery:depth")]
    assert estimate("multi:depth", device).image == max(one.image for one in members)


@pytest.mark.parametrize("backbone", sorted(BACKBONES))
def test_every_backbone_has_an_estimate(backbone):
    assert estimate("ilsvrc:classification", DEVICES["v3-8"], backbone=backbone).image > 0


def test_a_backbone_of_unknown_size_is_named():
    own = Backbone(architecture="own", giga_operations=1)
    with (
        mock.patch.dict(BACKBONES, own=own),
        pytest.raises(FoiError, match="--memory: no estimate for own, as its size is not known"),
    ):
        estimate("ilsvrc:classification", DEVICES["v3-8"], backbone="own")


def test_networks_of_keras_have_an_estimate():
    found = estimate("camvid:segmentation", DEVICES["v3-8"], backbone="keras:MobileNetV2")
    other = estimate("camvid:segmentation", DEVICES["v3-8"], backbone="keras:ConvNeXtTiny")
    assert 0 < found.image < other.image
