"""Replaces a backbone by one that is traced in a second, for tests of the code around networks."""

import dataclasses
import os
import pathlib

import tensorflow as tf

from foi_tf.models import backbones, hrnet, layers

NAME = "hrnet_mini"  # The backbone that it replaces, since programs accept its name.
_TINY = "tiny"


def build_tiny(input_shape):
    """Builds one convolution for each branch, at strides 4 to 32, and upsamples to stride 4.

    It has 60 channels.
    """
    image = tf.keras.Input(input_shape, name="image")
    x = layers.conv_bn(image, 8, 3, "stem/{}", strides=2)
    branches = []
    for index, name in enumerate(hrnet.BRANCHES):
        x = layers.conv_bn(x, 4 * 2**index, 3, f"{name}/{{}}", strides=2)
        branches.append(tf.keras.layers.ReLU(name=name)(x))
    return tf.keras.Model(image, layers.ConcatUpsampled()(branches))


def use_tiny_backbone(monkeypatch=None):
    """Replaces the backbone until the test ends, or without `monkeypatch` for the whole process."""
    row = dataclasses.replace(backbones.BACKBONES[NAME], architecture=_TINY, options={})
    for table, key, value in (
        (backbones.ARCHITECTURES, _TINY, build_tiny),
        (backbones.BACKBONES, NAME, row),
    ):
        if monkeypatch is None:
            table[key] = value
        else:
            monkeypatch.setitem(table, key, value)


def put_on_path():
    """Returns a PYTHONPATH with which every Python that starts has the tiny backbone."""
    folder = pathlib.Path(__file__).parent
    parts = [str(folder / "with_tiny_backbone"), str(folder.parent)]
    return os.pathsep.join([*parts, os.environ.get("PYTHONPATH", "")])
