"""Compares HRNetV2 at its published widths, and the heads on it; building one takes seconds."""

import functools
import hashlib
import math

import pytest

from foi_tf.models import heads
from foi_tf.models.hrnet import hrnet_v2
from foi_tf.models.weights import hrnet_names, torch_convert
from foi_tf.study import memory
from foi_tf.study.backbones import find_backbone
from tests.models.test_memory import SIDE, check_backbone, count_maps, count_weights

pytestmark = pytest.mark.slow


@pytest.fixture(name="published", scope="module")
def _published():
    """Builds HRNetV2 by width, each only once."""
    return functools.cache(lambda width: hrnet_v2(width, (SIDE, SIDE, 3)))


@pytest.mark.parametrize(("width", "count"), [(18, 9_562_260), (32, 29_305_536), (48, 65_325_120)])
def test_networks_have_the_published_parameters_and_the_memory_of_our_table(
    width, count, published
):
    assert count_weights(published(width)) == count
    assert published(width).output_shape == (None, SIDE // 4, SIDE // 4, 15 * width)
    # Beside the kept maps, the features are an input of the head. Gradients would take long.
    kept = count_maps(published(width)) + math.prod(published(width).output_shape[1:])
    check_backbone(find_backbone(f"hrnet_w{width}").size, published(width), kept)


def test_w48_keeps_a_gibibyte_of_an_image():
    """Counts what the backward pass needs at least, as docs/tpu-gpu-clusters.md says."""
    kept = find_backbone("hrnet_w48").size.kept * 713**2
    assert 2 * kept / memory.GIB == pytest.approx(1.04, rel=0.02)  # Sides are rounded up.


@pytest.mark.parametrize(
    ("head", "count"),
    [
        (lambda: heads.DepthHead(), 721),
        (lambda: heads.SegmentationHead(20), 14_420),
        (lambda: heads.DetectionHead(20), 2_406_648),
        (lambda: heads.KeypointHead(17), 10_088_506),
        (lambda: heads.ClassificationHead(1000), 12_144_744),
    ],
)
def test_parameters_on_w48(head, count, published):
    """Compares with Table 2 (721, 14K, 2.4M, 10M) and with the published classification head."""
    head = head()
    head.connect(published(48))
    assert count_weights(head) == count


@pytest.mark.parametrize(("width", "count"), [(18, 21_299_004), (32, 41_232_680)])
def test_published_classification_networks(width, count, published):
    """Compares with HRNet-W18-C and W32-C of Wang et al., whose heads are as wide as W48's."""
    head = heads.ClassificationHead(1000)
    head.connect(published(width))
    assert count_weights(published(width)) + count_weights(head) == count


def test_names_and_shapes_are_those_of_pytorch(published):
    """Compares a digest of the sorted "name shape" of all tensors but counters, in timm 1.0.31."""
    backbone, head = published(18), heads.ClassificationHead(1000)
    head.connect(backbone)
    names = torch_convert.map_torch_names(backbone, hrnet_names.backbone_module)
    names |= torch_convert.map_torch_names(head.model, hrnet_names.head_module)
    lines = sorted(
        f"{name} {'x'.join(map(str, torch_convert.torch_shape(variable)))}"
        for name, (_, variable) in names.items()
    )
    assert len(lines) == 1631
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] == "57de1017204b3871"
