import numpy as np
import pytest
import tensorflow as tf

from foi_tf.models import heads, transfer
from tests import tiny_backbone

PLAIN = ((0.0,) * 3, (1 / 255,) * 3)  # Statistics that leave pixels as they are.


@pytest.fixture(autouse=True)
def _use_tiny_backbone(monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)


@pytest.fixture(name="two")
def _two():
    """A network with two heads."""
    tf.keras.utils.set_random_seed(3)
    made = {
        "a:segmentation": heads.SegmentationHead(4),
        "b:classification": heads.ClassificationHead(5),
    }
    return transfer.build_network(
        "hrnet_mini",
        made,
        {"a:segmentation": (64, 96), "b:classification": (32, 32)},
        dict.fromkeys(made, PLAIN),
    )


def test_heads_share_one_backbone(two):
    shared = {id(v) for v in two.backbone.trainable_variables}
    for model in two.models.values():
        assert shared < {id(v) for v in model.trainable_variables}
    alone = sum(len({id(v) for v in m.trainable_variables} - shared) for m in two.models.values())
    assert len(two.trainable_variables) == len(shared) + alone


@pytest.mark.slow
def test_tasks_may_differ_in_input_size(two):
    assert two.models["a:segmentation"](tf.zeros((1, 64, 96, 3))).shape == (1, 64, 96, 4)
    assert two.models["b:classification"](tf.zeros((1, 32, 32, 3))).shape == (1, 5)


def test_one_input_size_is_static():
    made = transfer.build_network(
        "hrnet_mini", {"a": heads.SegmentationHead(4)}, {"a": (64, 96)}, {"a": PLAIN}
    )
    assert made.models["a"].output_shape == (None, 64, 96, 4)


def test_backbones_pass_and_heads_stay(two, tmp_path):
    path = two.checkpoint().write(str(tmp_path / "weights"))
    tf.keras.utils.set_random_seed(4)
    other = transfer.build_network(
        "hrnet_mini", {"c": heads.SegmentationHead(4)}, {"c": (64, 96)}, {"c": PLAIN}
    )
    shared = {id(v) for v in other.backbone.variables}
    head = [v for v in other.models["c"].variables if id(v) not in shared]
    before = [v.numpy() for v in head]
    transfer.load_backbone(other.backbone, path)
    for a, b in zip(two.backbone.variables, other.backbone.variables, strict=True):
        assert np.array_equal(a.numpy(), b.numpy()), a.name
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(before, head, strict=True))


def test_models_normalize_by_their_datasets_statistics():
    mean, std = (0.2, 0.4, 0.6), (0.1, 0.2, 0.3)
    tf.keras.utils.set_random_seed(5)
    built = transfer.build_network(
        "hrnet_mini", {"a": heads.SegmentationHead(4)}, {"a": (32, 32)}, {"a": (mean, std)}
    )
    pixels = tf.random.stateless_uniform((1, 32, 32, 3), [1, 2], 0, 256, tf.int32)
    pixels = tf.cast(pixels, tf.uint8)
    normalized = (pixels.numpy() / 255 - mean) / std
    tf.keras.utils.set_random_seed(5)
    plain = transfer.build_network(
        "hrnet_mini", {"a": heads.SegmentationHead(4)}, {"a": (32, 32)}, {"a": PLAIN}
    )
    np.testing.assert_allclose(
        built.models["a"](pixels), plain.models["a"](normalized.astype(np.float32)), atol=1e-4
    )
