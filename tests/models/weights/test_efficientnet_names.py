"""Tests the import of EfficientNet-Lite from files of PyTorch, at a small size."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.models import efficientnet_lite
from foi_tf.models.weights import efficientnet_names, public_weights, torch_convert
from foi_tf.study.backbones import BACKBONES
from tests.models.weights import torch_files

LITE = "efficientnet_lite0"


@pytest.fixture(name="narrow", autouse=True)
def _narrow(monkeypatch):
    """Makes the network narrow and short, with the blocks of the published one."""
    stages = tuple(
        dataclasses.replace(stage, blocks=1, expansion=min(stage.expansion, 2))
        for stage in efficientnet_lite.STAGES
    )
    row = dataclasses.replace(BACKBONES[LITE], options={"width": 0.1, "stages": stages})
    monkeypatch.setitem(BACKBONES, LITE, row)


def write_file(path, made, **others):
    """Writes the file that the package would hold, in PyTorch's old format; returns its values."""
    backbone, head = made.network.backbone, made.head_model
    values = torch_convert.collect_torch_values(backbone, head, LITE) | others
    torch_files.write_old(path, torch_files.state_dict(values), values)
    return values


def build(seed):
    """Builds a classifier in which all values differ."""
    tf.keras.utils.set_random_seed(seed)
    made = public_weights.build_classifier(LITE, 5)
    for variable in [*made.network.backbone.variables, *made.head_model.variables]:
        variable.assign(variable + 0.1 * tf.random.uniform(variable.shape, 0.5, 1.5))
    return made


def test_names_are_those_of_the_package():
    module = efficientnet_names.module
    assert module("stem/conv") == "_conv_stem" and module("stem/bn") == "_bn0"
    assert module("block3/expand_conv") == "_blocks.3._expand_conv"
    assert module("block3/expand_bn") == "_blocks.3._bn0"
    assert module("block12/depthwise_conv") == "_blocks.12._depthwise_conv"
    assert module("block0/project_bn") == "_blocks.0._bn2"
    assert module("top/bn") == "_bn1" and module("logits") == "_fc"


def test_a_file_of_pytorch_is_read(tmp_path):
    made = build(1)
    counter = {"_bn0.num_batches_tracked": np.asarray(7, np.int64)}
    values = write_file(tmp_path / "lite.pth", made, **counter)
    # PyTorch's kernels are [out, in / groups, H, W]; depthwise, each channel is a group.
    assert values["_blocks.0._depthwise_conv.weight"].shape == (32, 1, 3, 3)
    assert values["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert values["_fc.weight"].shape == (5, 1280)
    again, account = public_weights.import_weights(tmp_path / "lite.pth", LITE, classes=5)
    assert account.left == {"_bn0.num_batches_tracked": "a counter of PyTorch"}
    pixels = tf.random.stateless_uniform((1, 50, 70, 3), [0, 1], 0, 255)
    name = str(public_weights.TASK)
    assert np.array_equal(made.network.models[name](pixels), again.network.models[name](pixels))


def test_a_depthwise_kernel_keeps_its_channels():
    layer = tf.keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False)
    layer.build((None, None, None, 4))
    ours = layer.depthwise_kernel
    theirs = np.arange(36, dtype=np.float32).reshape(4, 1, 3, 3)
    ours.assign(torch_convert.from_torch(theirs, ours))
    assert np.array_equal(ours[:, :, 2, 0], theirs[2, 0])
    assert np.array_equal(torch_convert.to_torch(ours), theirs)


@pytest.mark.slow
def test_pixels_are_normalized_as_published(tmp_path):
    write_file(tmp_path / "lite.pth", build(1))
    facts = public_weights.collect_facts(tmp_path / "lite.pth", LITE)
    np.testing.assert_allclose((200 / 255 - np.array(facts.mean)) / facts.std, (200 - 127) / 128)


def test_other_networks_are_refused_in_one_line(tmp_path):
    values = {"layer1.0.conv1.weight": np.zeros((4, 4, 1, 1), np.float32)}
    torch_files.write_old(tmp_path / "x.pth", torch_files.state_dict(values), values)
    with pytest.raises(FoiError, match=r"x\.pth: no EfficientNet-Lite weights; its tensors are"):
        public_weights.import_weights(tmp_path / "x.pth", LITE)
    write_file(tmp_path / "more.pth", build(1), **{"_blocks.9._bn2.weight": np.ones(4, "f4")})
    with pytest.raises(FoiError, match="1 tensor more than efficientnet_lite0 has"):
        public_weights.import_weights(tmp_path / "more.pth", LITE, classes=5)
