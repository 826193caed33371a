"""A backbone that is traced in a second, for tests of what goes on around networks."""

import tensorflow as tf

from foi_tf.models import backbones, hrnet, layers

NAME = "hrnet_mini"  # In whose place it goes, so that programs accept it.


def backbone(input_shape):
    """A convolution a branch, at strides 4 to 32, upsampled to 60 channels at stride 4."""
    image = tf.keras.Input(input_shape, name="image")
    x = layers.conv_bn(image, 8, 3, "stem/{}", strides=2)
    branches = []
    for index, name in enumerate(hrnet.BRANCHES):
        x = layers.conv_bn(x, 4 * 2**index, 3, f"{name}/{{}}", strides=2)
        branches.append(tf.keras.layers.ReLU(name=name)(x))
    return tf.keras.Model(image, layers.ConcatUpsampled()(branches))


def use(monkeypatch=None):
    """Puts it in place, for the rest of the process or until the test ends."""
    if monkeypatch is None:
        backbones.BACKBONES[NAME] = backbone
    else:
        monkeypatch.setitem(backbones.BACKBONES, NAME, backbone)
