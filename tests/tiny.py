"""A backbone that is traced in a second, for tests of what goes on around networks."""

import tensorflow as tf

from foi_tf.models import backbones, layers

NAME = "hrnet_mini"  # In whose place it goes, so that programs accept it.


def backbone(input_shape):
    """Two convolutions to 16 channels at stride 4."""
    image = tf.keras.Input(input_shape, name="image")
    x = layers.conv_bn(image, 8, 3, "stem/{}1", strides=2)
    return tf.keras.Model(image, layers.conv_bn(x, 16, 3, "stem/{}2", strides=2))


def use(monkeypatch=None):
    """Puts it in place, for the rest of the process or until the test ends."""
    if monkeypatch is None:
        backbones.BACKBONES[NAME] = backbone
    else:
        monkeypatch.setitem(backbones.BACKBONES, NAME, backbone)
