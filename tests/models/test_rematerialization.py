"""Cuts lie where few maps cross them."""

import tensorflow as tf

from foi_tf.models import operations
from foi_tf.models.rematerialization import choose_cuts, cut_into_segments


def test_cuts_spare_the_most_memory():
    # Cut in the middle: a segment of 8 and a map of 1. Cut everywhere: 4, and maps of 9.
    assert choose_cuts([4, 4, 4, 4], [4, 1, 4, 0]) == [2, 4]
    # Nothing is spared where all that is made crosses every cut.
    assert choose_cuts([1, 1, 1], [1, 2, 0]) == [3]
    # A layer may be larger than all other segments.
    assert choose_cuts([6, 1, 1, 4], [1, 0.5, 0.5, 0]) == [1, 4]


def test_segments_hand_on_the_maps_that_later_ones_use():
    image = tf.keras.Input((4, 4, 1))
    first = x = tf.keras.layers.Conv2D(1, 1)(image)
    for channels in (8, 8, 1, 8, 8, 1):
        x = tf.keras.layers.Conv2D(channels, 1)(x)
    network = tf.keras.Model(image, tf.keras.layers.Add()([x, first]))
    segments = cut_into_segments(network)
    maps = {id(network.input): tf.random.stateless_normal((2, 4, 4, 1), (0, 0))}
    expected = network(maps[id(network.input)])
    for segment in segments:
        given = [maps[key] for key in segment.inputs]
        maps |= zip(segment.outputs, segment(*given), strict=True)
    tf.debugging.assert_equal(maps[id(network.output)], expected)
    # The maps of 8 channels are not handed on; the first one is, past a segment.
    handed = [key for segment in segments[:-1] for key in segment.outputs]
    assert len(handed) == 2 and id(operations.find_output(network.layers[1])) in handed
